"""Steady flow in a square driven by its lid: collocation at Chebyshev points, and Newton's method.

Velocities are polynomials of degree N, pressure one of degree N - 2 through the inner points, at which momentum and mass
are balanced (Bernardi & Maday, "Spectral methods", Handbook of Numerical Analysis 5, 1997). With a lid that comes to rest
at its ends the velocity is continuous, but its slope is not, in the two upper corners: errors fall like N^-4, those of
the pressure, which grows like the logarithm of the distance to them, more slowly.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.polynomial.chebyshev import chebvander

from neuralpde.errors import ArgumentError
from neuralpde.spaces.chebyshev import differentiation_matrix

ITERATIONS, TOLERANCE = 20, 1e-10
Values = Float[np.ndarray, " n"]


def steady_cavity(lid: Values, viscosity: float) -> Float[np.ndarray, "n n 3"]:
    """Velocity (u, v) and pressure at n by n Chebyshev points (x, y) of the unit square, the pressure zero at (0, 0).

    lid: u at the points of the upper side, zero at both ends. Raises ``ValueError`` where Newton's method, which begins
    at rest, does not end within 20 steps.
    """
    n = len(lid)
    d = 2 * differentiation_matrix(n)
    inner = np.eye(n)[1:-1]
    first, second = inner @ d, inner @ d @ d
    dx, dy = np.kron(first, inner), np.kron(inner, first)
    laplace = np.kron(second, inner) + np.kron(inner, second)
    extension = _extension(n)
    px, py = np.kron(first @ extension, np.eye(n - 2)), np.kron(np.eye(n - 2), first @ extension)
    keep = np.kron(inner, inner)
    free = np.flatnonzero(keep.any(axis=0))
    u, v, p = np.zeros((n, n)), np.zeros(n * n), np.zeros(len(free))
    u[:, -1] = lid
    u = u.reshape(-1)
    for _ in range(ITERATIONS):
        a, b = u[free], v[free]
        u_x, u_y, v_x, v_y = dx @ u, dy @ u, dx @ v, dy @ v
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
        u[free], v[free], p = a - du, b - dv, p - dp
        if max(np.abs(du).max(), np.abs(dv).max()) < TOLERANCE:
            pressure = extension @ p.reshape(n - 2, n - 2) @ extension.T
            return np.stack([u.reshape(n, n), v.reshape(n, n), pressure - pressure[0, 0]], axis=-1)
    raise ArgumentError(
        f"Newton's method found no steady flow in the cavity for the viscosity {viscosity}; take a larger one."
    )


def _extension(n: int) -> Float[np.ndarray, "n m"]:
    """Values at n Chebyshev points of the polynomial through those at the m = n - 2 inner ones."""
    points = np.sin(np.pi * (2 * np.arange(n) - (n - 1)) / (2 * (n - 1)))
    basis = chebvander(points, n - 3)
    return basis @ np.linalg.inv(basis[1:-1])
