"""Where arrays lie: in the memory of the host, on a device, on many devices."""

from __future__ import annotations

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec
from jaxtyping import Array

from neuralpde.spaces import Sample


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


def put_on_device(samples: Sample, sharding: NamedSharding | None = None, dtype=None) -> Sample:
    """The samples on the default device or as sharded, floating-point arrays as ``dtype`` (default float)."""
    dtype = jnp.zeros((), float if dtype is None else dtype).dtype

    def cast(leaf: Array | np.ndarray) -> np.ndarray:
        # By way of numpy: a jax array that lies somewhere would stay there.
        leaf = np.asarray(leaf)
        return leaf.astype(dtype, copy=False) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

    return jax.device_put(jax.tree.map(cast, samples), sharding)
