"""Finite basis networks: a sum of small networks, each in a window of its own, which overlap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import Stacked
from neuralpde.spaces import AbstractFunction, FunctionSpace, Value, linear, propagate

from .local import local_networks, local_values
from .windows import Windows

Counts = int | Mapping[str, int]


class Windowed(AbstractFunction):
    """``u(x) = scale sum_j w_j(x) N_j(xi_j(x))`` over `Windows` with the weights w_j, xi_j in [-1, 1] in window j.

    As smooth as the windows are: nothing has to be asked for where they overlap.
    """

    networks: Stacked
    windows: Windows = eqx.field(static=True)
    space: FunctionSpace = eqx.field(static=True)
    scale: float = eqx.field(static=True, default=1.0)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        w, j = self.windows.weights(x)
        values = local_values(self.networks, x, j, self.windows.cells, self.windows.box)
        weighted = linear(lambda c: c[..., None], self.scale * w) * values
        return linear(lambda c: c.sum(-2), weighted)


class Levels(AbstractFunction):
    """The mean of functions: coarse windows and fine ones."""

    functions: tuple[AbstractFunction, ...]

    @property
    def space(self) -> FunctionSpace:
        """That of each of them."""
        return self.functions[0].space

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        first, *others = (propagate(function, x) for function in self.functions)
        return sum(others, first) / len(self.functions)


def fbpinn(
    space: FunctionSpace,
    layers: Callable[..., Any],
    *,
    windows: Counts | Sequence[Counts] = 4,
    overlap: float = 1.9,
    scale: float = 1.0,
    key: PRNGKeyArray,
    **features: Any,
) -> AbstractFunction:
    """A function of ``space`` by networks in overlapping windows on its bounding box.

    windows: their number along each axis, ``{"x": 16, "t": 4}``, or along all of them; several such are levels, coarse
    and fine, whose mean is taken. overlap: length of a window over that of a cell (see `Windows`). scale: size of the
    values to be expected. layers and features: as in `coordinate_network`; every network sees its window as [-1, 1].

    Moseley, Markham & Nissen-Meyer, Adv. Comput. Math. 49 (2023) 62 (FBPINN); Dolean, Heinlein, Mishra & Moseley, Comput.
    Methods Appl. Mech. Engrg. 429 (2024) 117116 (levels).
    """
    levels = (windows,) if isinstance(windows, int | Mapping) else tuple(windows)
    if not levels:
        raise ArgumentError("fbpinn wants the number of windows of at least one level, got none.")

    def level(counts: Counts, key: PRNGKeyArray) -> Windowed:
        own = Windows(space.domain.bounds, counts, overlap)
        return Windowed(local_networks(space, own.cells, layers, key, **features), own, space, scale)

    made = tuple(level(counts, k) for counts, k in zip(levels, jax.random.split(key, len(levels)), strict=True))
    return made[0] if len(made) == 1 else Levels(made)
