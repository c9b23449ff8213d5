"""Cell-centred finite volumes for -div(a grad u) = f on boxes, in any number of dimensions.

The flux between two neighbouring cells is ``-a_face (u_right - u_left) / h`` with the harmonic mean of the
two coefficients, which is the exact flux where the coefficient is constant in each cell and varies along the
axis only (Patankar, "Numerical Heat Transfer and Fluid Flow", 1980, section 4.2-3). A wall lies half a cell
from its centre.
"""

from __future__ import annotations

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import (
    AbstractBoundaryCondition,
    Dirichlet,
    FunctionSpace,
    Grid,
    Neumann,
    Periodic,
    Robin,
)


class Diffusion(eqx.Module):
    """Symmetric operator of a network of cells: ``(A u)_i = sum over faces of t_face (u_i - u_neighbour)``.

    ``faces[k]`` holds the conductances of the faces normal to axis k, n_k + 1 along that axis: the first and
    the last are those of the walls, past which u is zero (on a periodic axis they are one and the same face).
    """

    faces: tuple[Float[Array, " ..."], ...]
    periodic: tuple[bool, ...] = eqx.field(static=True)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of cells along each axis."""
        return tuple(t.shape[axis] - 1 for axis, t in enumerate(self.faces))

    def __call__(self, u: Float[Array, "*cell"]) -> Float[Array, "*cell"]:
        # One padding for all axes and differences before products: the first is fast, the second accurate.
        beyond = jnp.pad(u, [(0, 0) if periodic else (1, 1) for periodic in self.periodic])
        outflow = jnp.zeros_like(u)
        for axis, t in enumerate(self.faces):
            lower, upper = self._neighbours(u, beyond, axis)
            outflow += along(t, axis, 0, -1) * (u - lower) + along(t, axis, 1) * (u - upper)
        return outflow

    def _neighbours(self, u, beyond, axis: int):
        if self.periodic[axis]:
            return jnp.roll(u, 1, axis), jnp.roll(u, -1, axis)
        inside = [slice(None) if periodic else slice(1, -1) for periodic in self.periodic]
        before, after = list(inside), list(inside)
        before[axis], after[axis] = slice(0, -2), slice(2, None)
        return beyond[tuple(before)], beyond[tuple(after)]

    def diagonal(self) -> Float[Array, "*cell"]:
        """Sum of the conductances of each cell's faces."""
        return sum(along(t, axis, 0, -1) + along(t, axis, 1) for axis, t in enumerate(self.faces))


def along(values: Array, axis: int, start: int | None, stop: int | None = None, step: int | None = None) -> Array:
    """``values[start:stop:step]`` along one axis."""
    return values[(slice(None),) * axis + (slice(start, stop, step),)]


def finite_volumes(
    a: Float[Array, "*cell"], f: Float[Array, "*cell"], space: FunctionSpace, on: Grid
) -> tuple[Diffusion, Float[Array, "*cell"]]:
    """The operator A and right hand side b of  A u = b, per unit of volume.

    ``a`` and ``f`` are the values at the cells of ``on``; the boundary conditions are those of ``space``.
    Raises ``ValueError`` for a condition that leaves the problem open (`Free`) or ill-posed.
    """
    faces, b = [], f
    for axis, (h, sides) in enumerate(zip(on.spacing, space.boundary, strict=True)):
        if isinstance(sides[0], Periodic):
            wrapped = jnp.concatenate([along(a, axis, -1), a, along(a, axis, 0, 1)], axis)
            faces.append(_harmonic(wrapped, axis) / h**2)
            continue
        conductances, inflows = [], []
        for upper, side in enumerate(sides):
            inward = jnp.flip(a, axis) if upper else a
            conductance, inflow = _wall(side, inward, on, axis, bool(upper))
            conductances.append(conductance)
            inflows.append(inflow)
        faces.append(jnp.concatenate([conductances[0], _harmonic(a, axis) / h**2, conductances[1]], axis))
        b = b + _in_first_and_last(inflows, axis, a.shape[axis])
    return Diffusion(tuple(faces), on.domain.periodic), b


