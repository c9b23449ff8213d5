"""Devices as a mesh with the axes data, model and space; what is split over which of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree

from .failures import TrainingArgumentError

AXES = ("data", "model", "space")


def make_mesh(data: int | None = None, model: int = 1, space: int = 1, devices: Sequence[Any] | None = None) -> Mesh:
    """A mesh of ``data * model * space`` devices; ``data`` left out takes all devices that there are.

    Raises `TrainingArgumentError` where there are fewer devices than the axes ask for.
    """
    devices = jax.devices() if devices is None else list(devices)
    data = len(devices) // (model * space) if data is None else data
    shape = (data, model, space)
    if data < 1 or math.prod(shape) > len(devices):
        raise TrainingArgumentError(
            f"A mesh with axes data={data}, model={model}, space={space} needs {max(1, math.prod(shape))} devices and "
            f"there are {len(devices)}; choose smaller axes."
        )
    return Mesh(np.asarray(devices[: math.prod(shape)]).reshape(shape), AXES)


def default_mesh(batch_size: int) -> Mesh | None:
    """All accelerators that share a batch evenly; None, one device, on a CPU."""
    devices = jax.devices()
    shared = math.gcd(batch_size, len(devices))
    return None if devices[0].platform == "cpu" or shared == 1 else make_mesh(shared, devices=devices)


def check_mesh(mesh: Mesh | None, batch_size: int) -> None:
    """Raises `TrainingArgumentError` where the mesh has other axes, or a batch cannot be split evenly over ``data``."""
    if mesh is None:
        return
    if mesh.axis_names != AXES:
        raise TrainingArgumentError(f"The axes of a mesh are {AXES}, got {mesh.axis_names}; use make_mesh.")
    if batch_size % mesh.shape["data"]:
        raise TrainingArgumentError(
            f"batch_size={batch_size} cannot be split evenly over {mesh.shape['data']} devices; "
            f"choose a multiple of {mesh.shape['data']}."
        )


def replicated(mesh: Mesh | None) -> NamedSharding | None:
    """The whole of an array on every device."""
    return None if mesh is None else NamedSharding(mesh, PartitionSpec())


def split_batch(batch: PyTree, mesh: Mesh | None, batch_size: int) -> PyTree:
    """Split the arrays of a batch whose first axis is the batch over ``data``; the others are left alone. In jit."""
    if mesh is None:
        return batch
    sharding = NamedSharding(mesh, PartitionSpec("data"))

    def split(leaf):
        is_batched = leaf.ndim > 0 and leaf.shape[0] == batch_size
        return jax.lax.with_sharding_constraint(leaf, sharding) if is_batched else leaf

    return jax.tree.map(split, batch)
