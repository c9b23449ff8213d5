"""Boundary value problems ``y' = f(x, y, p)`` with unknown parameters, such as eigenvalues, by collocation on elements.

On each element y is a polynomial of degree s that meets the equation at the s Gauss points, as the Gauss Runge-Kutta
method does: errors fall like h^(2 s) at the ends of the elements, and like h^(s + 1) between them. Ascher, Mattheij &
Russell, "Numerical Solution of Boundary Value Problems for Ordinary Differential Equations", SIAM 1995, chapter 5.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces.chebyshev import interpolation_matrix

from .collocation_elements import Compiled, ElementEquations, Unknowns

Values = Callable[[Float[np.ndarray, " m"]], Float[np.ndarray, "m n"]]
SMALLEST_DAMPING = 2.0**-10
SMOOTHINGS = 16
"""Of the density of nodes: it changes little over about four times its sampling, that is one element."""


@dataclasses.dataclass(frozen=True)
class BoundaryValueSolution:
    """A polynomial on each element of a mesh, by its values at s + 1 Chebyshev points, and the parameters found."""

    mesh: Float[np.ndarray, " nodes"]
    values: Float[np.ndarray, "elements points n"]
    parameters: Float[np.ndarray, " k"]

    def __call__(self, x: Float[np.ndarray, " m"]) -> Float[np.ndarray, "m n"]:
        """The solution at points of the interval."""
        at = np.clip(np.searchsorted(self.mesh, x, side="right") - 1, 0, len(self.values) - 1)
        unit = 2 * (x - self.mesh[at]) / np.diff(self.mesh)[at] - 1
        with jax.enable_x64(True):
            weights = np.asarray(interpolation_matrix(self.values.shape[1], jnp.asarray(unit)))
        return np.einsum("ms,msn->mn", weights, self.values[at])

    def equidistributed(self, elements: int) -> Float[np.ndarray, " nodes"]:
        """A mesh for the same solution: half of its elements spread evenly, half where the components change.

        Element lengths change gradually, as the density of nodes is smoothed over neighbours.
        """
        pieces = np.linspace(self.mesh[:-1], self.mesh[1:], 4, endpoint=False)
        x = np.append(np.sort(pieces, axis=None), self.mesh[-1])
        changes = np.abs(np.diff(self(x), axis=0))
        shares = changes / np.maximum(changes.sum(axis=0), np.finfo(float).tiny)
        lengths = np.diff(x) / np.ptp(x) + shares.mean(axis=1)
        density = lengths / np.diff(x)
        for _ in range(SMOOTHINGS):
            density = np.convolve(np.pad(density, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
        total = np.concatenate([[0.0], np.cumsum(density * np.diff(x))])
        nodes = np.interp(np.linspace(0, total[-1], elements + 1), total, x)
        nodes[[0, -1]] = self.mesh[[0, -1]]
        return nodes


def solve_boundary_value(
    rate: Callable,
    ends: Callable,
    mesh: Float[np.ndarray, " nodes"],
    guess: Values,
    parameters: Float[np.ndarray, " k"],
    *,
    degree: int = 4,
    adapted: int = 0,
    tolerance: float = 1e-9,
    max_iterations: int = 50,
) -> BoundaryValueSolution:
    """y (n,) and p (k,) with ``y' = rate(x, y, p)`` between the nodes of ``mesh`` and ``ends(y(a), y(b), p) = 0``.

    ``ends`` gives n + k numbers; it and ``rate`` are traced by JAX. Newton's method from ``guess``, values at points, and
    ``parameters``, damped by the natural test of monotonicity (Deuflhard, "Newton Methods for Nonlinear Problems",
    Springer 2004, section 3.3). It ends when a step is at most ``tolerance`` times the largest value of each component.
    ``adapted`` times the mesh is replaced by one that follows the solution (`BoundaryValueSolution.equidistributed`) and
    the problem solved again. In float64. Raises ``ValueError`` where there is no convergence.
    """
    with jax.enable_x64(True):
        compiled = Compiled.of(rate, ends, degree)
        solved = lambda mesh, guess, p: _solved(compiled, mesh, guess, p, tolerance, max_iterations)
        found = solved(np.asarray(mesh, float), guess, np.asarray(parameters, float))
        for _ in range(adapted):
            found = solved(found.equidistributed(len(mesh) - 1), found, found.parameters)
    return found


def _solved(
    compiled: Compiled,
    mesh: Float[np.ndarray, " nodes"],
    guess: Values,
    parameters: Float[np.ndarray, " k"],
    tolerance: float,
    max_iterations: int,
) -> BoundaryValueSolution:
    equations = ElementEquations(compiled, mesh, guess(mesh).shape[1], len(parameters))
    y, damping = guess(np.append(equations.points[:, :-1], mesh[-1])), 1.0
    z = np.concatenate([y.reshape(-1), parameters])
    for _ in range(max_iterations):
        solve, scale = equations.factors(z).solve, _scale(z, equations)
        step = solve(-equations.misses(z))
        size = _norm(step / scale)
        if size <= tolerance:
            return BoundaryValueSolution(mesh, *equations.values(z + step))
        descends = lambda tried, part, f=solve, s=scale, now=size: (
            _norm(f(-equations.misses(tried)) / s) <= (1 - part / 4) * now
        )
        z, damping = _damped(z, step, min(1.0, 4 * damping), descends)
        if damping == 0:
            break
    raise ArgumentError(
        f"Newton's method found no solution of the boundary value problem on {len(mesh) - 1} elements; begin nearer to "
        "one, or take more elements."
    )


def _damped(
    z: Unknowns, step: Unknowns, damping: float, descends: Callable[[Unknowns, float], bool]
) -> tuple[Unknowns, float]:
    """The point along a step that passes the test, and the part of the step; no part where none does."""
    while damping >= SMALLEST_DAMPING:
        if descends(z + damping * step, damping):
            return z + damping * step, damping
        damping /= 2
    return z, 0.0


def _norm(step: Unknowns) -> float:
    return float(np.sqrt(np.mean(step**2)))


def _scale(z: Unknowns, equations: ElementEquations) -> Unknowns:
    """The largest value of each component, and the parameters, in the places of the unknowns."""
    y, p = np.split(z, [len(z) - equations.k])
    largest = np.abs(y.reshape(-1, equations.n)).max(axis=0)
    sizes = np.concatenate([np.tile(largest, len(y) // equations.n), np.abs(p)])
    return np.where(sizes > 0, sizes, 1.0)
