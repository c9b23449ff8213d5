"""Bad files and interrupted writes: one paragraph that says what is wrong, and nothing lost."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import h5py
import jax.numpy as jnp
import numpy as np
import pytest
from noise_samples import random_sample

import neuralpde.data.store
from neuralpde.data import DataError, Dataset, read_dataset, write_dataset
from neuralpde.spaces import Field, Sample


@pytest.fixture
def path(dataset, tmp_path) -> Path:
    return write_dataset(tmp_path / "noise.hdf5", dataset)


def assert_is_one_paragraph_about(error, path):
    assert str(path) in str(error.value) and "\n\n" not in str(error.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"no dataset file .*absent\.hdf5.*generate") as error:
        read_dataset(tmp_path / "absent.hdf5")
    assert_is_one_paragraph_about(error, tmp_path / "absent.hdf5")


def test_a_folder_is_not_a_dataset_file(tmp_path):
    with pytest.raises(DataError, match="no dataset file"):
        read_dataset(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not HDF5", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_a_file_of_another_kind(content, tmp_path):
    path = tmp_path / "other.hdf5"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read as a dataset.*generate or copy it again") as error:
        read_dataset(path)
    assert_is_one_paragraph_about(error, path)


@pytest.mark.parametrize("kept", [0.01, 0.3, 0.6, 0.9, 0.999])
def test_a_file_cut_off_anywhere(kept, path):
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(DataError, match="cannot be read as a dataset") as error:
        read_dataset(path)
    assert_is_one_paragraph_about(error, path)


def test_an_hdf5_file_of_something_else(tmp_path):
    path = tmp_path / "other.hdf5"
    with h5py.File(path, "w") as file:
        file["numbers"] = np.arange(3)
    with pytest.raises(DataError, match=r"neuralpde\.data\.write_dataset") as error:
        read_dataset(path)
    assert_is_one_paragraph_about(error, path)


GROUPS = ["dimensions", "boundary_conditions", "scalars", "t0_fields", "t0_fields/p", "test/4/t0_fields/a"]


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_that_is_missing_is_named(name, path):
    with h5py.File(path, "a") as file:
        del file[name]
    with pytest.raises(DataError, match=f"has no /{name}, expected") as error:
        read_dataset(path)
    assert_is_one_paragraph_about(error, path)


def test_a_split_that_is_missing_is_named(path):
    with h5py.File(path, "a") as file:
        del file["test/4"]
    with pytest.raises(DataError, match="has no split 'test/4'"):
        read_dataset(path)


def replace(file, name, values):
    del file[name]
    file[name] = values


@pytest.mark.parametrize("shape", [(20, 8, 7), (19, 8, 8), (20, 8, 8, 1)])
def test_a_wrong_shape_is_named(shape, path):
    with h5py.File(path, "a") as file:
        replace(file, "t0_fields/p", np.zeros(shape))
    with pytest.raises(DataError) as error:
        read_dataset(path)
    assert f"has shape {shape} in /t0_fields/p, expected (20, 8, 8)" in str(error.value)


def test_integers_are_not_values_of_a_field(path):
    with h5py.File(path, "a") as file:
        replace(file, "t0_fields/p", np.zeros((20, 8, 8), int))
    with pytest.raises(DataError, match="has int64 in /t0_fields/p, expected floating-point"):
        read_dataset(path)


ARRAYS = [
    "t0_fields/a",
    "t0_fields/p",
    "dimensions/x",
    "scalars/number",
    "boundary_conditions/x_targets/values",
    "validation/t0_fields/a",
    "test/4/t0_fields/p",
]


@pytest.mark.parametrize("name", ARRAYS)
def test_one_changed_bit_is_noticed(name, path):
    with h5py.File(path, "a") as file:
        raw = file[name][()].copy()
        raw.view(np.uint64).flat[-1] ^= 1
        file[name][...] = raw
    with pytest.raises(DataError, match=r"checksum.*changed or damaged") as error:
        read_dataset(path)
    assert_is_one_paragraph_about(error, path)
    read_dataset(path, verify=False)


def test_a_changed_description_is_noticed(path):
    with h5py.File(path, "a") as file:
        file.attrs["neuralpde"] = file.attrs["neuralpde"].replace('"upper": 1.0', '"upper": 2.0')
    with pytest.raises(DataError, match="checksum"):
        read_dataset(path)


def describe_root(path, change):
    with h5py.File(path, "a") as file:
        description = json.loads(file.attrs["neuralpde"])
        change(description)
        file.attrs["neuralpde"] = json.dumps(description)


def test_only_spaces_and_domains_are_built_from_a_description(path):
    describe_root(path, lambda d: d["on"]["domain"].update(type="Field"))
    with pytest.raises(DataError, match="type 'Field', which this version does not know"):
        read_dataset(path, verify=False)


def test_a_description_that_contradicts_itself(path):
    describe_root(path, lambda d: d["on"]["domain"]["axes"][0].update(lower=3.0))
    with pytest.raises(DataError, match=r"description of a Axis cannot be built.*lower < upper"):
        read_dataset(path, verify=False)


def test_a_later_format_is_refused(path):
    describe_root(path, lambda d: d.update(format=99))
    with pytest.raises(DataError, match="has format 99, expected format 1"):
        read_dataset(path, verify=False)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_in_a_file_is_located(bad, path):
    with h5py.File(path, "a") as file:
        file["test/4/t0_fields/p"][2, 1, 1] = bad
    with pytest.raises(DataError, match=r"\(test/4\): field 'p' holds NaN or infinity in 1 of 4.* sample 2;"):
        read_dataset(path, verify=False)


def with_nan(role: str) -> Dataset:
    sample = random_sample(4, 8)
    parts = {"inputs": sample.inputs, "targets": sample.targets}
    part = parts[role]
    parts[role] = Field.stack(part.values.at[3, 0, 0, 0].set(jnp.nan), part.on, part.space)
    return Dataset("broken", Sample(**parts, parameters={}))


@pytest.mark.parametrize(("role", "field"), [("inputs", "a"), ("targets", "p")])
def test_nan_is_not_written(role, field, path):
    earlier = path.read_bytes()
    with pytest.raises(DataError, match=f"'broken'.*field '{field}'.*sample 3;"):
        write_dataset(path, with_nan(role))
    assert path.read_bytes() == earlier and list(path.parent.iterdir()) == [path]


def test_an_error_in_the_middle_keeps_the_earlier_file(path, dataset, monkeypatch):
    earlier, write = path.read_bytes(), neuralpde.data.store.write_sample

    def fails_at_the_tests(group, *arguments):
        if group.name.startswith("/test"):
            raise OSError(28, "No space left on device")
        write(group, *arguments)

    monkeypatch.setattr(neuralpde.data.store, "write_sample", fails_at_the_tests)
    with pytest.raises(DataError, match=r"could not be written.*No space left.*unchanged.*Make room") as error:
        write_dataset(path, dataset)
    assert_is_one_paragraph_about(error, path)
    assert path.read_bytes() == earlier and list(path.parent.iterdir()) == [path]


def test_a_place_that_is_no_folder_is_refused(dataset, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="could not be written"):
        write_dataset(tmp_path / "file" / "noise.hdf5", dataset)


def run(script: str, path: Path) -> subprocess.CompletedProcess:
    """A process of its own that has ``write_dataset``, ``path`` and a dataset ``large`` of 4 MB."""
    start = """
        import os
        import resource
        import signal
        import sys
        import numpy as np
        import neuralpde.data.store
        from neuralpde.data import Dataset, write_dataset
        from neuralpde.spaces import Box, Field, FunctionSpace, Sample
        path, box = sys.argv[1], Box.cube(2)
        u = Field.stack(np.ones((64, 64, 64, 1), np.float32), box.grid(64), FunctionSpace(box))
        large = Dataset("large", Sample(u, u, {}), None, {"64": Sample(u, u, {})})
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    code = textwrap.dedent(start) + textwrap.dedent(script)
    return subprocess.run([sys.executable, "-c", code, path], env=environment, capture_output=True, text=True)


