"""Resampling of band-limited functions, and activations that stay band-limited (Raonic et al., NeurIPS 2023)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.spaces import Periodic

from .padding import Sides


def band_limited(
    x: Float[Array, "*n c"], shape: Sequence[int], boundary: Sequence[Sides], layout: Sequence[str]
) -> Float[Array, "*m c"]:
    """The function with values ``x``, on a grid of another ``shape``, without the waves which either cannot hold.

    On a periodic axis the waves are ``exp(2 pi i k s)``, ``|k| < min(n, m) / 2``; between walls they are
    ``cos(pi k s)``, ``k < min(n, m)``, with points in the middle of n equal cells of s in [0, 1].
    """
    for axis, (m, sides) in enumerate(zip(shape, boundary, strict=True)):
        periodic = isinstance(sides[0], Periodic)
        offset = 0.0 if layout[axis] == "periodic" else 0.5
        matrix = jnp.asarray(_resampling_matrix(x.shape[axis], m, periodic, offset), x.dtype)
        x = jnp.moveaxis(jnp.tensordot(matrix, x, axes=(1, axis)), 0, axis)
    return x


def filtered_activation(
    x: Float[Array, "*n c"],
    shape: Sequence[int],
    activation: Callable[[Array], Array],
    boundary: Sequence[Sides],
    layout: Sequence[str],
) -> Float[Array, "*m c"]:
    """``R sigma(U x)``: x on a grid of twice as many points an axis, activated there, filtered down to ``shape``.

    An activation at the points makes waves that the grid takes for others. Most of those that a finer grid can tell
    apart are removed here, so that the layer is an operator on functions.
    """
    fine = [2 * max(n, m) for n, m in zip(x.shape[:-1], shape, strict=True)]
    return band_limited(activation(band_limited(x, fine, boundary, layout)), shape, boundary, layout)


@functools.lru_cache(maxsize=64)
def _resampling_matrix(n: int, m: int, periodic: bool, offset: float) -> Float[np.ndarray, "m n"]:
    """Synthesis on m points of the coefficients that n points have. A constant of the program, not a part of it: XLA
    would compute all the cosines in every call."""
    if not periodic:
        offset = 0.5
    waves = (min(n, m) + 1) // 2 if periodic else min(n, m)
    k = np.arange(waves)
    weight = np.where(k == 0, 1.0, 2.0) / n
    source, target = (k * (np.arange(size)[:, None] + offset) / size for size in (n, m))
    if not periodic:
        return np.cos(np.pi * target) @ (weight[:, None] * np.cos(np.pi * source).T)
    waves_of = lambda s: np.concatenate([np.cos(2 * np.pi * s), np.sin(2 * np.pi * s)], axis=1)
    return (waves_of(target) * np.tile(weight, 2)) @ waves_of(source).T
