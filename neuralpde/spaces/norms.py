"""Norms and distances of functions, as integrals with quadrature weights.

Each takes ONE function or pair and reduces over the domain and the channels; averages over samples are the
caller's, and always come last.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError

from .calculus import Method
from .field import Field
from .grid import Grid
from .series import grid_series, series_kind


def lp_norm(u: Field, p: float | int = 2) -> Float[Array, ""]:
    """``(integral of sum_c |u_c|^p)^(1/p)``; the largest absolute value for ``p = inf``."""
    return u.norm(p)


def h1_norm(u: Field, method: Method = None) -> Float[Array, ""]:
    """``(|u|^2 + |grad u|^2)^(1/2)``, L2 norms over domain and channels; derivatives as in `Field.grad`."""
    return jnp.sqrt(u.norm() ** 2 + u.grad(method).norm() ** 2)


def sobolev_norm(u: Field, s: float | int) -> Float[Array, ""]:
    """Spectral H^s norm ``(sum_k (1 + |kappa_k|^2)^s c_k^2)^(1/2)`` over orthonormal modes, summed over channels.

    kappa are angular wavenumbers in the domain's units. On an even number of periodic points the alternating mode
    counts as the cosine it stands for, of half the weight that quadrature gives it. Raises ``ValueError`` unless
    every axis has a Fourier, sine or cosine series.
    """
    if not isinstance(u.on, Grid):
        raise ArgumentError("The spectral H^s norm needs a grid; resample the field to one first.")
    values, squared = u.values, jnp.zeros(())
    for axis, box_axis in enumerate(u.space.domain.axes):
        kind = series_kind(box_axis, u.on.layout[axis], u.space.boundary[axis])
        if kind not in ("fourier", "sine", "cosine"):
            raise ArgumentError(f"Axis {box_axis.name!r} has no Fourier, sine or cosine series; use h1_norm.")
        series, analysis = grid_series(u.on, axis, kind)
        matrix = (jnp.sqrt(series.norm2)[:, None] * analysis).astype(values.dtype)
        values = jnp.moveaxis(jnp.tensordot(matrix, values, axes=(1, axis)), 0, axis)
        squared = squared[..., None] + series.kappa**2
    return jnp.sqrt(jnp.sum((1 + squared[..., None]) ** s * values**2))


def relative_lp(prediction: Field, truth: Field, p: float | int = 2) -> Float[Array, ""]:
    """``|prediction - truth|_p / |truth|_p``, each norm over domain and channels."""
    return (prediction - truth).norm(p) / truth.norm(p)


def relative_l2(prediction: Field, truth: Field) -> Float[Array, ""]:
    """``|prediction - truth| / |truth|`` in L2 over domain and channels."""
    return relative_lp(prediction, truth, 2)


def relative_h1(prediction: Field, truth: Field, method: Method = None) -> Float[Array, ""]:
    """``|prediction - truth| / |truth|`` in H1 over domain and channels."""
    return h1_norm(prediction - truth, method) / h1_norm(truth, method)


def mgno_h1(prediction: Field, truth: Field, cutoff: int = 20) -> Float[Array, ""]:
    """The functional that the MgNO paper trains with and reports as its H1 error; not a Sobolev norm.

    Both fields are Fourier transformed on index space, as if periodic, and weighted by ``sqrt(1 + |k|^2)`` with
    integer wavenumbers; wavenumbers with some |k_j| >= cutoff get weight zero. Ratio of l2 norms over modes and
    channels. He, Liu, Xu, arXiv 2310.19809.
    """
    if not isinstance(truth.on, Grid):
        raise ArgumentError("mgno_h1 is defined on grids; resample the fields to one first.")
    axes = tuple(range(truth.space.dim))
    k = jnp.meshgrid(*(jnp.fft.fftfreq(n, 1 / n) for n in truth.on.shape), indexing="ij")
    kept = jnp.all(jnp.abs(jnp.stack(k)) < cutoff, axis=0)
    weight = jnp.where(kept, jnp.sqrt(1 + sum(kj**2 for kj in k)), 0.0)[..., None]

    def size(values):
        return jnp.sqrt(jnp.sum(jnp.abs(jnp.fft.fftn(values, axes=axes, norm="ortho") * weight) ** 2))

    return size((prediction - truth).values) / size(truth.values)
