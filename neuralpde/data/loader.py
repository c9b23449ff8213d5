"""Batches from samples that live on the device: no transfer and no host work after the start.

The order of an epoch is a pure function of a key and the number of the epoch, evaluated one index at a time
by a shuffle that needs no memory (Hoang, Morris & Rogaway, "An enciphering scheme based on a card shuffle",
CRYPTO 2012: swap-or-not). So a batch is a function of the step alone: there is no loader state to carry
through ``lax.scan`` or to checkpoint, resuming at any step is exact, and the cost does not grow with the
number of samples as a sort does.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding
from jaxtyping import Array, Int, PRNGKeyArray, PyTree, UInt32

from .dataset import DataError, count_samples
from .placement import put_on_device, replicated

ROUNDS = 32  # two places never part company with probability 2^-32


class DeviceLoader(eqx.Module):
    """Stacked samples on the device, and the batch of any step; a Sample, or any other pytree of arrays.

    An epoch is ``steps_per_epoch = count // batch_size`` steps. Within an epoch no sample comes twice;
    where ``batch_size`` divides the number of samples each comes exactly once, else the last ``count %
    batch_size`` of that epoch's order are left out, others in every epoch.

    Floating-point arrays are cast to ``dtype`` (the default float where left out). With a ``sharding`` over
    the sample axis, such as ``NamedSharding(mesh, PartitionSpec("data"))``, every device holds all samples
    and takes its own rows of a batch, without communication.
    """

    samples: PyTree
    batch_size: int = eqx.field(static=True)
    sharding: NamedSharding | None = eqx.field(static=True)

    def __init__(self, samples: PyTree, batch_size: int, sharding: NamedSharding | None = None, dtype=None):
        check_batch_size(batch_size, count_samples(samples))
        self.samples = put_on_device(samples, replicated(sharding), dtype)
        self.batch_size, self.sharding = batch_size, sharding

    @property
    def count(self) -> int:
        """Number of samples."""
        return jax.tree.leaves(self.samples)[0].shape[0]

    @property
    def steps_per_epoch(self) -> int:
        return self.count // self.batch_size

    def batch(self, step: Int[Array, ""] | int, key: PRNGKeyArray) -> PyTree:
        """The batch of a step, ``batch_size`` stacked samples; to be called inside jit."""
        indices = batch_indices(step, key, self.count, self.batch_size)
        batch = jax.tree.map(lambda leaf: leaf[indices], self.samples)
        return batch if self.sharding is None else jax.lax.with_sharding_constraint(batch, self.sharding)


def batch_indices(step: Int[Array, ""] | int, key: PRNGKeyArray, count: int, batch_size: int) -> Int[Array, " batch"]:
    """Which samples make the batch of a step. Every loader of this package uses this order."""
    steps_per_epoch = count // batch_size
    epoch, position = jnp.divmod(jnp.asarray(step), steps_per_epoch)
    places = position * batch_size + jnp.arange(batch_size)
    return shuffled(places, jax.random.fold_in(key, epoch), count)


def shuffled(places: Int[Array, " n"], key: PRNGKeyArray, count: int) -> Int[Array, " n"]:
    """Where a random permutation of ``range(count)`` sends each of ``places``.

    In each round a place x is paired with k - x (mod count), k random; a bit that depends on the pair alone
    decides whether the two change places. Each round is a bijection, so the whole is one for every
    ``count``.
    """
    offsets, salts = jax.random.bits(key, (2, ROUNDS), jnp.uint32)
    offsets = offsets % jnp.uint32(count)
    x = places.astype(jnp.uint32)
    for offset, salt in zip(offsets, salts, strict=True):
        partner = jnp.where(offset >= x, offset - x, offset + jnp.uint32(count) - x)
        x = jnp.where(_bit(jnp.maximum(x, partner), salt), partner, x)
    return x.astype(places.dtype)


def _bit(x: UInt32[Array, " n"], salt: UInt32[Array, ""]):
    """One well-mixed bit of (x, salt): the finaliser of MurmurHash3 (A. Appleby), its highest bit."""
    x = x ^ salt
    x = (x ^ (x >> 16)) * jnp.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * jnp.uint32(0xC2B2AE35)
    return (x ^ (x >> 16)) >> 31 == 1


def check_batch_size(batch_size: int, count: int) -> None:
    """Raises `DataError` where a batch cannot be filled."""
    if not 1 <= batch_size <= count:
        raise DataError(
            f"batch_size={batch_size} does not fit a set of {count} samples; choose a batch size from 1 to {count}."
        )
