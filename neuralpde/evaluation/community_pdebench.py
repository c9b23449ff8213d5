"""The metrics of PDEBench (Takamoto et al., NeurIPS 2022), computed on the whole test set at once.

p is the prediction, q the truth, with samples b, times t, points x and channels c; S is the number of points. Its own
evaluation averages these numbers over batches, which makes those that do not average over samples first (cRMSE, fRMSE,
max) depend on the batch size; here there is one batch.

Which states enter differs between the versions of that evaluation: until October 2024 the given initial ones did, where
the prediction is the truth, which multiplies every mean by (T - T_0) / T.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from .community import Stacked, space_mean, stacked_pair

BANDS = {"low": (0, 4), "mid": (4, 12), "high": (12, None)}
"""Wavenumbers of the three parts of the spectrum."""

Values = Float[np.ndarray, "sample time *grid channel"]


def pdebench_metrics(
    prediction: Stacked,
    truth: Stacked,
    initial_frames: int = 10,
    include_initial_frames: bool = False,
    lengths: Sequence[float] | None = None,
) -> dict[str, float]:
    """``rmse``, ``nrmse``, ``crmse``, ``brmse``, ``frmse_low``, ``frmse_mid``, ``frmse_high`` and ``max`` of rollouts
    that begin with ``initial_frames`` given states.

    These states are left out, or with ``include_initial_frames`` averaged over as exact, as in the numbers published
    before October 2024. ``lengths`` are those of the axes (1 each where left out), by which fRMSE is scaled.

    - rmse: sqrt(mean_x (p - q)^2), then mean over b, t, c.
    - nrmse: sqrt(mean_x (p - q)^2 / mean_x q^2), then mean over b, t, c.
    - crmse: sqrt(mean_b (sum_x p - sum_x q)^2) / S, then mean over t, c.
    - brmse: root mean square over the points of all sides (an edge point counts once for each side it is on), then
      mean over b, t, c.
    - frmse: see `fourier_rmse`; then mean over t, c.
    - max: largest |p - q| over b and x, then mean over t, c.

    Raises ``ValueError`` where no state is left, or ``lengths`` are not one an axis.
    """
    p, q = stacked_pair(prediction, truth)
    lengths = (1.0,) * (p.ndim - 3) if lengths is None else tuple(lengths)
    if len(lengths) != p.ndim - 3:
        raise ValueError(f"pdebench_metrics needs one length an axis, {p.ndim - 3}, got {lengths}.")
    if not 0 <= initial_frames < p.shape[1]:
        raise ValueError(f"initial_frames={initial_frames} leaves none of {p.shape[1]} states; give fewer.")
    given = slice(0, initial_frames)
    if include_initial_frames:
        p = np.concatenate([q[:, given], p[:, initial_frames:]], axis=1)
    else:
        p, q = p[:, initial_frames:], q[:, initial_frames:]
    e = p - q
    grid, points = tuple(range(2, e.ndim - 1)), int(np.prod(e.shape[2:-1]))
    return {
        "rmse": float(np.sqrt(space_mean(e**2)).mean()),
        "nrmse": float(_ratio(np.sqrt(space_mean(e**2)), np.sqrt(space_mean(q**2))).mean()),
        "crmse": float((np.sqrt((e.sum(axis=grid) ** 2).mean(axis=0)) / points).mean()),
        "brmse": float(np.sqrt(_boundary_mean(e**2)).mean()),
        **{f"frmse_{band}": value for band, value in fourier_rmse(e, lengths).items()},
        "max": float(np.abs(e).max(axis=(0, *grid)).mean()),
    }


def fourier_rmse(e: Values, lengths: Sequence[float]) -> dict[str, float]:
    """Errors of the parts of the spectrum, of the error ``e``.

    E is the discrete Fourier transform over the grid. In one dimension |E_k|^2 for k = 0, ..., X/2; in more the sum of
    |E|^2 over the shell floor(|k|) of non-negative wavenumbers below half the number of points on each axis. Then the
    mean over b, the root, times the product of L_i / n_i over the axes; then the mean over the wavenumbers of a band,
    and over t, c. A band that the grid does not resolve is NaN.
    """
    shells = _shells(e)  # (sample, time, k, channel)
    scale = np.prod([length / n for length, n in zip(lengths, e.shape[2:-1], strict=True)])
    spectrum = np.sqrt(shells.mean(axis=0)) * scale  # (time, k, channel)
    bands = {name: spectrum[:, slice(*ends)] for name, ends in BANDS.items()}
    return {name: float(band.mean()) if band.size else math.nan for name, band in bands.items()}


def _shells(e: Values) -> Float[np.ndarray, "sample time k channel"]:
    shape = e.shape[2:-1]
    if len(shape) == 1:
        return np.abs(np.fft.rfft(e, axis=2)) ** 2
    power = np.abs(np.fft.fftn(e, axes=tuple(range(2, e.ndim - 1)))) ** 2
    halves = [n // 2 for n in shape]
    power = power[(slice(None), slice(None), *(slice(half) for half in halves))]
    radius = np.sqrt(sum(k.astype(float) ** 2 for k in np.meshgrid(*map(np.arange, halves), indexing="ij")))
    # Shells beyond the shortest axis are not complete and do not count.
    shells = np.floor(radius).astype(int).ravel()
    belongs = shells[:, None] == np.arange(min(halves))
    return np.einsum("btxc,xk->btkc", power.reshape(*power.shape[:2], -1, power.shape[-1]), belongs.astype(float))


def _boundary_mean(squares: Values) -> Float[np.ndarray, "sample time channel"]:
    """Mean over the points of all sides."""
    dim = squares.ndim - 3
    sides = [squares.take(end, axis=2 + axis) for axis, end in itertools.product(range(dim), (0, -1))]
    flat = [side.reshape(*side.shape[:2], -1, side.shape[-1]) for side in sides]
    return np.concatenate(flat, axis=2).mean(axis=2)


def _ratio(error: np.ndarray, norm: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return error / norm