@pytest.mark.skipif(os.name == "nt", reason="limits of the file size are POSIX")
@pytest.mark.parametrize(
    "limit", [1_000_000, *(pytest.param(limit, marks=pytest.mark.slow) for limit in (3_000, 3_000_000))]
)
def test_a_full_disk_keeps_the_earlier_file(limit, path):
    """A limit on the file size makes writes fail where the disk would be full."""
    earlier = path.read_bytes()
    ended = run(
        f"""
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        try:
            write_dataset(path, large)
        except neuralpde.data.DataError as error:
            sys.exit(f"refused: {{error}}")
        """,
        path,
    )
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.startswith(f"refused: {path} could not be written: [Errno 27]")
    assert path.read_bytes() == earlier and list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_process_keeps_the_earlier_file_and_the_next_writes_a_new_one(path, dataset):
    earlier = path.read_bytes()
    ended = run(
        """
        write = neuralpde.data.store.write_sample
        def killed_at_the_tests(group, *arguments):
            if group.name == "/test/64":
                group.file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
            write(group, *arguments)
        neuralpde.data.store.write_sample = killed_at_the_tests
        write_dataset(path, large)
        """,
        path,
    )
    assert ended.returncode == -signal.SIGKILL
    (left,) = path.parent.glob("noise.hdf5.*.partial")
    assert left.stat().st_size > 1_000_000 and path.read_bytes() == earlier
    read_dataset(path)
    os.utime(left, (0, 0))  # long ago: nobody writes to it any more
    write_dataset(path, dataset)
    assert list(path.parent.iterdir()) == [path]


def test_a_partial_file_that_somebody_is_writing_is_left_alone(path, dataset):
    other = path.with_name("noise.hdf5.1234abcd.partial")
    other.touch()
    write_dataset(path, dataset)
    assert other.exists()
