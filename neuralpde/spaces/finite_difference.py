"""Central differences of even order that keep their order up to the walls.

Past a wall the values are continued by the polynomial through the nearest points that meets the boundary
condition there; the central stencil then acts everywhere alike.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.polynomial import chebyshev

from neuralpde.errors import ArgumentError

from .boundary import AbstractBoundaryCondition, Dirichlet, Neumann, Robin, datum_at
from .grid import Grid
from .space import FunctionSpace


def stencil(half_width: int, order: int) -> np.ndarray:
    """Weights of the central difference for the derivative of the given order, with unit spacing."""
    return _moments(np.arange(-half_width, half_width + 1.0), order)


def _moments(offsets: np.ndarray, order: int) -> np.ndarray:
    """Weights that are exact on polynomials: sum_j w_j s_j^k = k! [k = order]."""
    powers = np.vander(offsets, increasing=True).T
    right = np.zeros(len(offsets))
    right[order] = math.factorial(order)
    return np.linalg.solve(powers, right)


def difference(
    values: Float[Array, "*grid c"], grid: Grid, axis: int, space: FunctionSpace, order: int, accuracy: int
) -> Float[Array, "*grid c"]:
    """Derivative of the given order along one axis of a uniform layout, of even ``accuracy``.

    Raises ``ValueError`` where the axis has too few points for the stencil.
    """
    n, h = grid.shape[axis], grid.spacing[axis]
    half = (accuracy + 2 * ((order + 1) // 2) - 1) // 2
    if n < accuracy + order:
        raise ArgumentError(
            f"A difference of order {accuracy} for derivative {order} needs {accuracy + order} points on axis "
            f"{grid.domain.axes[axis].name!r}, got {n}; refine the grid or choose a lower order."
        )
    values = jnp.moveaxis(values, axis, 0)
    if grid.domain.axes[axis].periodic:
        extended = jnp.concatenate([values[-half:], values, values[:half]])
    else:
        below, above = (
            _ghosts(values, grid, axis, side, condition, half, accuracy + order)
            for side, condition in enumerate(space.boundary[axis])
        )
        extended = jnp.concatenate([below, values, above])
    weights = stencil(half, order) / h**order
    out = sum(float(w) * extended[i : i + n] for i, w in enumerate(weights) if w != 0)
    return jnp.moveaxis(out, 0, axis)


def _ghosts(values, grid, axis, side, condition: AbstractBoundaryCondition, count: int, conditions: int) -> Array:
    """``count`` values past a wall, in the order of the axis."""
    if side == 1:
        values = values[::-1]
    nodes = grid.layout[axis] == "nodes"
    # Distance from the wall into the domain, in steps.
    first = 0.0 if nodes else 0.5
    # A Dirichlet node stores the wall's value already; a free wall is continued through points alone.
    constrained = isinstance(condition, Neumann | Robin) or (isinstance(condition, Dirichlet) and not nodes)
    points = conditions - constrained
    # Chebyshev polynomials of the distance, mapped to [-1, 1]: monomials would lose half of the digits.
    near, far = first - count, first + points - 1
    basis = lambda s: chebyshev.chebvander((2 * s - near - far) / (far - near), conditions - 1)
    rows = basis(first + np.arange(points))
    if constrained:
        # b du/dn = -b/h du/ds with s the distance inwards in steps.
        a, b = {Dirichlet: (1.0, 0.0), Neumann: (0.0, 1.0)}.get(type(condition)) or (condition.a, condition.b)
        wall = (-near - far) / (far - near)
        slope = chebyshev.chebval(wall, chebyshev.chebder(np.eye(conditions))) * 2 / (far - near)
        rows = np.concatenate([rows, (a * basis(np.zeros(1))[0] - b / grid.spacing[axis] * slope)[None]])
    weights = basis(first - 1 - np.arange(count)) @ np.linalg.inv(rows)
    out = jnp.tensordot(jnp.asarray(weights[:, :points], values.dtype), values[:points], axes=1)
    if constrained:
        last = jnp.asarray(weights[:, -1], values.dtype).reshape(-1, *[1] * (values.ndim - 1))
        out = out + last * _wall_data(condition, grid, axis, side)
    return out[::-1] if side == 0 else out


def _wall_data(condition, grid: Grid, axis: int, side: int) -> Array:
    """Boundary data on the points of a face, broadcastable to (*face, c)."""
    g = condition.g
    if not callable(g):
        return jnp.asarray(g, dtype=float)
    box = grid.domain
    wall = box.upper[axis] if side else box.lower[axis]
    face = [grid.axis_coords(i) for i in range(box.dim) if i != axis]
    coords = jnp.stack(jnp.meshgrid(*face, indexing="ij"), axis=-1) if face else jnp.zeros((0,))
    x = jnp.insert(coords, axis, wall, axis=-1)
    value = lambda point: datum_at(g, point)
    for _ in face:
        value = jax.vmap(value)
    return value(x)
