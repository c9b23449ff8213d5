"""Series along one axis: Fourier where it is periodic, sine or cosine where the walls are homogeneous.

A function on an axis [a, b] of length L is ``u(x) = sum_k c_k phi_k(x)`` with phi_k the eigenfunctions of the
Laplacian under the axis' boundary conditions. Analysis and synthesis are small matrices, the same for every layout.
"""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from .boundary import AbstractBoundaryCondition, Dirichlet, Neumann
from .box import Axis
from .grid import Grid

Sides = tuple[AbstractBoundaryCondition, AbstractBoundaryCondition]


def series_kind(axis: Axis, layout: str, sides: Sides) -> str | None:
    """``fourier``, ``chebyshev``, ``sine`` (both walls u = 0), ``cosine`` (both du/dn = 0), or None."""
    if axis.periodic:
        return "fourier"
    if layout == "chebyshev":
        return "chebyshev"
    homogeneous = all(getattr(side, "g", None) == 0 for side in sides)
    if homogeneous and all(isinstance(side, Dirichlet) for side in sides):
        return "sine"
    if homogeneous and all(isinstance(side, Neumann) for side in sides):
        return "cosine"
    return None


@dataclasses.dataclass(frozen=True)
class Series:
    """Eigenfunctions of -d^2/dx^2 on an axis: ``cos(kappa x + shift)`` with x measured from the lower end.

    ``kappa`` (modes,) are angular wavenumbers in the axis' units, ``norm2`` (modes,) the squared L2 norms of the
    eigenfunctions over the axis.
    """

    axis: Axis
    kappa: Float[Array, " modes"]
    shift: Float[Array, " modes"]
    norm2: Float[Array, " modes"]

    def basis(self, x: Float[Array, " m"], order: int = 0) -> Float[Array, "m modes"]:
        """Derivative of the given order of each eigenfunction at each coordinate."""
        phase = (x[:, None] - self.axis.lower) * self.kappa + self.shift + order * jnp.pi / 2
        return self.kappa**order * jnp.cos(phase)


def eigenfunctions(axis: Axis, kind: str, modes: int) -> Series:
    """The first ``modes`` eigenfunctions, by wavenumber (Fourier: 1, cos 1, sin 1, cos 2, sin 2, ...)."""
    i = jnp.arange(modes)
    if kind == "fourier":
        k = (i + 1) // 2
        kappa, shift = 2 * jnp.pi * k / axis.length, jnp.where((i % 2 == 0) & (i > 0), -jnp.pi / 2, 0.0)
    elif kind == "sine":
        k = i + 1
        kappa, shift = jnp.pi * k / axis.length, jnp.full(modes, -jnp.pi / 2)
    else:
        k = i
        kappa, shift = jnp.pi * k / axis.length, jnp.zeros(modes)
    return Series(axis, kappa, shift, jnp.where(k == 0, 1.0, 0.5) * axis.length)


def grid_series(grid: Grid, axis: int, kind: str) -> tuple[Series, Float[Array, "modes n"]]:
    """The series that a grid resolves along an axis, with the matrix from values to coefficients.

    The matrix inverts the synthesis exactly: it is the adjoint of the basis under the grid's quadrature, divided
    by the discrete norms, which are exact for the resolved modes (the last mode of an even periodic grid, of
    cosine nodes and of sine cells has a discrete norm twice its true one).
    """
    n, layout = grid.shape[axis], grid.layout[axis]
    modes = n - 2 if (kind == "sine" and layout == "nodes") else n
    series = eigenfunctions(grid.domain.axes[axis], kind, modes)
    x = grid.axis_coords(axis)
    if kind == "fourier" and n % 2 == 0:
        # Mode n/2 is seen only with the phase that does not vanish on the grid.
        centred = -series.kappa[-1] * (x[0] - series.axis.lower)
        series = dataclasses.replace(series, shift=series.shift.at[-1].set(centred))
    values = series.basis(x)
    weighted = values * grid.axis_weights(axis)[:, None]
    discrete_norm2 = jnp.sum(values * weighted, axis=0)
    return series, (weighted / discrete_norm2).T
