"""Layouts are found from what a file holds, never from its name; and every source streams."""

import foreign_files
import jax
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from torch_archive import write_fortran

from neuralpde.data import (
    DataError,
    DeviceLoader,
    StreamLoader,
    detect,
    frames,
    open_foreign,
    open_pdebench,
    read_foreign,
)
from neuralpde.data.placement import rows_of_this_process

WRITERS = {
    "pdebench_tensor": ("PDEBench", foreign_files.pdebench_tensor),
    "pdebench_darcy": ("PDEBench", foreign_files.pdebench_darcy),
    "pdebench_cfd": ("PDEBench", foreign_files.pdebench_cfd),
    "pdebench_seeds": ("PDEBench", foreign_files.pdebench_seeds),
    "pdebench_incompressible": ("PDEBench", foreign_files.pdebench_incompressible),
    "pdearena_smoke": ("PDEArena", foreign_files.pdearena_smoke),
    "pdearena_ks": ("PDEArena", foreign_files.pdearena_ks),
    "the_well": ("The Well", foreign_files.the_well),
    "fno_burgers": ("FNO", foreign_files.fno_burgers),
    "fno_darcy_hdf5": ("FNO", lambda path: foreign_files.fno_darcy(path, hdf5=True)),
    "fno_navier_stokes": ("FNO", foreign_files.fno_navier_stokes),
    "deepxde": ("DeepXDE", foreign_files.deepxde_aligned),
    "comsol": ("COMSOL", foreign_files.comsol),
    "neuraloperator": (
        "neuraloperator",
        lambda path: write_fortran(path, x=np.ones((3, 8, 8), bool), y=foreign_files.numbers(3, 8, 8)),
    ),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_layout_is_found_whatever_the_file_is_called(name, tmp_path):
    schema, write = WRITERS[name]
    write(tmp_path / "raw.npz")  # numpy would add the suffix to another name
    path = (tmp_path / "raw.npz").rename(tmp_path / "pdebench_the_well.data")
    assert detect(path) == schema
    source = open_foreign(path)
    one = read_foreign(path, 1)
    assert jax.tree.leaves(one)[0].shape[0] == 1 <= source.count


UNKNOWN = {
    "text": lambda path: path.write_text("1 2 3\n"),
    "numpy": lambda path: np.savez(path, velocity=np.zeros(3)),
    "hdf5": lambda path: foreign_files.write(path, {"velocity": np.zeros((3, 4))}),
    "mat": lambda path: foreign_files.write_mat(path, {"velocity": np.zeros((3, 4))}, hdf5=False),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_was_found_is_listed_where_nothing_matches(name, tmp_path):
    path = tmp_path / "file.npz"
    UNKNOWN[name](path)
    with pytest.raises(
        DataError, match=r"none of the layouts that are known \(The Well, PDEArena.*It holds: "
    ) as error:
        open_foreign(path)
    assert str(path) in str(error.value)
    assert name in ("text", "empty") or "velocity" in str(error.value)


def test_a_folder_is_one_source(tmp_path):
    for seed in range(2):
        foreign_files.the_well(tmp_path / f"{seed}.hdf5", seed=seed)
    assert open_foreign(tmp_path).count == 6
    with pytest.raises(DataError, match="no file or folder"):
        open_foreign(tmp_path / "absent")


@pytest.fixture
def pairs(tmp_path):
    foreign_files.pdebench_cfd(tmp_path / "cfd")
    return frames(open_pdebench(tmp_path / "cfd"), history=2)


def assert_equal_batches(one, other):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_pairs_of_foreign_files_stream_in_the_order_of_the_loader_in_memory(pairs, key):
    memory = DeviceLoader(pairs.read(), 6)
    stream = StreamLoader(pairs, 6, key=key)
    assert stream.steps_per_epoch == memory.steps_per_epoch == 5
    for step, batch in enumerate(stream.batches(3, 9), 3):
        assert_equal_batches(batch, memory.batch(step, key))


def test_a_stream_spreads_over_devices(pairs, key):
    sharding = NamedSharding(Mesh(np.array(jax.devices()[:4]), ("data",)), PartitionSpec("data"))
    (batch,) = StreamLoader(pairs, 8, key=key, sharding=sharding).batches(0, 1)
    for leaf in jax.tree.leaves(batch):
        assert leaf.sharding.is_equivalent_to(sharding, leaf.ndim)


class OneOfTwoProcesses(NamedSharding):
    """What a process that holds the second half of the devices sees."""

    def addressable_devices_indices_map(self, global_shape):
        whole = super().devices_indices_map(global_shape)
        return dict(list(whole.items())[len(whole) // 2 :])


def test_a_process_reads_the_rows_of_its_own_devices_only():
    sharding = OneOfTwoProcesses(Mesh(np.array(jax.devices()[:4]), ("data",)), PartitionSpec("data"))
    np.testing.assert_array_equal(rows_of_this_process(sharding, 8), [4, 5, 6, 7])
    np.testing.assert_array_equal(rows_of_this_process(None, 3), [0, 1, 2])
