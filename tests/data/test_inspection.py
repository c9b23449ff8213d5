"""What is said of a file without reading it, ours or of others."""

import hashlib

import foreign_files
import pytest

from neuralpde.cli.application import run
from neuralpde.data import AxisReport, DataError, inspect_file, write_dataset


def test_a_trajectory_of_others(tmp_path):
    path = tmp_path / "a"
    foreign_files.the_well(path)
    found = inspect_file(path)
    assert (found.schema, found.samples, found.splits) == ("The Well", 3, ())
    assert found.times == (0.0, pytest.approx(0.4))
    assert found.bytes == path.stat().st_size
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    inputs, targets = found.parts
    assert (inputs.kind, inputs.shape) == ("Field", (8, 4, 11))
    assert (targets.kind, targets.shape, targets.dtype) == ("Trajectory", (5, 8, 4, 8), "float32")
    assert targets.axes[1] == AxisReport("y", -1.0, 1.0, 4, "nodes", ("Dirichlet(g=0.25)", "Free"))
    assert found.parameters["drag"] == 0.5 and len(found.parameters["inflow"]) == 1


def test_pairs_of_ours(tmp_path, dataset):
    found = inspect_file(write_dataset(tmp_path / "ours", dataset))
    assert found.schema == "neuralpde" and found.samples == 20 and found.times is None
    assert found.splits == ("train", "validation", "test/4", "test/8")
    assert [part.names for part in found.parts] == [("a",), ("p",)] and found.parts[1].shape == (8, 8, 1)


def test_points_and_units(tmp_path):
    foreign_files.comsol(tmp_path / "a")
    found = inspect_file(tmp_path / "a")
    assert found.parts[1].units == ("m/s", "") and found.parts[1].shape == (3, 9, 2)
    assert [(axis.name, axis.points, axis.layout) for axis in found.parts[1].axes] == [
        ("x", 9, "points"),
        ("y", 9, "points"),
    ]


def test_the_groups_of_a_file_are_its_splits(tmp_path):
    foreign_files.pdearena_ks(tmp_path / "a", "valid")
    assert inspect_file(tmp_path / "a").splits == ("valid",)


def test_the_verb_prints_it(tmp_path, capsys):
    foreign_files.pdebench_tensor(tmp_path / "a")
    assert run(["inspect", str(tmp_path / "a")]) == 0
    said = capsys.readouterr().out
    for words in ("layout     PDEBench", "samples    20", "trajectory of u: 6 x 16 x 1, float32", "beta = 0.4"):
        assert words in said
    assert "x in [0, 1], 16 cells, Periodic" in said


def test_the_verb_draws_the_first_samples(tmp_path, capsys):
    foreign_files.pdebench_tensor(tmp_path / "a")
    picture = tmp_path / "pictures" / "a.png"
    assert run(["inspect", str(tmp_path / "a"), "--picture", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in capsys.readouterr().out


@pytest.mark.parametrize("rest", [["--picture"], ["--picture", "a.jpg"], ["b", "--picture", "a.png"], ["--verbose"]])
def test_the_verb_refuses_other_flags(rest, tmp_path, capsys):
    foreign_files.pdebench_tensor(tmp_path / "a")
    assert run(["inspect", str(tmp_path / "a"), *rest]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_the_verb_refuses_in_one_paragraph(tmp_path, capsys):
    (tmp_path / "a").write_text("nothing")
    assert run(["inspect", str(tmp_path / "a")]) == 1
    assert "none of the layouts that are known" in capsys.readouterr().err
    assert run(["inspect"]) == 2
    assert run(["inspect", "--all"]) == 2
    with pytest.raises(DataError, match="There is no file"):
        inspect_file(tmp_path)
