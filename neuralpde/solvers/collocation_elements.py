"""The equations of collocation on elements, and their Jacobian matrix: what `boundary_value` solves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.sparse import coo_array
from scipy.sparse.linalg import SuperLU, splu

from neuralpde.spaces.chebyshev import differentiation_matrix, interpolation_matrix

Unknowns = Float[np.ndarray, " unknowns"]
"""Values at the points from left to right, n numbers each, and then the parameters."""


@dataclasses.dataclass(frozen=True)
class Compiled:
    """Traced functions of the values y (elements, s + 1, n) and parameters p, for all meshes.

    ``h (y' - rate(x, y, p))`` at the Gauss points x (elements, s) of elements of length h, its derivatives by y and p,
    and the conditions at both ends with theirs.
    """

    missed: Callable
    derivatives: Callable
    ends: Callable
    ends_derivatives: Callable
    degree: int

    @classmethod
    def of(cls, rate: Callable, ends: Callable, degree: int) -> Compiled:
        value = np.asarray(interpolation_matrix(degree + 1, jnp.asarray(gauss_points(degree))))
        slope = 2 * value @ differentiation_matrix(degree + 1)

        def missed(y, p, x, h):
            return slope @ y - h * jax.vmap(rate, (0, 0, None))(x, value @ y, p)

        each = lambda f: jax.jit(jax.vmap(f, (0, None, 0, 0)))
        by_ends = jax.jacfwd(ends, (0, 1, 2))
        return cls(each(missed), each(jax.jacfwd(missed, (0, 1))), jax.jit(ends), jax.jit(by_ends), degree)


def gauss_points(degree: int) -> Float[np.ndarray, " s"]:
    """As many as the degree, on [-1, 1]."""
    return np.polynomial.legendre.leggauss(degree)[0]


class ElementEquations:
    """The equations on a mesh for n components and k parameters.

    points: of each element, s + 1 Chebyshev points, (elements, s + 1); neighbours share one.
    """

    def __init__(self, compiled: Compiled, mesh: Float[np.ndarray, " nodes"], n: int, k: int):
        self.compiled, self.mesh, self.n, self.k = compiled, mesh, n, k
        degree, lengths = compiled.degree, np.diff(mesh)
        unit = np.sin(np.pi * (2 * np.arange(degree + 1) - degree) / (2 * degree))
        inside = lambda at: mesh[:-1, None] + lengths[:, None] * (1 + at) / 2
        self.points, self._at = inside(unit), (inside(gauss_points(degree)), lengths)
        self.shared = np.arange(len(lengths))[:, None] * degree + np.arange(degree + 1)

    def values(self, z: Unknowns) -> tuple[np.ndarray, np.ndarray]:
        """Values (elements, s + 1, n) and parameters (k,)."""
        y, p = np.split(z, [len(z) - self.k])
        return y.reshape(-1, self.n)[self.shared], p

    def misses(self, z: Unknowns) -> Unknowns:
        """By how much all equations are missed."""
        y, p = self.values(z)
        return np.concatenate(
            [np.ravel(self.compiled.missed(y, p, *self._at)), np.ravel(self.compiled.ends(y[0, 0], y[-1, -1], p))]
        )

    def factors(self, z: Unknowns) -> SuperLU:
        """The Jacobian matrix of the equations, factorised: blocks on the diagonal, bordered by parameters and ends."""
        y, p = self.values(z)
        n, elements = self.n, len(y)
        by_value, by_parameter = (np.asarray(part) for part in self.compiled.derivatives(y, p, *self._at))
        by_ends = [np.asarray(part) for part in self.compiled.ends_derivatives(y[0, 0], y[-1, -1], p)]
        own = (self.shared[..., None] * n + np.arange(n)).reshape(elements, 1, -1)
        parameters = len(z) - self.k + np.arange(self.k)
        equations = np.arange(elements * (own.shape[2] - n)).reshape(elements, -1, 1)
        conditions = np.arange(equations.size, len(z))[:, None]
        columns = np.concatenate([np.arange(n), own[-1, 0, -n:], parameters])
        blocks = [
            (equations, own, by_value.reshape(*equations.shape[:2], own.shape[2])),
            (equations, parameters, by_parameter.reshape(*equations.shape[:2], self.k)),
            (conditions, columns, np.concatenate(by_ends, axis=1)),
        ]
        i, j, entries = zip(*(_spread(*block) for block in blocks), strict=True)
        together: Any = (np.concatenate(entries), (np.concatenate(i), np.concatenate(j)))
        return splu(coo_array(together, shape=(len(z), len(z))).tocsc())


def _spread(rows: np.ndarray, columns: np.ndarray, entries: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and entries of a block, one a nonzero."""
    return tuple(part.reshape(-1) for part in np.broadcast_arrays(rows, columns, entries))
