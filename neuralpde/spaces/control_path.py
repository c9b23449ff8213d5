"""Continuous paths through the measurements of a series: what drives a controlled differential equation."""

from __future__ import annotations

from typing import NamedTuple

import diffrax
import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from neuralpde.errors import ArgumentError

from .irregular_series import IrregularSeries

PATHS = ("hermite", "linear", "rectilinear")


class Pieces(NamedTuple):
    """Coefficients of a + b r + c r^2 + d r^3 between two knots, r from the first of them."""

    a: Float[Array, "piece channel"]
    b: Float[Array, "piece channel"]
    c: Float[Array, "piece channel"]
    d: Float[Array, "piece channel"]


class ControlPath(eqx.Module):
    """X(t), a cubic between each two of its ``knots``, through the ``series`` that it was made of.

    last: index of the knot at which the series ends. smooth: whether the slope is continuous; a path that is not is
    linear between its knots. Made by `control_path`.
    """

    knots: Float[Array, " knot"]
    pieces: Pieces
    last: Int[Array, ""]
    series: IrregularSeries
    smooth: bool = eqx.field(static=True)

    @property
    def channels(self) -> int:
        """Number of components of X, time among them."""
        return self.pieces.a.shape[-1]

    @property
    def values(self) -> Float[Array, "knot channel"]:
        """X at the knots."""
        ends = self.pieces.a[-1:] + self.increments[-1:]
        return jnp.concatenate([self.pieces.a, ends])

    @property
    def increments(self) -> Float[Array, "piece channel"]:
        """X at the end of each piece, less that at its beginning."""
        h = jnp.diff(self.knots)[:, None]
        _, b, c, d = self.pieces
        return h * (b + h * (c + h * d))

    def evaluate(self, t: Float[Array, ""]) -> Float[Array, " channel"]:
        """X(t); beyond the knots the first or last piece goes on."""
        return self._curve.evaluate(t)

    def derivative(self, t: Float[Array, ""]) -> Float[Array, " channel"]:
        """dX/dt; at a knot that of the piece before it, where the path is not smooth."""
        return self._curve.derivative(t)

    @property
    def _curve(self) -> diffrax.CubicInterpolation:
        a, b, c, d = self.pieces
        return diffrax.CubicInterpolation(ts=self.knots, coeffs=(d, c, b, a))


def control_path(series: IrregularSeries, path: str = "hermite", counts: bool = False) -> ControlPath:
    """The path through a series; its channels are time, the values, and with ``counts`` how often each was measured.

    - ``hermite``: cubic with a continuous slope, which at every knot is that of the line from the one before (Morrill et
      al. 2021, "Neural controlled differential equations for online prediction tasks", section 3). Up to an entry it
      depends on the series up to that entry alone.
    - ``linear``: straight from value to value.
    - ``rectilinear``: time goes on while the values stay, then they jump: what is known at a time depends on the past
      alone, also between entries. The parameter of the path is then no time; its knots are 0, 1, ... (2 time - 2).

    A missing value lies on the path between its neighbours in the same channel (rectilinear: it is the last one); before
    the first value of a channel it is zero at the first time, and after the last it stays. Raises `ArgumentError` for an
    unknown path or a series of one entry.
    """
    if path not in PATHS or len(series) < 2:
        raise ArgumentError(
            f"A path is one of {', '.join(PATHS)} through two entries or more, got {path!r}, {len(series)}."
        )
    if path == "rectilinear":
        return _rectilinear(series, counts)
    values = _with_ends(series, counts)
    if path == "hermite":
        d, c, b, a = diffrax.backward_hermite_coefficients(series.times, values)
        return ControlPath(series.times, Pieces(a, b, c, d), series.last, series, smooth=True)
    return linear_path(series.times, diffrax.linear_interpolation(series.times, values), series.last, series)


def linear_path(
    knots: Float[Array, " knot"], values: Float[Array, "knot channel"], last: Int[Array, ""], series: IrregularSeries
) -> ControlPath:
    """The path that is linear between its values at the knots."""
    slopes = jnp.diff(values, axis=0) / jnp.diff(knots)[:, None]
    nothing = jnp.zeros_like(slopes)
    return ControlPath(knots, Pieces(values[:-1], slopes, nothing, nothing), last, series, smooth=False)


def _with_ends(series: IrregularSeries, counts: bool) -> Float[Array, "time channel"]:
    """The channels of the control with the first and the last row complete, so that all between can be interpolated."""
    values = series.with_channels(counts=counts)
    held = IrregularSeries(series.times, values).filled_forward()
    ends = jnp.zeros((len(series), 1), bool).at[jnp.array([0, -1])].set(True)
    return jnp.where(ends, held, values)


def _rectilinear(series: IrregularSeries, counts: bool) -> ControlPath:
    values = IrregularSeries(series.times, series.with_channels(counts=counts)).filled_forward()
    time, rest = values[:, :1], values[:, 1:]
    stairs = jnp.concatenate([jnp.repeat(time, 2, axis=0)[1:], jnp.repeat(rest, 2, axis=0)[:-1]], axis=1)
    return linear_path(jnp.arange(len(stairs), dtype=values.dtype), stairs, 2 * series.last, series)
