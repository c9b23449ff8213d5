"""Time series as they are measured: at irregular times, with channels that are missing here and there."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from neuralpde.errors import ArgumentError


def _array_or_none(value: ArrayLike | None) -> Array | None:
    return None if value is None else jnp.asarray(value)


class IrregularSeries(eqx.Module):
    """One series: ``values`` at increasing ``times``, NaN where a channel was not measured.

    static: covariates that do not change in time. length: how many entries belong to the series, the rest being
    padding without values; all of them where it is None. Raises `ArgumentError` where times and values disagree.
    """

    times: Float[Array, " time"] = eqx.field(converter=jnp.asarray)
    values: Float[Array, "time channel"] = eqx.field(converter=jnp.asarray)
    static: Float[Array, " static"] | None = eqx.field(converter=_array_or_none, default=None)
    length: Int[Array, ""] | None = eqx.field(converter=_array_or_none, default=None)

    def __check_init__(self):
        if self.times.shape[-1:] != self.values.shape[-2:-1]:
            raise ArgumentError(
                f"A series wants one row of values for each time, got times of shape {self.times.shape} and values of "
                f"shape {self.values.shape}; values have the axes (time, channel)."
            )

    def __len__(self) -> int:
        """Number of entries, padding included."""
        return self.times.shape[-1]

    @property
    def channels(self) -> int:
        """Number of components of the values."""
        return self.values.shape[-1]

    @property
    def mask(self) -> Bool[Array, "*batch time channel"]:
        """Which values were measured."""
        return ~jnp.isnan(self.values)

    @property
    def last(self) -> Int[Array, ""]:
        """Index of the last entry that belongs to the series."""
        return jnp.asarray(len(self) if self.length is None else self.length) - 1

    @property
    def belongs(self) -> Bool[Array, " time"]:
        """Which entries are no padding."""
        return jnp.arange(len(self)) <= self.last

    @property
    def counts(self) -> Float[Array, "time channel"]:
        """How often each channel was measured up to each time (informative missingness: Kidger et al. 2020, section 3.2)."""
        return jnp.cumsum(self.mask, axis=-2).astype(self.values.dtype)

    @property
    def gaps(self) -> Float[Array, "time channel"]:
        """Time since each channel was last measured before each entry: delta of GRU-D (Che et al. 2018, equation 2).

        Zero at the first entry; since that entry where a channel was not measured yet.
        """
        start = self.times[..., :1, None]
        seen = jnp.where(self.mask, self.times[..., None], start)
        before = jnp.concatenate([jnp.broadcast_to(start, seen[..., :1, :].shape), seen[..., :-1, :]], axis=-2)
        return self.times[..., None] - _running_maximum(before)

    def filled_forward(self, start: float = 0.0) -> Float[Array, "time channel"]:
        """Values with each missing one replaced by the last that was measured, or by ``start`` before the first."""
        index = _running_maximum(jnp.where(self.mask, jnp.arange(len(self))[:, None], -1))
        held = jnp.take_along_axis(self.values, jnp.maximum(index, 0), axis=-2)
        return jnp.where(index < 0, start, held)

    def with_channels(self, time: bool = True, counts: bool = False) -> Float[Array, "time extended"]:
        """The channels of a control: time, then the values (NaN where missing), then the counts."""
        parts = [self.times[..., None]] if time else []
        parts += [self.values, self.counts] if counts else [self.values]
        return jnp.concatenate(parts, axis=-1)

    def padded(self, size: int) -> IrregularSeries:
        """The same series with ``size`` entries: later ones are steps of time as long as its mean step, without values.

        Raises `ArgumentError` where the series is longer.
        """
        more = size - len(self)
        if more < 0:
            raise ArgumentError(f"A series of {len(self)} entries cannot be padded to {size}; cut it, or pad to more.")
        step = (self.times[-1] - self.times[0]) / max(len(self) - 1, 1) if len(self) > 1 else 1.0
        later = self.times[-1] + step * jnp.arange(1, more + 1, dtype=self.times.dtype)
        nothing = jnp.full((more, self.channels), jnp.nan, self.values.dtype)
        return IrregularSeries(
            jnp.concatenate([self.times, later]),
            jnp.concatenate([self.values, nothing]),
            self.static,
            jnp.asarray(len(self)) if self.length is None else self.length,
        )


def _running_maximum(x: Array) -> Array:
    """Along the axis of time, which is the last but one."""
    return jax.lax.cummax(x, axis=x.ndim - 2)
