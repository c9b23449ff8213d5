"""Overlapping windows on a box that form a partition of unity."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Int

from neuralpde.errors import ArgumentError
from neuralpde.pinn.conditions.condition import axis_of
from neuralpde.spaces import Axis, Box, TaylorSeries, Value, linear, propagate

from .local import MANY, centred


@dataclasses.dataclass(frozen=True)
class Windows:
    """Windows around the centres of the equal cells of a grid: ``Windows(box, {"x": 8, "t": 2})``.

    Along an axis with m > 1 cells of length s the windows have the length ``overlap`` s, and the weights

        w_j(x) = v(xi_j) / sum_k v(xi_k),   xi_j = 2 (x - c_j) / (overlap s),   v(xi) = (1 + cos(pi xi))^2 in [-1, 1],

    which add up to one and have three continuous derivatives; an axis with one cell has the weight one. In several
    dimensions the weights are products. Windows of a periodic axis go on over its ends. Moseley, Markham &
    Nissen-Meyer, Adv. Comput. Math. 49 (2023) 62, section 3; these v are those of Dolean, Heinlein, Mishra & Moseley,
    Comput. Methods Appl. Mech. Engrg. 429 (2024) 117116.

    counts: number of cells along each axis, or along all of them. Raises ``ValueError`` for counts below one, for an
    axis that there is not, and for an ``overlap`` of one or less, which leaves gaps, or one above the number of windows of a
    periodic axis, which meet themselves.
    """

    box: Box
    counts: tuple[int, ...]
    overlap: float

    def __init__(self, box: Box, counts: int | Mapping[str, int] = 1, overlap: float = 1.9):
        by_axis = [counts if isinstance(counts, int) else 1] * box.dim
        for name, count in (counts if isinstance(counts, Mapping) else {}).items():
            by_axis[axis_of(box, name)] = count
        if min(by_axis) < 1 or not overlap > 1:
            raise ArgumentError(
                f"Windows want at least one cell along each axis and an overlap above 1, got {by_axis} and {overlap}."
            )
        if any(axis.periodic and 1 < m < overlap for axis, m in zip(box.axes, by_axis, strict=True)):
            raise ArgumentError(
                f"Windows of a periodic axis must not reach around it: more than {by_axis} of them, or a smaller overlap than "
                f"{overlap}."
            )
        object.__setattr__(self, "box", box)
        object.__setattr__(self, "counts", tuple(by_axis))
        object.__setattr__(self, "overlap", float(overlap))

    @property
    def count(self) -> int:
        """Number of windows."""
        return math.prod(self.counts)

    @property
    def cells(self) -> tuple[Box, ...]:
        """The windows as boxes, in the order of rows; those of a periodic axis without cuts are periodic."""
        along = (
            [self._window(axis, j, m) for j in range(m)] for axis, m in zip(self.box.axes, self.counts, strict=True)
        )
        return tuple(Box(axes) for axes in itertools.product(*along))

    def weights(self, x: Value) -> tuple[Value, Int[Array, " n"]]:
        """Weights of those windows that count at a point, and their indices, as many at every point.

        Of many windows only those are given that can reach the point, else all of them.
        """
        reach = [min(m, math.ceil(self.overlap)) for m in self.counts]
        if math.prod(reach) * MANY > self.count:
            reach = list(self.counts)
        w, j = self._along(0, x[0], reach[0])
        for i in range(1, self.box.dim):
            w_i, j_i = self._along(i, x[i], reach[i])
            w, j = _outer(w, w_i), (j[:, None] * self.counts[i] + j_i).reshape(-1)
        return w, j

    def _along(self, i: int, x: Value, n: int) -> tuple[Value, Int[Array, " n"]]:
        """Weights and indices of ``n`` windows of an axis, among them all that reach x."""
        axis, m = self.box.axes[i], self.counts[i]
        if m == 1:
            return jnp.ones(1, x.dtype), jnp.zeros(1, int)
        spacing = axis.length / m
        half = self.overlap * spacing / 2
        at = x.value if isinstance(x, TaylorSeries) else x
        first = jnp.floor((at - half - axis.lower) / spacing - 0.5).astype(int) + 1
        j = (first if axis.periodic else jnp.clip(first, 0, m - n)) + jnp.arange(n) if n < m else jnp.arange(m)
        j = j % m
        centres = axis.lower + (j + 0.5).astype(x.dtype) * spacing
        xi = centred(x, centres, axis.length if axis.periodic else 0.0) / half
        inside = jnp.abs(xi.value if isinstance(xi, TaylorSeries) else xi) < 1
        v = (1 + propagate(jnp.cos, math.pi * xi)) ** 2 * inside
        return v / linear(lambda c: c.sum(-1, keepdims=True), v), j

    def _window(self, axis: Axis, j: int, m: int) -> Axis:
        if m == 1:
            return axis
        spacing = axis.length / m
        centre, half = axis.lower + (j + 0.5) * spacing, self.overlap * spacing / 2
        return Axis(axis.name, centre - half, centre + half)


def _outer(a: Value, b: Value) -> Value:
    """Products of the weights of two axes, in the order of rows."""
    product = linear(lambda c: c[..., :, None], a) * linear(lambda c: c[..., None, :], b)
    return linear(lambda c: c.reshape(*c.shape[:-2], -1), product)
