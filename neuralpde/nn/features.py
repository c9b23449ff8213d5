"""Coordinate features: what a coordinate network sees of a point."""

from __future__ import annotations

from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Box, Value, concatenate, linear, propagate

from .coordinate_network import AbstractCoordinateNetwork
from .frozen import Frozen


class PeriodicFeatures(AbstractCoordinateNetwork):
    """Coordinates of a box for a network that is exactly periodic where the box is.

    Each periodic coordinate becomes cos and sin of ``2 pi k (x - a) / L`` for k = 1..harmonics; the others are
    mapped to [-1, 1].
    """

    box: Box = eqx.field(static=True)
    harmonics: int = eqx.field(static=True, default=1)

    @property
    def size(self) -> int:
        """Number of features of one point."""
        return sum(2 * self.harmonics if axis.periodic else 1 for axis in self.box.axes)

    def propagate(self, x: Value) -> Value:
        unit = self.box.normalize(x)
        # normalize maps one period to a length of two.
        turns = {i: jnp.pi * (unit[i] + 1) for i, axis in enumerate(self.box.axes) if axis.periodic}
        return _with_harmonics(unit, turns, self.harmonics)


class TrainablePeriods(AbstractCoordinateNetwork):
    """Harmonics of coordinates whose period P is trained: ``[cos w k s, sin w k s]``, w = 2 pi / P and k = 1..harmonics.

    ``periods`` names axes of the ``box`` and the periods to begin with, in the domain's units; s is the distance from the
    lower end of the axis. The other coordinates are mapped to [-1, 1]. A time axis, say, where a solution repeats itself
    after a time that is not known. The input is in the domain's units.

    Raises ``ValueError`` for an axis that the box has not got.
    """

    w: dict[str, Float[Array, ""]]
    box: Box = eqx.field(static=True)
    harmonics: int = eqx.field(static=True)

    def __init__(self, box: Box, periods: Mapping[str, float], harmonics: int = 1):
        if unknown := set(periods) - set(box.names):
            raise ArgumentError(f"TrainablePeriods: {sorted(unknown)} are not among the axes {box.names} of the box.")
        self.w = {name: jnp.asarray(2 * jnp.pi / period, float) for name, period in periods.items()}
        self.box, self.harmonics = box, harmonics

    @property
    def size(self) -> int:
        """Number of features of one point."""
        return self.box.dim + (2 * self.harmonics - 1) * len(self.w)

    def propagate(self, x: Value) -> Value:
        named = list(enumerate(self.box.axes))
        turns = {i: self.w[axis.name] * (x[i] - axis.lower) for i, axis in named if axis.name in self.w}
        return _with_harmonics(self.box.normalize(x), turns, self.harmonics)


def _with_harmonics(unit: Value, turns: dict[int, Value], harmonics: int) -> Value:
    """``unit`` with the coordinates in ``turns``, which are angles, replaced by cos and sin of their multiples."""
    k = jnp.arange(1, harmonics + 1, dtype=unit.dtype)
    features = []
    for i in range(unit.shape[0]):
        if i in turns:
            phase = k * turns[i]
            features += [propagate(jnp.cos, phase), propagate(jnp.sin, phase)]
        else:
            features.append(unit[i : i + 1])
    return concatenate(features)


class FourierFeatures(AbstractCoordinateNetwork):
    """Random Fourier features ``[cos 2 pi B x, sin 2 pi B x]`` with B ~ N(0, scale^2), fixed or ``trained``.

    Tancik et al., NeurIPS 2020, equation 5. ``x`` is taken as it comes: normalise it before. (Where B is trained the
    2 pi is often left out: a scale of s there is one of s / 2 pi here.)
    """

    frequencies: Frozen | Float[Array, "count d"]

    def __init__(self, in_size: int, count: int, scale: float = 1.0, trained: bool = False, *, key: PRNGKeyArray):
        B = scale * jax.random.normal(key, (count, in_size))
        self.frequencies = B if trained else Frozen(B)

    @property
    def B(self) -> Float[Array, "count d"]:
        """The frequencies; no gradient passes where they are fixed."""
        fixed = isinstance(self.frequencies, Frozen)
        return jax.lax.stop_gradient(self.frequencies.value) if fixed else self.frequencies

    @property
    def size(self) -> int:
        """Number of features of one point."""
        return 2 * len(self.B)

    def propagate(self, x: Value) -> Value:
        phase = 2 * jnp.pi * self.B @ x
        return concatenate([propagate(jnp.cos, phase), propagate(jnp.sin, phase)])


class SinusoidalFeatures(AbstractCoordinateNetwork):
    """``[sin(2^k pi x_j), cos(2^k pi x_j)]`` for k = 0..octaves-1 and every coordinate, mapped to [-1, 1] on ``box``.

    Mildenhall et al., ECCV 2020, equation 4: a positional encoding that is a function of position, so it is the same
    on every grid. Periodic coordinates stay periodic.
    """

    box: Box = eqx.field(static=True)
    octaves: int = eqx.field(static=True, default=4)

    @property
    def size(self) -> int:
        """Number of features of one point."""
        return 2 * self.octaves * self.box.dim

    def propagate(self, x: Value) -> Value:
        frequencies = jnp.pi * 2.0 ** jnp.arange(self.octaves)
        phase = linear(lambda c: (c[..., None] * frequencies).reshape(*c.shape[:-1], -1), self.box.normalize(x))
        return concatenate([propagate(jnp.sin, phase), propagate(jnp.cos, phase)])
