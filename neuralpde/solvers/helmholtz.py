"""Solver of -Laplace(u) - (w / c)^2 u = f on rectangles with data for du/dn: cosine Galerkin, deflated GMRES.

The unknowns are coefficients of cosines, which diagonalise the Laplacian. Media of waves change little about their mean,
so the equation is nearly diagonal but for the modes close to resonance, which a dense factorisation takes care of.
Solutions have singularities where data of the walls jump: what the cosines left out would hold is added in closed form.
"""

from __future__ import annotations

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.sparse.linalg import gmres
from jaxtyping import Array, Float, Int

from neuralpde.equations import Helmholtz, Strip
from neuralpde.errors import ArgumentError
from neuralpde.spaces import Field, FunctionSpace, Grid, Neumann
from neuralpde.spaces.series import Series, eigenfunctions

from .driven_sides import driven_sides, orthonormal
from .elliptic import sampled

NEAR = 192
"""Modes nearest to resonance, which are solved for at once."""


class HelmholtzSolution(eqx.Module):
    """A solution, how well the discrete equations are met, and how close the medium is to resonance.

    residual: |b - A u| / |b|. amplification: mean of k^2 over the distance of -Laplace - k^2 from a singular operator,
    by about which a relative change of k^2 is multiplied to give that of u.
    """

    field: Field
    residual: Float[Array, ""]
    amplification: Float[Array, ""]


@eqx.filter_jit
def solve_helmholtz(
    equation: Helmholtz, space: FunctionSpace, on: Grid, *, tolerance: float | None = None, restarts: int = 10
) -> HelmholtzSolution:
    """Solve -Laplace(u) - (w / c)^2 u = f on a rectangle for one speed and one source.

    ``space`` has one component and a `Neumann` condition on all four sides, whose datum is a number or a `Strip`.
    Speed and source are taken at the points of ``on``, a grid of layout ``nodes``. Half of the cosines that it resolves
    are unknowns, so that their products with the medium are free of aliasing. For smooth media whose normal derivative
    vanishes at the walls, as that of a series of cosines does, errors fall exponentially where no data jump and with
    order five where they do; for other smooth media with order two.

    ``tolerance`` is the relative residual at which the iteration ends, by default 1e-10 in float64 and 1e-5 in
    float32. Traceable; batches by ``vmap``. Raises ``ValueError`` for a grid or a space that the method cannot use.
    """
    _check(space, on)
    f, c = (jnp.broadcast_to(sampled(part, on), on.shape) for part in (equation.source, equation.speed))
    k2 = (equation.frequency / c) ** 2
    if tolerance is None:
        tolerance = 1e-10 if k2.dtype == jnp.float64 else 1e-5
    cosines = _cosines(on)
    mean = jnp.sum(on.weights().astype(k2.dtype) * k2) / on.domain.volume
    load = _load(space, cosines)
    b = cosines.coefficients(f) + load
    operator = lambda u: cosines.eigenvalues * u - cosines.coefficients(k2 * cosines.values(u))
    near = _near_resonance(on, cosines, k2, mean)
    u, _ = gmres(operator, b, M=near.inverse, tol=tolerance, restart=20, maxiter=restarts, solve_method="incremental")
    size = jnp.linalg.norm(b)
    residual = jnp.linalg.norm(b - operator(u)) / jnp.where(size > 0, size, 1.0)
    values = cosines.values(u) + _left_out(space, on, cosines, load, mean)
    return HelmholtzSolution(Field(values[..., None], on, space), residual, mean / jnp.min(jnp.abs(near.spectrum)))


class _Cosines(NamedTuple):
    """The unknowns: orthonormal cosines of each axis, at the points of a grid and under its quadrature."""

    series: tuple[Series, Series]
    bases: tuple[Float[Array, "n m"], Float[Array, "n m"]]
    weighted: tuple[Float[Array, "n m"], Float[Array, "n m"]]

    @property
    def eigenvalues(self) -> Float[Array, "m m"]:
        """Of -Laplace."""
        x, y = (series.kappa**2 for series in self.series)
        return x[:, None] + y

    def values(self, coefficients: Float[Array, "m m"]) -> Float[Array, "n n"]:
        x, y = self.bases
        return x @ coefficients @ y.T

    def coefficients(self, values: Float[Array, "n n"]) -> Float[Array, "m m"]:
        x, y = self.weighted
        return x.T @ values @ y


