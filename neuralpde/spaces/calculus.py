"""Derivatives of fields along axes: spectral or by finite differences, in the domain's units."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError

from .chebyshev import differentiation_matrix
from .finite_difference import difference
from .grid import Grid
from .series import grid_series, series_kind
from .space import FunctionSpace

Method = str | int | None


def differentiate(
    values: Float[Array, "*grid c"], grid: Grid, axis: int, space: FunctionSpace, order: int, method: Method
) -> Float[Array, "*grid c"]:
    """Derivative of the given order along one axis.

    ``method`` is ``"spectral"``, or 2, 4 or 6 for finite differences of that order; None is spectral on periodic
    and Chebyshev axes and 4 on the others.

    Raises ``ValueError`` where the axis has no series (spectral) or no uniform spacing (differences).
    """
    box_axis, layout = grid.domain.axes[axis], grid.layout[axis]
    kind = series_kind(box_axis, layout, space.boundary[axis])
    if method is None:
        method = "spectral" if kind in ("fourier", "chebyshev") else 4
    if method == "spectral":
        return _spectral(values, grid, axis, kind, order)
    if method not in (2, 4, 6):
        raise ArgumentError(f"Derivative method is 'spectral', 2, 4, 6 or None, got {method!r}.")
    if layout == "chebyshev":
        raise ArgumentError(f"Axis {box_axis.name!r} has Chebyshev points; differentiate it with method='spectral'.")
    return difference(values, grid, axis, space, order, int(method))


def _spectral(values: Array, grid: Grid, axis: int, kind: str | None, order: int) -> Array:
    n, box_axis = grid.shape[axis], grid.domain.axes[axis]
    if kind == "fourier":
        return _fourier(values, n, axis, 2 * jnp.pi / box_axis.length, order)
    if kind == "chebyshev":
        matrix = jnp.asarray(differentiation_matrix(n) * 2 / box_axis.length, values.dtype)
        for _ in range(order):
            values = _along(matrix, values, axis)
        return values
    if kind in ("sine", "cosine"):
        series, analysis = grid_series(grid, axis, kind)
        synthesis = series.basis(grid.axis_coords(axis), order)
        return _along((synthesis @ analysis).astype(values.dtype), values, axis)
    raise ArgumentError(
        f"Axis {box_axis.name!r} has no series for a spectral derivative: it is neither periodic nor Chebyshev, and "
        "its walls are not both homogeneous Dirichlet or both homogeneous Neumann; use method=2, 4 or 6."
    )


def _fourier(values: Array, n: int, axis: int, unit: float, order: int) -> Array:
    k = jnp.arange(n // 2 + 1)
    # An odd derivative of the alternating mode vanishes on the grid.
    kept = (2 * k != n) if order % 2 else jnp.ones_like(k, bool)
    factor = jnp.where(kept, 1.0, 0.0) * (1j * unit * k) ** order
    shape = [1] * values.ndim
    shape[axis] = len(k)
    spectrum = jnp.fft.rfft(values, axis=axis) * factor.reshape(shape)
    return jnp.fft.irfft(spectrum, n, axis=axis).astype(values.dtype)


def _along(matrix: Array, values: Array, axis: int) -> Array:
    return jnp.moveaxis(jnp.tensordot(matrix, values, axes=(1, axis)), 0, axis)
