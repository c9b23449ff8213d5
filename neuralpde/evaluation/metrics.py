"""Metrics: an error of each sample, then one named reduction over the samples of a test set.

Every metric is made in two steps whose order is fixed. A *sample error* compares one prediction with its
truth and reduces over space and components (integrals are quadrature of the grid, so refining a grid does not
change what is measured). A *reduction* then turns the errors of all samples into one number, in float64 on
the host. Ratios are taken per sample, before the average over samples, unless the docstring says otherwise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from neuralpde.spaces import AbstractDiscretization, Field, Grid
from neuralpde.spaces import mgno_h1 as _mgno_h1
from neuralpde.spaces import relative_h1 as _relative_h1
from neuralpde.spaces import relative_l2 as _relative_l2


@dataclasses.dataclass(frozen=True)
class SampleError:
    """The error of one prediction: ``function(prediction, truth)`` is a scalar of two fields on one place.

    ``applies`` says on which discretisations the error is defined: those that differentiate need a grid.
    """

    name: str
    function: Callable[[Field, Field], Float[Array, ""]]
    applies: Callable[[AbstractDiscretization], bool] = lambda on: True


@dataclasses.dataclass(frozen=True)
class Metric:
    """A sample error and the reduction of its values, shape (sample,), to one number."""

    name: str
    error: SampleError
    reduction: Callable[[Shaped[np.ndarray, " sample"]], float | np.floating]

    def __call__(self, errors: Shaped[np.ndarray, " sample"]) -> float:
        """The metric of a test set from the errors of its samples."""
        return float(self.reduction(np.asarray(errors, np.float64)))


def is_differentiable(on: AbstractDiscretization) -> bool:
    """Whether fields can be differentiated here: on grids with the five points an axis of the usual stencil."""
    return isinstance(on, Grid) and min(on.shape) >= 5


def is_uniform_grid(on: AbstractDiscretization) -> bool:
    """Whether a discrete Fourier transform makes sense here."""
    return isinstance(on, Grid) and "chebyshev" not in on.layout


def root_mean(squares: Shaped[np.ndarray, " sample"]) -> float:
    """Square root of the mean over samples: the root is taken last."""
    return float(np.sqrt(np.mean(squares)))


def mean_square(prediction: Field, truth: Field) -> Float[Array, ""]:
    """Mean over the domain (quadrature divided by the volume), then over components, of the squared error."""
    return jnp.mean(_domain_mean(truth, (prediction.values - truth.values) ** 2))


def root_mean_square_ratio(prediction: Field, truth: Field) -> Float[Array, ""]:
    """Root mean square error over root mean square truth: a ratio for each component, then their mean.

    This is the nRMSE of PDEBench (Takamoto et al., NeurIPS 2022), with quadrature for its mean over grid
    points.
    """
    error = _domain_mean(truth, (prediction.values - truth.values) ** 2)
    return jnp.mean(jnp.sqrt(error / _domain_mean(truth, truth.values**2)))


def variance_scaled_error(prediction: Field, truth: Field) -> Float[Array, ""]:
    """Root of mean square error over variance of the truth: a ratio for each component, then their mean.

    This is the VRMSE of The Well (Ohana et al., NeurIPS 2024): predicting the mean of the truth scores one.
    """
    error = _domain_mean(truth, (prediction.values - truth.values) ** 2)
    centred = truth.values - _domain_mean(truth, truth.values)
    return jnp.mean(jnp.sqrt(error / _domain_mean(truth, centred**2)))


def largest_difference(prediction: Field, truth: Field) -> Float[Array, ""]:
    """Largest absolute difference over all points and components, in the units of the field."""
    return jnp.max(jnp.abs(prediction.values - truth.values))


def _domain_mean(truth: Field, values: Float[Array, "*grid c"]) -> Float[Array, " c"]:
    return truth.on.integrate(values) / truth.space.domain.volume


RELATIVE_L2 = SampleError("relative_l2", _relative_l2)
RELATIVE_H1 = SampleError("relative_h1", _relative_h1, is_differentiable)
MGNO_H1 = SampleError("mgno_h1", _mgno_h1, is_uniform_grid)
MEAN_SQUARE = SampleError("mean_square", mean_square)
NRMSE = SampleError("nrmse", root_mean_square_ratio)
VRMSE = SampleError("vrmse", variance_scaled_error)
MAX_ERROR = SampleError("max_error", largest_difference)

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        # L2 norm over the domain and components of the error, over that of the truth; mean over samples.
        Metric("relative_l2", RELATIVE_L2, np.mean),
        # The same ratios; median and largest over samples.
        Metric("relative_l2_median", RELATIVE_L2, np.median),
        Metric("relative_l2_max", RELATIVE_L2, np.max),
        # H1 norm (values and derivatives) of the error over that of the truth; mean over samples.
        Metric("relative_h1", RELATIVE_H1, np.mean),
        # The truncated spectral functional of the MgNO paper; mean over samples.
        Metric("mgno_h1", MGNO_H1, np.mean),
        # Squares averaged over domain, components and samples; the root last. Units of the field.
        Metric("rmse", MEAN_SQUARE, root_mean),
        # Root mean square error over root mean square truth a component; mean over components, then samples.
        Metric("nrmse", NRMSE, np.mean),
        # Root mean square error over standard deviation of the truth; mean over components, then samples.
        Metric("vrmse", VRMSE, np.mean),
        # Largest absolute difference over points, components and samples. Units of the field.
        Metric("max_error", MAX_ERROR, np.max),
    )
}
"""The metrics of `evaluate_operator`, by the name under which they appear in ``results.json``."""
