"""Derivatives of functions at a point, as functions again: what residuals of equations are written with.

They come from Taylor series along lines (`neuralpde.spaces.propagate`): by the rules of its layers where ``u`` offers
them, by nested forward-mode differentiation for any other callable. All derivatives of ``expanded(u, x)`` at ``x`` share
their common parts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence

import jax.extend
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from neuralpde.spaces import Directions, Order, TaylorSeries, propagate

from .equation import PointFunction

Axes = Sequence[int] | None
"""Coordinates to differentiate along; None stands for those of space, all but the last, which is time."""


def partial(u: PointFunction, axis: int, order: int = 1) -> PointFunction:
    """Derivative of each component of ``u`` along one coordinate."""
    if order == 0:
        return u
    return lambda x: expanded(u, x).along((axis,), order)[0]


def laplacian(u: PointFunction, axes: Axes = None) -> PointFunction:
    """Sum of the second derivatives in space; the last coordinate is time, unless ``axes`` names the coordinates."""
    return lambda x: expanded(u, x).isotropic(_coordinates(x, axes), 2)


def biharmonic(u: PointFunction, axes: Axes = None) -> PointFunction:
    """The Laplacian of the `laplacian`: a sum of fourth derivatives along few directions, see `fourth_order_directions`."""
    return lambda x: expanded(u, x).isotropic(_coordinates(x, axes), 4)


def gradient(u: PointFunction, axes: Axes = None) -> PointFunction:
    """Derivatives in space, (axis, component); the last coordinate is time, unless ``axes`` names the coordinates."""
    return lambda x: expanded(u, x).along(_coordinates(x, axes), 1)


def rate(u: PointFunction) -> PointFunction:
    """Derivative in time, the last coordinate."""
    return partial(u, -1)


def directional(
    u: PointFunction, vectors: Float[Array, "D d"], order: int, weights: Float[Array, " D"] | None = None
) -> PointFunction:
    """``sum_i w_i (v_i . grad)^order u``, the weights one by default."""
    return lambda x: expanded(u, x).derivative(Order(Directions(vectors, weights), order, summed=True))


class Expanded:
    """A function with its Taylor series at one point ``x``: the same function, whose derivatives at x share their parts.

    Made by `expanded` where several derivatives are asked for at a point: ``equation.residual(expanded(u, x), x)``.
    Then each coefficient is computed once, forward and backward. It lives in the trace that made it, and is asked for
    ``x`` itself, not a copy; anywhere else it is just ``u``.
    """

    def __init__(self, u: PointFunction, x: Float[Array, " d"]):
        self.u, self.x = u, x
        self._trace = jax.extend.core.get_opaque_trace_state()
        self._series = propagate(u, TaylorSeries.point(x))
        self._directions: dict[Hashable, Directions] = {}

    def __call__(self, x: Float[Array, " d"]) -> Inexact[Array, " c"]:
        return self._series.value if self.stands_at(x) else self.u(x)

    def propagate(self, x: TaylorSeries) -> TaylorSeries:
        """The series of ``u``."""
        return propagate(self.u, x)

    def stands_at(self, x: Array) -> bool:
        """Whether x is this point, and what is known of it may be used here."""
        return x is self.x and jax.extend.core.get_opaque_trace_state() == self._trace

    def along(self, axes: Sequence[int], order: int) -> Inexact[Array, "D c"]:
        """Derivatives of one order along several coordinates."""
        return self.derivative(Order(self._along(axes, 1), order))

    def isotropic(self, axes: Sequence[int], order: int) -> Inexact[Array, " c"]:
        """The Laplacian in some coordinates (order 2), or its square (order 4)."""
        if len(axes) == 1:
            return self.along(axes, order)[0]
        return self.derivative(Order(self._along(axes, order), order, summed=True))

    def derivative(self, order: Order) -> Inexact[Array, "*D c"]:
        """What the order names, as a derivative: the coefficient of the series times degree!."""
        found = self._series.coefficient(order)
        if found is None:
            return jnp.zeros(self._series.coefficient_shape(order), self._series.dtype)
        return math.factorial(order.degree) * found

    def _along(self, axes: Sequence[int], order: int) -> Directions:
        """The coordinate lines, or for order four the directions of the biharmonic operator; the same object each time."""
        d = len(self.x)
        axes, fourth = tuple(axis % d for axis in axes), order == 4
        if (axes, fourth) not in self._directions:
            units = (jnp.arange(d) == jnp.asarray(axes)[:, None]).astype(self.x.dtype)
            self._directions[axes, fourth] = _biharmonic_directions(units) if fourth else Directions(units)
        return self._directions[axes, fourth]


def expanded(u: PointFunction, x: Float[Array, " d"]) -> Expanded:
    """``u``, with a memory for its derivatives at ``x``; see `Expanded`."""
    if isinstance(u, Expanded):
        return u if u.stands_at(x) else Expanded(u.u, x)
    return Expanded(u, x)


def _coordinates(x: Float[Array, " d"], axes: Axes) -> tuple[int, ...]:
    return tuple(range(len(x) - 1) if axes is None else axes)


def _biharmonic_directions(units: Float[Array, "axes d"]) -> Directions:
    vectors, weights = fourth_order_directions(len(units))
    return Directions(jnp.asarray(vectors, units.dtype) @ units, jnp.asarray(weights, units.dtype))


def fourth_order_directions(dim: int) -> tuple[Float[np.ndarray, "D dim"], Float[np.ndarray, " D"]]:
    """Vectors v_i and weights w_i with ``sum_i w_i (v_i . k)^4 = |k|^4``: a biharmonic operator by fourth derivatives.

    The three lines at 60 degrees in the plane, the six diagonals of the icosahedron in space (projective designs:
    Delsarte, Goethals & Seidel, Geometriae Dedicata 6 (1977) 363); beyond, the axes and the diagonals e_i +- e_j, with
    ``(k_i + k_j)^4 + (k_i - k_j)^4 = 2 k_i^4 + 12 k_i^2 k_j^2 + 2 k_j^4``.
    """
    if dim == 2:
        angles = np.pi / 3 * np.arange(3)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1), np.full(3, 8 / 9)
    if dim == 3:
        golden = (1 + math.sqrt(5)) / 2
        corners = [np.roll([0.0, 1.0, sign * golden], turn) for turn in range(3) for sign in (1, -1)]
        return np.stack(corners) / math.hypot(1, golden), np.full(6, 5 / 6)
    axes = np.eye(dim)
    pairs = [axes[i] + sign * axes[j] for i, j in itertools.combinations(range(dim), 2) for sign in (1, -1)]
    weights = [1 - (dim - 1) / 3] * dim + [1 / 6] * len(pairs)
    return np.stack([*axes, *pairs]), np.asarray(weights)
