"""Where arrays lie: in the memory of the host, on a device, on many devices."""

from __future__ import annotations

import contextlib
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec
from jaxtyping import Array, PyTree

from neuralpde.spaces import Sample

_ALIGNMENT = 64  # bytes, of the arrays of a CPU device


def host_memory() -> contextlib.AbstractContextManager:
    """A context in which new arrays are made in the memory of the host.

    They belong to no device: a computation moves them to where it runs.
    """
    try:
        return jax.default_device(jax.local_devices(backend="cpu")[0])
    except RuntimeError:  # jax was told to use other platforms only
        return contextlib.nullcontext()


def replicated(sharding: NamedSharding | None) -> NamedSharding | None:
    """The same devices, every one holding everything."""
    return None if sharding is None else NamedSharding(sharding.mesh, PartitionSpec())


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array of the host to be filled, placed so that a CPU device can take it over without a copy."""
    size = math.prod(shape) * dtype.itemsize
    room = np.empty(size + _ALIGNMENT, np.uint8)
    start = -room.ctypes.data % _ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape)


def put_on_device(
    samples: PyTree, sharding: NamedSharding | None = None, dtype=None, *, taken_over: bool = False
) -> PyTree:
    """The samples on the default device or as sharded, floating-point arrays as ``dtype`` (default float).

    With ``taken_over`` nobody else has the arrays or will write to them, so that a CPU need not copy them.
    """
    return jax.device_put(_cast(samples, dtype), sharding, may_alias=taken_over or None)


def rows_of_this_process(sharding: NamedSharding | None, batch_size: int) -> np.ndarray:
    """Which rows of a batch the devices of this process hold, in order: all of them with one process."""
    if sharding is None:
        return np.arange(batch_size)
    slices = sharding.addressable_devices_indices_map((batch_size,)).values()
    return np.unique(np.concatenate([np.arange(batch_size)[index] for index in slices if index is not None]))


def put_rows_on_devices(
    samples: Sample, rows: np.ndarray, batch_size: int, sharding: NamedSharding | None = None, dtype=None
) -> Sample:
    """A batch on the devices, from the rows that `rows_of_this_process` names; other processes bring the others.

    The arrays of ``samples`` are taken over: nobody else may have them.
    """
    if sharding is None or len(rows) == batch_size:
        return put_on_device(samples, sharding, dtype, taken_over=True)

    def place(leaf: np.ndarray) -> Array:
        def shard(index: tuple[slice, ...]) -> np.ndarray:
            held = np.searchsorted(rows, np.arange(batch_size)[index[0]])
            return leaf[held][(slice(None), *index[1:])]

        return jax.make_array_from_callback((batch_size, *leaf.shape[1:]), sharding, shard)

    return jax.tree.map(place, _cast(samples, dtype))


def _cast(samples: PyTree, dtype) -> PyTree:
    """Arrays of the host, those of floating-point numbers as ``dtype``."""
    dtype = jnp.result_type(float if dtype is None else dtype)

    def cast(leaf: Array | np.ndarray) -> np.ndarray:
        # By way of numpy: a jax array that lies somewhere would stay there.
        leaf = np.asarray(leaf)
        return leaf.astype(dtype, copy=False) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

    return jax.tree.map(cast, samples)