def is_singular(space: FunctionSpace) -> bool:
    """Whether the conditions leave the solution free by a constant."""
    sides = [side for pair in space.boundary for side in pair]
    return all(isinstance(side, Periodic | Neumann) or (isinstance(side, Robin) and side.a == 0) for side in sides)


def _harmonic(a, axis):
    left, right = along(a, axis, 0, -1), along(a, axis, 1)
    return 2 * left * right / (left + right)


def _in_first_and_last(inflows, axis, n):
    first, last = inflows
    if n == 1:
        return first + last
    between = jnp.zeros((*first.shape[:axis], n - 2, *first.shape[axis + 1 :]), first.dtype)
    return jnp.concatenate([first, between, last], axis)


def _wall(side: AbstractBoundaryCondition, inward: Float[Array, "*cell"], on: Grid, axis: int, upper: bool):
    """Conductance of a wall and what flows in through it at u = 0, both over h.

    All conditions are ``alpha u + beta du/dn = g`` at the wall, with ``du/dn = (u_wall - u_cell) / (h / 2)``;
    eliminating u_wall leaves the inflow  a du/dn = (2 a / h) (g - alpha u_cell) / (alpha + 2 beta / h).
    ``inward`` is the coefficient with this wall at index 0.
    """
    h = on.spacing[axis]
    alpha, beta = _mixed(side, axis, on)
    # Where a flux is given the coefficient at the wall itself counts, to second order.
    a = along(inward, axis, 0, 1) if beta == 0 else _extrapolated(inward, axis)
    scale = 2 / h * a / (alpha + 2 * beta / h) / h

    def datum(x):
        # Every condition is linear in u, so its residual at u = 0 is -g.
        return -side.residual(lambda y: jnp.zeros(1, y.dtype), x, x)[0]

    g = jax.vmap(datum)(_wall_points(on, axis, upper)).reshape(a.shape).astype(a.dtype)
    return scale * alpha, scale * g


def _mixed(side: AbstractBoundaryCondition, axis: int, on: Grid):
    if isinstance(side, Dirichlet):
        return 1.0, 0.0
    if isinstance(side, Neumann):
        return 0.0, 1.0
    if isinstance(side, Robin) and side.a / side.b >= 0:
        return side.a, side.b
    raise ArgumentError(
        f"The elliptic solver cannot use {side} on axis {on.domain.names[axis]!r} of the solution's space: "
        "it needs Dirichlet, Neumann, Periodic, or Robin with a / b >= 0 on every side; give the space such "
        "conditions."
    )


def _extrapolated(a, axis):
    """Coefficient at the wall: linear in log(a) with a minmod slope.

    Second order where a is smooth, positive always, and the first cell's own value beside a jump.
    """
    logs = jnp.log(along(a, axis, 0, 3))
    if logs.shape[axis] < 3:
        return along(a, axis, 0, 1)
    slopes = -jnp.diff(logs, axis=axis)
    near, far = along(slopes, axis, 0, 1), along(slopes, axis, 1)
    slope = jnp.where(near * far > 0, jnp.sign(near) * jnp.minimum(jnp.abs(near), jnp.abs(far)), 0.0)
    return jnp.exp(along(logs, axis, 0, 1) + slope / 2)


def _wall_points(on: Grid, axis: int, upper: bool) -> Float[Array, "face d"]:
    wall = (on.domain.upper if upper else on.domain.lower)[axis]
    lines = [jnp.full(1, wall) if i == axis else on.axis_coords(i) for i in range(on.domain.dim)]
    points = jnp.stack(jnp.meshgrid(*lines, indexing="ij"), axis=-1)
    return points.reshape(math.prod(points.shape[:-1]), on.domain.dim)
