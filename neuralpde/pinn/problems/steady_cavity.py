"""Steady flow in a square driven by its lid: collocation at Chebyshev points, and Newton's method.

Velocities are polynomials of degree N, pressure one of degree N - 2 through the inner points, at which momentum and mass
are balanced (Bernardi & Maday, "Spectral methods", Handbook of Numerical Analysis 5, 1997). They are sought without the
flow that a lid which comes to rest at its ends drives in its two corners, for no polynomial comes close to its logarithm.
"""

from __future__ import annotations

import jax
import numpy as np
from jaxtyping import Float
from numpy.polynomial.chebyshev import chebvander

from neuralpde.errors import ArgumentError
from neuralpde.spaces.chebyshev import differentiation_matrix

from .driven_corners import driven_corners

ITERATIONS, TOLERANCE = 20, 1e-10
Values = Float[np.ndarray, " n"]


def steady_cavity(lid: Values, viscosity: float) -> Float[np.ndarray, "n n 3"]:
    """Velocity (u, v) and pressure at n by n Chebyshev points (x, y) of the unit square, without the corners' flow.

    `driven_corners` with the slopes of the lid at its ends is to be added; the pressure then is zero at (0, 0). lid: u at
    the points of the upper side, zero at both ends. Raises ``ValueError`` where Newton's method, which begins at rest,
    does not end within 20 steps.
    """
    n = len(lid)
    d = 2 * differentiation_matrix(n)
    inner = np.eye(n)[1:-1]
    first, second = inner @ d, inner @ d @ d
    dx, dy = np.kron(first, inner), np.kron(inner, first)
    laplace = np.kron(second, inner) + np.kron(inner, second)
    extension = _extension(n)
    px, py = np.kron(first @ extension, np.eye(n - 2)), np.kron(np.eye(n - 2), first @ extension)
    free = np.flatnonzero(np.kron(inner, inner).any(axis=0))
    corners, gradients = _corners(lid, d, viscosity)
    (s_u, s_v), (s_ux, s_uy), (s_vx, s_vy) = corners[free, :2].T, gradients[free, 0].T, gradients[free, 1].T
    walls = np.zeros((n, n))
    walls[:, -1] = lid
    u, v, p = walls.reshape(-1) - corners[:, 0], -corners[:, 1], np.zeros(len(free))
    u[free], v[free] = -s_u, -s_v
    for _ in range(ITERATIONS):
        a, b = s_u + u[free], s_v + v[free]
        u_x, u_y, v_x, v_y = s_ux + dx @ u, s_uy + dy @ u, s_vx + dx @ v, s_vy + dy @ v
        misses = [
            a * u_x + b * u_y + px @ p - viscosity * (laplace @ u),
            a * v_x + b * v_y + py @ p - viscosity * (laplace @ v),
            u_x + v_y,
            [p.sum()],
        ]
        moved = (a[:, None] * dx + b[:, None] * dy - viscosity * laplace)[:, free]
        none, column = np.zeros_like(moved), np.zeros((len(free), 1))
        # Mass is balanced up to a constant, which turns out as zero: the pressure is known up to one.
        jacobian = np.block(
            [
                [moved + np.diag(u_x), np.diag(u_y), px, column],
                [np.diag(v_x), moved + np.diag(v_y), py, column],
                [dx[:, free], dy[:, free], none, column + 1],
                [column.T, column.T, column.T + 1, np.zeros((1, 1))],
            ]
        )
        du, dv, dp, _ = np.split(np.linalg.solve(jacobian, np.concatenate(misses)), np.cumsum([len(free)] * 3))
        u[free], v[free], p = u[free] - du, v[free] - dv, p - dp
        if max(np.abs(du).max(), np.abs(dv).max()) < TOLERANCE:
            pressure = extension @ p.reshape(n - 2, n - 2) @ extension.T
            pressure -= pressure[0, 0] + corners[0, 2]
            return np.stack([u.reshape(n, n), v.reshape(n, n), pressure], axis=-1)
    raise ArgumentError(
        f"Newton's method found no steady flow in the cavity for the viscosity {viscosity}; take a larger one."
    )


def _corners(
    lid: Values, d: Float[np.ndarray, "n n"], viscosity: float
) -> tuple[Float[np.ndarray, "m 3"], Float[np.ndarray, "m 3 2"]]:
    """The corners' flow at all points, and its derivatives."""
    with jax.enable_x64(True):
        x = (1 + chebyshev_points(len(lid))) / 2
        points = np.stack(np.meshgrid(x, x, indexing="ij"), -1).reshape(-1, 2)
        slopes = (float(d[0] @ lid), -float(d[-1] @ lid))
        flow = lambda x: driven_corners(x, viscosity, slopes)
        values, slopes_of = jax.jit(jax.vmap(lambda x: (flow(x), jax.jacfwd(flow)(x))))(points)
    return np.asarray(values), np.asarray(slopes_of)


def chebyshev_points(n: int) -> Values:
    """``-cos(pi j / (n - 1))`` for j = 0, 1, ..., n - 1, rounded alike at both ends."""
    return np.sin(np.pi * (2 * np.arange(n) - (n - 1)) / (2 * (n - 1)))


def _extension(n: int) -> Float[np.ndarray, "n m"]:
    """Values at n Chebyshev points of the polynomial through those at the m = n - 2 inner ones."""
    basis = chebvander(chebyshev_points(n), n - 3)
    return basis @ np.linalg.inv(basis[1:-1])
