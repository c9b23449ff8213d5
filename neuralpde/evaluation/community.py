"""Metrics of other communities, exactly as they reduce: for numbers that stand beside published ones.

Truth and prediction are stacked trajectories of shape (sample, time, *grid, channel); ``field`` reduces over the points
of the grid with equal weights, as these communities do. A name says whose metric it is, a docstring what is reduced over
what, in which order: "relative L2" and "nRMSE" have at least five meanings. Arithmetic is float64 on the host.

Metrics of operators with quadrature are in `metrics`.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Array, Float, Shaped

from neuralpde.spaces import Field, Trajectory

Stacked = Field | Trajectory | Shaped[Array, "..."] | Shaped[np.ndarray, "..."]

WELL_EPSILON = 1e-7
"""Added to squares in the denominators of The Well."""


def stacked_pair(prediction: Stacked, truth: Stacked) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 arrays of shape (sample, time, *grid, channel).

    Raises ``ValueError`` where shapes differ, an axis is missing, or there is nothing to reduce.
    """
    p, q = (np.asarray(_values(part), np.float64) for part in (prediction, truth))
    if p.shape != q.shape or p.ndim < 4 or p.size == 0:
        raise ValueError(
            f"Metrics of trajectories compare two arrays of one shape (sample, time, *grid, channel), got {p.shape} and "
            f"{q.shape}; stack samples and times in front, give a scalar field an axis of one channel."
        )
    return p, q


def space_mean(values: Float[np.ndarray, "sample time *grid channel"]) -> Float[np.ndarray, "sample time channel"]:
    """Mean over the points of the grid."""
    return values.mean(axis=tuple(range(2, values.ndim - 1)))


def sinenet_scaled_l2(prediction: Stacked, truth: Stacked) -> float:
    """Scaled L2 error of SineNet (Zhang et al., ICLR 2024): ||p - q|| / ||q|| over space for each sample, time and
    channel, then the plain mean over all of them. Vector components are channels of their own; a channel that is zero
    everywhere gives infinity or NaN, as there.
    """
    p, q = stacked_pair(prediction, truth)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.mean(np.sqrt(space_mean((p - q) ** 2) / space_mean(q**2))))


def pdearena_summed_mse(prediction: Stacked, truth: Stacked) -> float:
    """Mean square error of PDEArena (Gupta & Brandstetter, TMLR 2023): the square averaged over space and samples,
    **summed** over time and channels.
    """
    p, q = stacked_pair(prediction, truth)
    return float(space_mean((p - q) ** 2).mean(axis=0).sum())


def fno_block_error(prediction: Stacked, truth: Stacked) -> float:
    """Relative L2 error of the FNO papers (Li et al., ICLR 2021): ||p - q|| / ||q|| over the whole block of space, time
    and channels of a sample, then the mean over samples.
    """
    p, q = (part.reshape(len(part), -1) for part in stacked_pair(prediction, truth))
    return float(np.mean(np.linalg.norm(p - q, axis=1) / np.linalg.norm(q, axis=1)))


def well_vrmse(prediction: Stacked, truth: Stacked) -> float:
    """VRMSE of The Well (Ohana et al., NeurIPS 2024): sqrt(mean (p - q)^2 / (Var q + 1e-7)) over space for each sample,
    time and channel, the variance with the denominator n - 1; then the mean over all of them. Predicting the spatial
    mean scores sqrt((n - 1) / n), about one.
    """
    p, q = stacked_pair(prediction, truth)
    grid = tuple(range(2, q.ndim - 1))
    variance = q.var(axis=grid, ddof=1)
    return float(np.mean(np.sqrt(space_mean((p - q) ** 2) / (variance + WELL_EPSILON))))


def well_nrmse(prediction: Stacked, truth: Stacked) -> float:
    """NRMSE of The Well: sqrt(mean (p - q)^2 / (mean q^2 + 1e-7)) over space for each sample, time and channel; then the
    mean over all of them.
    """
    p, q = stacked_pair(prediction, truth)
    return float(np.mean(np.sqrt(space_mean((p - q) ** 2) / (space_mean(q**2) + WELL_EPSILON))))


def apebench_nrmse(prediction: Stacked, truth: Stacked) -> Float[np.ndarray, " time"]:
    """Mean nRMSE of APEBench (Koehler et al., NeurIPS 2024), one number a time: ||p - q|| / ||q|| over space for each
    sample and channel, **summed** over channels, then the mean over samples. Times are not averaged.
    """
    p, q = stacked_pair(prediction, truth)
    ratio = np.sqrt(space_mean((p - q) ** 2) / space_mean(q**2))
    return ratio.sum(axis=-1).mean(axis=0)


def pearson_correlation(prediction: Stacked, truth: Stacked) -> Float[np.ndarray, "sample time"]:
    """Pearson correlation over all points and channels of a state, after the mean over them is subtracted.

    A state without variation has no correlation: NaN.
    """
    p, q = (part.reshape(*part.shape[:2], -1) for part in stacked_pair(prediction, truth))
    p, q = (part - part.mean(axis=-1, keepdims=True) for part in (p, q))
    with np.errstate(divide="ignore", invalid="ignore"):
        return (p * q).sum(-1) / np.sqrt((p**2).sum(-1) * (q**2).sum(-1))


def correlation_time(
    prediction: Stacked,
    truth: Stacked,
    times: Float[Array, " time"] | Float[np.ndarray, " time"],
    threshold: float = 0.8,
) -> float:
    """Time until the Pearson correlation, averaged over samples, first falls below ``threshold`` (0.8 and 0.9 in
    Lippe et al., "PDE-Refiner", NeurIPS 2023): the first of ``times`` where it does, or the last time where it never
    does.
    """
    mean = pearson_correlation(prediction, truth).mean(axis=0)
    times = np.asarray(times, np.float64)
    if times.shape != mean.shape:
        raise ValueError(f"correlation_time needs one time a state, {mean.shape}, got {times.shape}.")
    # Not above the threshold: a correlation that is not a number has been lost.
    lost = np.flatnonzero(~(mean >= threshold))
    return float(times[lost[0]] if lost.size else times[-1])


def _values(part: Stacked):
    field = part.field if isinstance(part, Trajectory) else part
    return field.values if isinstance(field, Field) else field
