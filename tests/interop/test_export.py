"""Exported operators: the same function, in a process without this package too; damaged files are refused."""

import json
import subprocess
import sys
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from interop_small import GRID, SOURCE, TARGET, answers, functions, operator

from neuralpde.interop import ExportError, export, load_exported
from neuralpde.spaces import Field

pytest.importorskip("flatbuffers")
FINE = GRID.with_shape(12)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return export(operator("fno"), tmp_path_factory.mktemp("exported") / "fno.npde", on=GRID, batch="b")


@pytest.mark.parametrize("name", ["deeponet", pytest.param("mgno", marks=pytest.mark.slow)])
def test_one_function_and_another_grid(name, tmp_path):
    model = operator(name)
    path = export(model, tmp_path / "operator.npde", on=GRID, at=FINE)
    loaded = load_exported(path)
    (u,) = functions(1)
    np.testing.assert_allclose(loaded(u), answers(model, u[None], FINE)[0], atol=1e-12)
    assert loaded.metadata["output"] == {
        "names": ["u"],
        "domain": [{"name": n, "lower": 0.0, "upper": 1.0, "periodic": False} for n in "xy"],
        "boundary": [["Dirichlet(g=0.0)"] * 2] * 2,
        "kind": "Grid",
        "shape": [12, 12],
        "layout": ["cells", "cells"],
    }
    assert loaded.metadata["platforms"] == ["cpu", "cuda", "tpu"] and loaded.metadata["dtype"] == "float64"


def test_any_batch_also_within_a_program(file):
    loaded, u = load_exported(file), functions(3)
    expected = answers(operator("fno"), u)
    np.testing.assert_allclose(loaded(u), expected, atol=1e-12)
    np.testing.assert_allclose(jax.jit(lambda v: loaded(v / 2))(2 * u[:2]), expected[:2], atol=1e-12)


def test_batch_of_a_stated_size_refuses_others(tmp_path):
    loaded = load_exported(export(operator("fno"), tmp_path / "two.npde", on=GRID, batch=2, platforms=["cpu"]))
    np.testing.assert_allclose(loaded(functions(2)), answers(operator("fno"), functions(2)), atol=1e-12)
    for shape in ((3, 8, 8, 1), (8, 8, 1), (2, 8, 9, 1)):
        with pytest.raises(ValueError, match=r"takes values of shape \(2, 8, 8, 1\), got"):
            loaded(jnp.zeros(shape))


@pytest.mark.slow
def test_derivative_of_the_loaded_function(tmp_path):
    model = operator("fno")
    loaded = load_exported(export(model, tmp_path / "smooth.npde", on=GRID, derivatives=1, platforms=["cpu"]))
    (u,) = functions(1)
    slope = jax.jit(jax.grad(lambda v: jnp.sum(loaded(v) ** 2)))(u)
    expected = jax.jit(jax.grad(lambda v: jnp.sum(model(Field(v, GRID, SOURCE)).values ** 2)))(u)
    np.testing.assert_allclose(slope, expected, atol=1e-10)


RECIPE = """
import json, sys, zipfile
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
with zipfile.ZipFile(sys.argv[1]) as archive:
    metadata = json.loads(archive.read("metadata.json"))
    module = jax.export.deserialize(bytearray(archive.read("module.bin")))
u = np.load(sys.argv[2])
np.save(sys.argv[3], module.call(u))
assert metadata["input"]["shape"] == list(u.shape[1:-1])
assert not [name for name in sys.modules if name.partition(".")[0] in ("neuralpde", "equinox", "flax")]
"""


def test_a_process_that_has_jax_alone_computes_the_same(file, tmp_path):
    u = np.asarray(functions(3))
    np.save(tmp_path / "u.npy", u)
    arguments = [str(file), str(tmp_path / "u.npy"), str(tmp_path / "v.npy")]
    recipe = RECIPE.replace("import jax\n", "import jax, jax.export\n")
    subprocess.run([sys.executable, "-c", recipe, *arguments], check=True, cwd=tmp_path)
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), answers(operator("fno"), u), atol=1e-6)


def test_export_that_fails_leaves_the_old_file(file, tmp_path):
    path = tmp_path / "operator.npde"
    path.write_bytes(file.read_bytes())
    with pytest.raises(ValueError, match="resolve at most"):
        export(operator("fno"), path, on=TARGET.domain.grid(2))
    assert path.read_bytes() == file.read_bytes() and list(tmp_path.iterdir()) == [path]


def rewritten(file, path, **changes):
    """The file with other members."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = changes.get(name.partition(".")[0], old.read(name))
            if content is not None:
                new.writestr(name, content)
    return path


def test_damaged_and_foreign_files_are_refused(file, tmp_path):
    with zipfile.ZipFile(file) as archive:
        metadata, module = json.loads(archive.read("metadata.json")), archive.read("module.bin")
    text = tmp_path / "text"
    text.write_text("no archive")
    half = tmp_path / "half"
    half.write_bytes(file.read_bytes()[:-100])
    bad = {
        "There is no file": tmp_path / "absent",
        "no exported operator, or is damaged": text,
        "is damaged": half,
        "holds no exported operator": rewritten(file, tmp_path / "a", module=None),
        "does not say that it is one": rewritten(file, tmp_path / "b", metadata=json.dumps({"format": "else"})),
        "format version 9": rewritten(file, tmp_path / "c", metadata=json.dumps(metadata | {"format_version": 9})),
        "SHA-256": rewritten(file, tmp_path / "d", module=module[:-1] + b"x"),
    }
    for words, path in bad.items():
        with pytest.raises(ExportError, match=words):
            load_exported(path)


@pytest.mark.parametrize("batch", [0, "two words"])
def test_unusable_batch_is_refused(batch, tmp_path):
    with pytest.raises(ValueError, match="batch="):
        export(operator("fno"), tmp_path / "no.npde", on=GRID, batch=batch)
