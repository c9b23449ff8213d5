"""Tensor-product grids on boxes, with one layout an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError

from .box import Axis, Box
from .discretization import AbstractDiscretization

LAYOUTS = ("periodic", "nodes", "cells", "chebyshev")


class Grid(AbstractDiscretization):
    """A tensor-product grid; static, compared and hashed by value, without array leaves.

    Layout of an axis [a, b] with n points:

    - ``periodic``: a + i h, h = (b - a) / n; needs a periodic axis. The default there.
    - ``nodes``: a + i h, h = (b - a) / (n - 1), both ends included.
    - ``cells``: a + (i + 1/2) h, h = (b - a) / n, the centres of n cells. The default on other axes.
    - ``chebyshev``: Gauss-Lobatto points, both ends included.
    """

    domain: Box = eqx.field(static=True)
    shape: tuple[int, ...] = eqx.field(static=True)
    layout: tuple[str, ...] = eqx.field(static=True)

    def __init__(self, domain: Box, shape: Sequence[int], layout: str | Sequence[str] | None = None):
        shape = tuple(int(n) for n in shape)
        if layout is None:
            layout = tuple("periodic" if periodic else "cells" for periodic in domain.periodic)
        elif isinstance(layout, str):
            layout = (layout,) * domain.dim
        self.domain, self.shape, self.layout = domain, shape, tuple(layout)
        self._check()

    def _check(self):
        if not len(self.shape) == len(self.layout) == self.domain.dim:
            raise ArgumentError(
                f"Grid on {self.domain.names} needs {self.domain.dim} sizes and layouts, "
                f"got shape={self.shape}, layout={self.layout}."
            )
        for axis, n, layout in zip(self.domain.axes, self.shape, self.layout, strict=True):
            if layout not in LAYOUTS:
                raise ArgumentError(f"Unknown layout {layout!r} on axis {axis.name!r}; choose one of {LAYOUTS}.")
            if n < (2 if layout in ("nodes", "chebyshev") else 1):
                raise ArgumentError(f"Axis {axis.name!r} with layout {layout!r} is too small: n={n}.")
            if axis.periodic != (layout == "periodic") and not (axis.periodic and layout == "cells"):
                raise ArgumentError(
                    f"Axis {axis.name!r} has periodic={axis.periodic} but layout {layout!r}; "
                    "periodic axes take 'periodic' or 'cells', other axes 'nodes', 'cells' or 'chebyshev'."
                )

    def __hash__(self) -> int:
        return hash((self.domain, self.shape, self.layout))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and (self.domain, self.shape, self.layout) == (
            other.domain,
            other.shape,
            other.layout,
        )

    @property
    def spacing(self) -> tuple[float, ...]:
        """Distance between neighbours on each axis (the largest one on a Chebyshev axis)."""
        return tuple(
            axis_spacing(axis, n, layout)
            for axis, n, layout in zip(self.domain.axes, self.shape, self.layout, strict=True)
        )

    def axis_coords(self, axis: int) -> Float[Array, " n"]:
        """Coordinates along one axis."""
        return axis_coords(self.domain.axes[axis], self.shape[axis], self.layout[axis])

    def axis_weights(self, axis: int) -> Float[Array, " n"]:
        """Quadrature weights along one axis; they add up to its length."""
        return axis_weights(self.domain.axes[axis], self.shape[axis], self.layout[axis])

    def coords(self) -> Float[Array, "*shape d"]:
        axes = [self.axis_coords(i) for i in range(self.domain.dim)]
        return jnp.stack(jnp.meshgrid(*axes, indexing="ij"), axis=-1)

    def weights(self) -> Float[Array, "*shape"]:
        total = jnp.ones(())
        for i in range(self.domain.dim):
            total = total[..., None] * self.axis_weights(i)
        return total

    def with_shape(self, *shape: int) -> Grid:
        """The same domain and layout at another resolution."""
        return Grid(self.domain, shape * self.domain.dim if len(shape) == 1 else shape, self.layout)

    @property
    def size(self) -> int:
        return math.prod(self.shape)


def axis_spacing(axis: Axis, n: int, layout: str) -> float:
    """Step of a uniform layout; the widest step of a Chebyshev one."""
    if layout == "nodes":
        return axis.length / (n - 1)
    if layout == "chebyshev":
        return axis.length / 2 * math.sin(math.pi / (n - 1)) if n > 2 else axis.length / (n - 1)
    return axis.length / n


def axis_coords(axis: Axis, n: int, layout: str) -> Float[Array, " n"]:
    """Coordinates from iota, so that no large constant enters a compiled program."""
    i = jnp.arange(n, dtype=float)
    if layout == "chebyshev":
        # sin is odd about the middle, so the points are symmetric to the last bit.
        return (axis.lower + axis.upper) / 2 + axis.length / 2 * jnp.sin(jnp.pi * (2 * i - (n - 1)) / (2 * (n - 1)))
    offset = 0.5 if layout == "cells" else 0.0
    return axis.lower + (i + offset) * axis_spacing(axis, n, layout)


def axis_weights(axis: Axis, n: int, layout: str) -> Float[Array, " n"]:
    """Rectangle (periodic), midpoint (cells), trapezium (nodes) or Clenshaw-Curtis (Chebyshev) weights."""
    if layout == "chebyshev":
        return jnp.asarray(_clenshaw_curtis(n) * axis.length / 2, dtype=float)
    h = jnp.full(n, axis_spacing(axis, n, layout))
    if layout == "nodes":
        i = jnp.arange(n)
        return jnp.where((i == 0) | (i == n - 1), h / 2, h)
    return h


def _clenshaw_curtis(n: int) -> np.ndarray:
    """Weights on [-1, 1] for n Gauss-Lobatto points (Trefethen, Spectral Methods in MATLAB, chapter 12)."""
    order = n - 1
    theta = np.pi * np.arange(n) / order
    k = np.arange(1, order // 2 + 1)
    b = np.where(2 * k == order, 1.0, 2.0)
    inner = 1 - np.sum(b / (4 * k**2 - 1) * np.cos(2 * np.outer(theta, k)), axis=1)
    c = np.where((np.arange(n) == 0) | (np.arange(n) == order), 1.0, 2.0)
    return c / order * inner
