"""Defects planted in files of ours and of others: each is found, by the checks that should find it and no others."""

import json
import shutil
import warnings

import foreign_files
import h5py
import numpy as np
import pytest

from neuralpde.cli.application import run
from neuralpde.data import DataError, ResolutionWarning, evolution, response, stationary, validate_file
from neuralpde.data.inspection import split_names
from neuralpde.data.stored import StoredSample
from neuralpde.data.validation import slabs
from neuralpde.equations import Antiderivative, Burgers, LogNormal
from neuralpde.solvers import ETDRK
from neuralpde.spaces import Box, FunctionSpace, GaussianField, Neumann, PowerLaplace, SquaredExponential

RING = FunctionSpace(Box.cube(1, periodic=True))


@pytest.fixture(scope="module")
def burgers(tmp_path_factory):
    """Trajectories of Burgers' equation whose viscosity varies."""
    folder = tmp_path_factory.mktemp("burgers")
    prior = GaussianField(RING, PowerLaplace(2.0, 5.0, 25.0), modes=6, zero_mean=True)
    arguments = {"resolution": 32, "interval": 0.05, "frames": 5, "vary": {"viscosity": [0.04, 0.06]}}
    sizes = {"train": 6, "test": 3, "folder": folder, "progress": False}
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResolutionWarning)
        evolution("burgers", Burgers(0.05), prior, ETDRK(0.01), **arguments, **sizes)
    return next(folder.glob("*.hdf5"))


@pytest.fixture(scope="module")
def darcy(tmp_path_factory):
    """Pressures in smooth media, on cells with Dirichlet walls."""
    folder = tmp_path_factory.mktemp("darcy")
    level = GaussianField(FunctionSpace(Box.cube(2), ("g",), Neumann(0.0)), PowerLaplace(2.0, 3.0, 9.0), zero_mean=True)
    stationary("darcy", LogNormal(level), 16, train=5, test=3, folder=folder, progress=False)
    return next(folder.glob("*.hdf5"))