def _cosines(on: Grid) -> _Cosines:
    series = tuple(
        eigenfunctions(axis, "cosine", (n + 1) // 2) for axis, n in zip(on.domain.axes, on.shape, strict=True)
    )
    bases = tuple(orthonormal(s, on.axis_coords(axis)) for axis, s in enumerate(series))
    weighted = tuple(basis * on.axis_weights(axis)[:, None] for axis, basis in enumerate(bases))
    return _Cosines(series, bases, weighted)


class _NearResonance(NamedTuple):
    """-Laplace - k^2 between the modes whose eigenvalues are nearest to the mean of k^2, by its eigenvectors."""

    modes: Int[Array, " p"]
    spectrum: Float[Array, " p"]
    vectors: Float[Array, "p p"]
    far: Float[Array, "m m"]

    def inverse(self, r: Float[Array, "m m"]) -> Float[Array, "m m"]:
        """The exact inverse between these modes, and for each other mode that without a change of the medium."""
        flat = r.reshape(-1)
        solved = self.vectors @ ((self.vectors.T @ flat[self.modes]) / self.spectrum)
        return (flat / self.far.reshape(-1)).at[self.modes].set(solved).reshape(r.shape)


def _near_resonance(on: Grid, cosines: _Cosines, k2: Float[Array, "n n"], mean: Float[Array, ""]) -> _NearResonance:
    far = cosines.eigenvalues - mean
    _, modes = jax.lax.top_k(-jnp.abs(far).reshape(-1), min(NEAR, far.size))
    matrix = jnp.diag(cosines.eigenvalues.reshape(-1)[modes]) - _products(on, cosines, k2, modes)
    spectrum, vectors = jnp.linalg.eigh(matrix)
    return _NearResonance(modes, spectrum, vectors, far)


def _products(on: Grid, cosines: _Cosines, k2: Float[Array, "n n"], modes: Int[Array, " p"]) -> Float[Array, "p p"]:
    """Integrals of k^2 times two cosines each, from those times one: 2 cos a cos b = cos(a - b) + cos(a + b)."""
    sums = (eigenfunctions(axis, "cosine", n) for axis, n in zip(on.domain.axes, on.shape, strict=True))
    x, y = (s.basis(on.axis_coords(i)) * on.axis_weights(i)[:, None] for i, s in enumerate(sums))
    integrals = x.T @ k2 @ y
    m, n = jnp.divmod(modes, cosines.eigenvalues.shape[1])
    norm = jnp.sqrt(cosines.series[0].norm2[m] * cosines.series[1].norm2[n])
    pairs = lambda i: (jnp.abs(i[:, None] - i), i[:, None] + i)
    total = sum(integrals[i, j] for i in pairs(m) for j in pairs(n))
    return total / (4 * norm[:, None] * norm)


def _load(space: FunctionSpace, cosines: _Cosines) -> Float[Array, "m m"]:
    """Integrals of the data over the walls, times each cosine."""
    total = jnp.zeros_like(cosines.eigenvalues)
    for side in driven_sides(space):
        along, across = cosines.series[1 - side.axis], cosines.series[side.axis]
        total += side.oriented(side.moments(along)[:, None] * orthonormal(across, jnp.array([side.place]))[0])
    return total


def _left_out(
    space: FunctionSpace, on: Grid, cosines: _Cosines, load: Float[Array, "m m"], mean: Float[Array, ""]
) -> Float[Array, "n n"]:
    """The sum of the cosines that are no unknowns, in the mean medium.

    Their coefficients are load / (lambda - k^2), lambda the eigenvalue of -Laplace, which is much larger than k^2:
    1 / (lambda - k^2) = 1 / (lambda + s) + (k^2 + s) / (lambda + s)^2 + ... for a small s > 0, whose second term is minus
    the derivative of the first with respect to s. The sum over all cosines is known in closed form.
    """

    def first_term(s):
        everything = sum((side.screened(on, s) for side in driven_sides(space)), jnp.zeros(on.shape))
        return everything - cosines.values(load / (cosines.eigenvalues + s))

    s = 1.0 / max(on.domain.extents) ** 2
    first, slope = jax.jvp(first_term, (jnp.asarray(s, mean.dtype),), (jnp.ones((), mean.dtype),))
    return first - (mean + s) * slope


def _check(space: FunctionSpace, on: Grid) -> None:
    if space.dim != 2 or space.channels != 1 or on.domain != space.domain:
        raise ArgumentError(
            f"The Helmholtz solver finds one component on a rectangle, got {space.names} on {space.domain} and a grid on "
            f"{on.domain}; use one rectangle for both."
        )
    if on.layout != ("nodes", "nodes"):
        raise ArgumentError(
            f"The Helmholtz solver works on nodes, the grid has layout {on.layout}; use Grid(..., layout='nodes') and "
            "resample the solution."
        )
    for axis, sides in enumerate(space.boundary):
        for side in sides:
            strip = isinstance(side, Neumann) and isinstance(side.g, Strip) and side.g.axis == 1 - axis
            if not (isinstance(side, Neumann) and (strip or isinstance(side.g, int | float))):
                raise ArgumentError(
                    f"The Helmholtz solver wants Neumann conditions whose datum is a number or a Strip along the side, "
                    f"got {side} on axis {space.domain.bounds.names[axis]!r}."
                )
