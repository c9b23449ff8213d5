"""Meshes of devices, and what is split over them."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.training import default_mesh, make_mesh
from neuralpde.training.devices import check_mesh, replicated, split_batch

eight_devices = pytest.mark.skipif(len(jax.devices()) < 8, reason="needs eight devices")


@eight_devices
@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ({"devices": None}, (8, 1, 1)),
        ({"model": 2}, (4, 2, 1)),
        ({"model": 2, "space": 2}, (2, 2, 2)),
        ({"data": 3}, (3, 1, 1)),
        ({"data": 1, "space": 5}, (1, 1, 5)),
    ],
)
def test_mesh_has_the_axes_asked_for(axes, shape):
    mesh = make_mesh(**axes)
    assert mesh.axis_names == ("data", "model", "space")
    assert mesh.devices.shape == shape
    assert len({device.id for device in mesh.devices.flat}) == np.prod(shape)


def test_mesh_of_given_devices_uses_them():
    assert list(make_mesh(devices=jax.devices()[-1:]).devices.flat) == jax.devices()[-1:]


def test_cpu_trains_on_one_device_unless_told():
    if jax.default_backend() != "cpu":
        pytest.skip("this is about CPUs")
    assert default_mesh(16) is None


@pytest.mark.parametrize(("batch_size", "used"), [(16, 8), (12, 4), (6, 2), (7, None)])
def test_accelerators_that_share_a_batch_evenly_are_used(monkeypatch, batch_size, used):
    devices = [types.SimpleNamespace(platform="gpu", id=i, process_index=0) for i in range(8)]
    monkeypatch.setattr("neuralpde.training.devices.jax.devices", lambda: devices)
    asked = []
    monkeypatch.setattr("neuralpde.training.devices.make_mesh", lambda data, devices: asked.append(data))
    default_mesh(batch_size)
    assert asked == ([] if used is None else [used])


def test_one_device_is_no_mesh():
    check_mesh(None, 7)
    assert replicated(None) is None
    batch = {"x": jnp.ones(3)}
    assert split_batch(batch, None, 3) is batch


@eight_devices
def test_only_arrays_that_start_with_the_batch_are_split():
    mesh = make_mesh(4, devices=jax.devices()[:4])
    batch = {"x": jnp.arange(24.0).reshape(8, 3), "common": jnp.ones((3, 8)), "scalar": jnp.ones(())}
    batch = jax.device_put(batch, replicated(mesh))
    split = jax.jit(lambda b: split_batch(b, mesh, 8))(batch)
    assert split["x"].addressable_shards[0].data.shape == (2, 3)
    assert split["common"].sharding.is_fully_replicated and split["scalar"].sharding.is_fully_replicated
    for name, leaf in batch.items():
        np.testing.assert_array_equal(split[name], leaf)
