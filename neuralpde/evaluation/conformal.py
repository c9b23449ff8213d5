"""Bands around predicted functions that hold the truth with a stated probability: split conformal prediction.

Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World", 2005; for the fraction of the domain Ma, Pitt,
Azizzadenesheli & Anandkumar, "Calibrated uncertainty quantification for operator learning via conformal prediction",
TMLR 2024. The probability is over calibration and test functions together and needs nothing but that they are
exchangeable: neither a good operator nor a good scale, which only make the bands narrow.
"""

from __future__ import annotations

import dataclasses
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Field

FLOOR = 0.05


@dataclasses.dataclass(frozen=True)
class ConformalBand:
    """The functions v with ``|v - prediction| <= quantile * scale`` on ``fraction`` of the domain, in all components.

    Holds the truth of a new function with probability at least ``1 - miscoverage``; with ``fraction=1`` at all points
    at once.
    """

    quantile: float
    miscoverage: float
    fraction: float
    calibrated_on: int

    def half_width(self, scale: Field) -> Field:
        """Of the band around one prediction; ``scale`` as in the calibration."""
        return scale.with_values(self.quantile * _floored(scale))


@dataclasses.dataclass(frozen=True)
class BandCoverage:
    """What a band did on functions that it has not seen.

    functions: share of those that it holds, to be compared with 1 - miscoverage. domain: mean share of the domain on
    which it holds the truth. width: mean over domain and functions of the half width, units of the field.
    """

    functions: float
    domain: float
    width: float


def calibrate(
    predictions: Field,
    truths: Field,
    scales: Field | None = None,
    *,
    miscoverage: float = 0.1,
    fraction: float | int = 1.0,
) -> ConformalBand:
    """The band of stacked predictions and truths that no training has seen.

    ``scales`` says where errors are to be expected larger, in the units of the field, such as the deviation of an
    ensemble; left out, bands have one width everywhere. A scale counts as at least 5 % of its own mean over the domain.
    ``fraction`` is the part of the domain on which the band must hold the truth, 1 for all of it.

    Raises `ArgumentError` where there are fewer functions than such a band needs, or a probability is none.
    """
    scores = band_scores(predictions, truths, scales, fraction)
    quantile = conformal_quantile(scores, miscoverage)
    return ConformalBand(quantile, miscoverage, float(fraction), len(scores))


def conformal_quantile(scores: Shaped[np.ndarray, " n"], miscoverage: float) -> float:
    """The ``ceil((n + 1)(1 - miscoverage))``-th smallest of n scores.

    A new score, exchangeable with these, is at most this with probability at least ``1 - miscoverage``, and where scores
    are never equal with at most ``1 / (n + 1)`` more.
    """
    if not 0 < miscoverage < 1:
        raise ArgumentError(f"miscoverage={miscoverage} is no probability between 0 and 1; 0.1 makes 90 % bands.")
    n = len(scores)
    rank = math.ceil(round((n + 1) * (1 - miscoverage), 9))  # 0.9 * 10 is to be 9
    if rank > n:
        raise ArgumentError(
            f"A band with miscoverage={miscoverage} needs {math.ceil(round(1 / miscoverage, 9)) - 1} functions to be "
            f"calibrated on, got {n}; take more, or a larger miscoverage."
        )
    return float(np.sort(np.asarray(scores, np.float64))[rank - 1])


def band_scores(
    predictions: Field, truths: Field, scales: Field | None = None, fraction: float | int = 1.0
) -> Float[np.ndarray, " sample"]:
    """For each function the least multiple of the scale that holds the truth on ``fraction`` of the domain."""
    if not 0 < fraction <= 1:
        raise ArgumentError(f"fraction={fraction} is no part of the domain; give a number above 0, at most 1.")
    return np.asarray(_scores(predictions, truths, _or_one(scales, truths), float(fraction)), np.float64)


def band_coverage(band: ConformalBand, predictions: Field, truths: Field, scales: Field | None = None) -> BandCoverage:
    """Measured coverage of a band on stacked functions that it was not calibrated on."""
    scales = _or_one(scales, truths)
    scores = band_scores(predictions, truths, scales, band.fraction)
    inside, widths = _inside(predictions, truths, scales, band.quantile)
    return BandCoverage(
        functions=float(np.mean(scores <= band.quantile)), domain=float(np.mean(inside)), width=float(np.mean(widths))
    )


@eqx.filter_jit
def _scores(predictions: Field, truths: Field, scales: Field, fraction: float) -> Float[Array, " sample"]:
    def score(prediction: Field, truth: Field, scale: Field) -> Float[Array, ""]:
        multiples = _multiples(prediction, truth, scale)
        if fraction == 1:
            return jnp.max(multiples)
        order = jnp.argsort(multiples)
        reached = jnp.cumsum(truth.on.weights().reshape(-1)[order])
        enough = reached >= fraction * reached[-1] * (1 - 1e-6)
        return multiples[order][jnp.argmax(enough)]

    return jax.vmap(score)(predictions, truths, scales)


@eqx.filter_jit
def _inside(
    predictions: Field, truths: Field, scales: Field, quantile: float
) -> tuple[Float[Array, " sample"], Float[Array, " sample"]]:
    """The share of the domain within the band, and the mean half width."""

    def measured(prediction: Field, truth: Field, scale: Field) -> tuple[Array, Array]:
        weights = truth.on.weights().reshape(-1)
        inside = jnp.sum(weights * (_multiples(prediction, truth, scale) <= quantile)) / jnp.sum(weights)
        width = quantile * jnp.mean(truth.on.integrate(_floored(scale))) / jnp.sum(weights)
        return inside, width

    return jax.vmap(measured)(predictions, truths, scales)


def _multiples(prediction: Field, truth: Field, scale: Field) -> Float[Array, " point"]:
    """At every point the error over the scale, the largest of the components."""
    multiples = jnp.abs(prediction.values - truth.values) / _floored(scale)
    return jnp.max(multiples, axis=-1).reshape(-1)


def _floored(scale: Field) -> Float[Array, "*grid c"]:
    """The scale, at least a share of its own mean: a function of this scale alone, so functions stay exchangeable."""
    mean = scale.on.integrate(scale.values) / jnp.sum(scale.on.weights())
    return jnp.maximum(scale.values, FLOOR * mean)


def _or_one(scales: Field | None, truths: Field) -> Field:
    return eqx.tree_at(lambda f: f.values, truths, jnp.ones_like(truths.values)) if scales is None else scales