def verdicts(path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in validate_file(path).findings:
        found.setdefault(finding.check, set()).add(finding.verdict)
    return found


def failures(path) -> dict[str, str]:
    """What failed, and its figures."""
    found = validate_file(path)
    return {
        c: "; ".join(f.figure for f in found.findings if (f.check, f.verdict) == (c, "FAILED")) for c in found.failed
    }


def planted(clean, tmp_path, edit, signed=True):
    """A copy with a defect; ``signed`` gives it the checksums of what it holds."""
    path = tmp_path / clean.name
    shutil.copy(clean, path)
    with h5py.File(path, "a") as file:
        edit(file)
        for name in split_names(file) if signed else ():
            group = file if name == "train" else file[name]
            group.attrs["sha256"] = StoredSample(group, name).digest()
    return path


def test_clean_trajectories_pass(burgers):
    found = verdicts(burgers)
    assert set().union(*found.values()) <= {"ok", "not applicable"}
    assert {check for check, said in found.items() if "not applicable" in said} == set()


def test_clean_pairs_pass(darcy):
    found = verdicts(darcy)
    assert set().union(*found.values()) <= {"ok", "not applicable"}
    judged = {check for check, said in found.items() if said == {"ok"}}
    assert {"equation", "boundary values", "duplicates", "shared by splits", "outliers"} <= judged


def copy_sample(file, old, new, home="", factor=1.0):
    for name in ("t0_fields/u", "t0_fields/u_input", "scalars/viscosity"):
        file[f"{home}{name}"][new] = file[name][old] * np.float32(factor)


def set_everywhere(row, value):
    def edit(file):
        file["t0_fields/u"][row], file["t0_fields/u_input"][row] = value, value

    return edit


def change(name, index, function):
    def edit(file):
        values = file[name][()]
        values[index] = function(values[index])
        file[name][...] = values

    return edit


def swap(name, row, i, j):
    def edit(file):
        values = file[name][()]
        values[row, [i, j]] = values[row, [j, i]]
        file[name][...] = values

    return edit


def restate(**changes):
    """Other words in the recipe of the provenance."""

    def edit(file):
        provenance = json.loads(file.attrs["provenance"])
        provenance["recipe"] |= changes
        file.attrs["provenance"] = json.dumps(provenance)

    return edit


U = "t0_fields/u"
DRIFT = np.linspace(0, 1e-3, 5, dtype=np.float32)[:, None]
OF_BURGERS = {
    "nan": (change(U, (2, 1, 3), lambda u: np.nan), {"finite values": "1 of 6 samples hold NaN or infinity: 2"}),
    "infinity": (change(U, (4, 0, 0), lambda u: np.inf), {"finite values": ": 4"}),
    "constant": (set_everywhere(3, 0.25), {"constant fields": "1 of 6 samples hold a constant targets u: 3"}),
    "leak": (
        lambda file: copy_sample(file, 1, 0, "test/32/"),
        {"shared by splits": "1 of 3 samples are in train too: 0"},
    ),
    "copy": (lambda file: copy_sample(file, 1, 4), {"duplicates": "1 of 6 samples are copies of others: 1 = 4"}),
    "rounded copy": (lambda file: copy_sample(file, 1, 4, factor=1 + 1e-7), {"duplicates": "1 = 4"}),
    "mass": (
        change(U, 2, lambda u: u + DRIFT),
        {"conservation": "1 of 6 samples gain or lose mass: 2", "equation": "1 of 6 samples"},
    ),
    "order": (swap(U, 1, 2, 3), {"equation": "1 of 6 samples do not solve the equation: 1"}),
    "viscosity": (
        restate(vary=[], equation={"type": "Burgers", "viscosity": 0.08}),
        {"equation": "6 of 6 samples do not solve the equation"},
    ),
    "times back": (
        change("dimensions/time", [2, 3], lambda t: t[::-1]),
        {"times": "6 of 6 samples have times that do not"},
    ),
    "times uneven": (change("dimensions/time", 2, lambda t: t + 0.01), {"times": "other times than the recipe states"}),
    "coordinates": (change("dimensions/x", slice(None), lambda x: x[::-1]), {"coordinates": "targets x is"}),
    "parameter": (
        change("scalars/viscosity", 0, lambda nu: 0.07),
        {"parameters": "1 of 6 samples have a viscosity outside of [0.04, 0.06]: 0", "equation": "1 of 6 samples"},
    ),
    "first state": (
        change("t0_fields/u_input", 3, lambda u: 1.01 * u),
        {"first states": "1 of 6 samples do not begin"},
    ),
}


@pytest.mark.parametrize("name", OF_BURGERS)
def test_a_defect_of_trajectories_is_found(name, burgers, tmp_path):
    edit, expected = OF_BURGERS[name]
    found = failures(planted(burgers, tmp_path, edit))
    assert set(found) == set(expected)
    assert all(words in found[check] for check, words in expected.items())


def lift_wall(file):
    file[U][1, 0, :] = 0.05


OF_DARCY = {
    "wall": (lift_wall, {"boundary values": "1 of 5 samples miss targets x lower Dirichlet: 1", "equation": "samples"}),
    "level": (change(U, 1, lambda u: u + 0.05), {"boundary values": "miss targets", "equation": "samples"}),
    "unit": (
        change(U, 2, lambda u: 1e6 * u),
        {"outliers": "times the median in size: 2", "equation": "samples"},
    ),
    "medium": (
        change("t0_fields/a", 3, lambda a: 1.1 * a),
        {"equation": "1 of 5 samples do not solve the equation: 3"},
    ),
}


@pytest.mark.parametrize("name", OF_DARCY)
def test_a_defect_of_pairs_is_found(name, darcy, tmp_path):
    edit, expected = OF_DARCY[name]
    found = failures(planted(darcy, tmp_path, edit))
    assert set(found) == set(expected)
    assert all(words in found[check] for check, words in expected.items())


def flip_a_bit(file):
    values = file[U][()]
    values.view(np.uint32).flat[17] ^= 1
    file[U][...] = values


def test_a_flipped_bit_fails_the_checksum_alone(burgers, tmp_path):
    assert set(failures(planted(burgers, tmp_path, flip_a_bit, signed=False))) == {"checksum"}


def test_what_is_missing_fails_the_layout(burgers, tmp_path):
    def cut(file):
        del file[U]

    found = failures(planted(burgers, tmp_path, cut, signed=False))
    assert set(found) == {"layout"} and "has no /t0_fields/u" in found["layout"]
    content = burgers.read_bytes()
    (tmp_path / "half.hdf5").write_bytes(content[: len(content) // 2])
    found = validate_file(tmp_path / "half.hdf5")
    assert found.failed == ("layout",) and "cannot be read" in found.findings[0].figure
    with pytest.raises(DataError, match="There is no file"):
        validate_file(tmp_path / "absent")


def test_the_figures_are_those_that_were_planted(burgers, tmp_path):
    found = failures(planted(burgers, tmp_path, change(U, 2, lambda u: u + DRIFT)))
    with h5py.File(burgers) as file:
        u = file[U][2]
    expected = 1e-3 / (1e-5 * np.abs(u + DRIFT).mean(1).max())
    times = float(found["conservation"].rsplit("up to ", 1)[1].split()[0])
    assert times == pytest.approx(expected, rel=0.02)


@pytest.mark.slow
def test_responses_are_solved_again(tmp_path):
    time = FunctionSpace(Box.of(t=(0.0, 1.0)))
    forcing = GaussianField(time, SquaredExponential(0.3), modes=12)
    response("driven", Antiderivative(), forcing, resolution=50, train=5, test=0, folder=tmp_path, progress=False)
    clean = next(tmp_path.glob("*.hdf5"))
    assert verdicts(clean)["equation"] == {"ok"}
    wrong = planted(clean, tmp_path / "..", change("t0_fields/s", (2, slice(25, None)), lambda s: s + 0.01))
    assert "do not solve the equation: 2" in failures(wrong)["equation"]


def of_pdebench(path, edit=lambda arrays: None):
    foreign_files.pdebench_tensor(path)
    with h5py.File(path, "a") as file:
        edit(file)
    return path


OF_OTHERS = {
    "clean": (lambda file: None, {}),
    "nan": (
        change("tensor", (3, 2, 1), lambda u: np.nan),
        {"finite values": "1 of 20 samples hold NaN or infinity: 3"},
    ),
    "constant": (change("tensor", 5, lambda u: 0 * u + 1), {"constant fields": "hold a constant targets u: 5"}),
    "copy": (change("tensor", 7, lambda u: 0), {"constant fields": ": 7"}),
    "unit": (change("tensor", 9, lambda u: 1e6 * u), {"outliers": ": 9"}),
    "times": (change("t-coordinate", [1, 2], lambda t: t[::-1]), {"times": "do not increase"}),
    "axis": (change("x-coordinate", slice(None), lambda x: x[::-1]), {"layout": "not increasing and equidistant"}),
}


@pytest.mark.parametrize("name", OF_OTHERS)
def test_a_defect_of_others_is_found(name, tmp_path):
    edit, expected = OF_OTHERS[name]
    path = of_pdebench(tmp_path / "a", edit)
    found = failures(path)
    assert set(found) == set(expected)
    assert all(words in found[check] for check, words in expected.items())
    if "layout" not in expected:
        assert verdicts(path)["equation"] == verdicts(path)["conservation"] == {"not applicable"}


def test_copies_in_files_of_others_are_found(tmp_path):
    def copy(file):
        file["tensor"][12] = file["tensor"][4]

    assert "4 = 12" in failures(of_pdebench(tmp_path / "a", copy))["duplicates"]


def test_the_verb_prints_a_table_and_exits_with_one(burgers, tmp_path, capsys):
    assert run(["validate", str(burgers)]) == 0
    assert "nothing failed" in capsys.readouterr().out
    assert run(["validate", str(planted(burgers, tmp_path, OF_BURGERS["nan"][0]))]) == 1
    said = capsys.readouterr().out
    assert "FAILED" in said and said.rstrip().endswith("failed: finite values")
    assert run(["validate"]) == 2
    assert run(["validate", "--all"]) == 2


@pytest.mark.slow
def test_slabs_do_not_change_what_is_found(burgers, tmp_path, monkeypatch):
    path = planted(burgers, tmp_path, OF_BURGERS["infinity"][0])
    whole = validate_file(path)
    monkeypatch.setattr(slabs, "SLAB", 1)  # sample by sample
    assert {(f.check, f.split, f.verdict) for f in validate_file(path).findings} == {
        (f.check, f.split, f.verdict) for f in whole.findings
    }
    assert failures(path) == {"finite values": "1 of 6 samples hold NaN or infinity: 4"}
