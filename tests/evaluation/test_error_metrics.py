"""Metrics have the values that constructed errors give them."""

import jax.numpy as jnp
import numpy as np
import pytest
from constructed import ERRORS, SQUARE, Scale, known_errors, waves

from neuralpde.evaluation import METRICS, per_sample_errors
from neuralpde.spaces import Box, Field, FunctionSpace, Points, Sample

RELATIVE = ("relative_l2", "relative_h1", "mgno_h1", "nrmse")


def metric_of(name, prediction, truth):
    """One metric of stacked predictions, through the identity operator."""
    samples = Sample(prediction, truth, {})
    errors = per_sample_errors(Scale(), samples, 4)
    return METRICS[name](errors[METRICS[name].error.name])


@pytest.mark.parametrize("name", RELATIVE)
def test_a_prediction_scaled_by_one_plus_e_has_relative_error_e(name):
    samples = known_errors(16)
    assert metric_of(name, samples.inputs, samples.targets) == pytest.approx(np.mean(ERRORS), rel=1e-12)


@pytest.mark.parametrize(("name", "expected"), [("relative_l2_median", 0.2), ("relative_l2_max", 0.4)])
def test_the_reduction_over_samples_is_the_one_named(name, expected):
    samples = known_errors(16)
    assert metric_of(name, samples.inputs, samples.targets) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("layout", ["cells", "nodes", "chebyshev"])
def test_rmse_of_constant_shifts_is_their_root_mean_square_on_every_layout(layout):
    space = FunctionSpace(Box.of(x=(0.0, 3.0), y=(-1.0, 1.0)), ("u", "v"))
    on = space.domain.grid(9, 6, layout=layout)
    truth = np.random.default_rng(0).normal(size=(2, *on.shape, 2))
    shifts = np.asarray([[1.0, 3.0], [2.0, -5.0]])[:, None, None, :]
    fields = [Field.stack(values, on, space) for values in (truth + shifts, truth)]
    assert metric_of("rmse", *fields) == pytest.approx(np.sqrt((1 + 9 + 4 + 25) / 4), rel=1e-12)
    assert metric_of("max_error", *fields) == pytest.approx(5.0, rel=1e-12)


def test_quadrature_weighs_unevenly_spaced_points():
    """On [-1, 1] the mean of (x^2)^2 is 1/5, which a plain mean over Chebyshev points misses by far."""
    space = FunctionSpace(Box.cube(1, -1.0, 1.0), ("u",))
    on = space.domain.grid(9, layout="chebyshev")
    x = np.asarray(on.coords())
    fields = [Field.stack(values[None], on, space) for values in (x**2, 0 * x)]
    assert metric_of("rmse", *fields) == pytest.approx(np.sqrt(1 / 5), rel=1e-12)
    assert abs(np.sqrt(np.mean(x**4)) - np.sqrt(1 / 5)) > 0.1


def test_nrmse_averages_the_ratios_of_components():
    space = FunctionSpace(SQUARE.domain, ("u", "v"))
    truth = waves(16, 3).values
    both = jnp.concatenate([truth, 1e3 * truth], axis=-1)
    off = both * jnp.asarray([1.1, 1.3])
    fields = [Field.stack(values, SQUARE.domain.grid(16), space) for values in (off, both)]
    assert metric_of("nrmse", *fields) == pytest.approx(0.2, rel=1e-12)


def test_predicting_the_mean_of_the_truth_has_vrmse_one():
    truth = 7.0 + np.asarray(waves(16, 3).values)
    mean = truth.mean(axis=(1, 2), keepdims=True) + 0 * truth
    on = SQUARE.domain.grid(16)
    fields = [Field.stack(values, on, SQUARE) for values in (mean, truth)]
    assert metric_of("vrmse", *fields) == pytest.approx(1.0, rel=1e-12)
    assert metric_of("nrmse", *fields) < 0.6


@pytest.mark.parametrize("name", ["relative_l2", "relative_h1", "rmse", "vrmse"])
def test_refining_the_grid_does_not_change_the_metric_of_the_same_functions(name):
    coarse, fine = (metric_of(name, waves(n, 5, seed=1), waves(n, 5, seed=2)) for n in (16, 32))
    assert coarse == pytest.approx(fine, rel=1e-10)


def test_errors_that_differentiate_are_left_out_on_points(key):
    space = FunctionSpace(Box.cube(2), ("u",))
    on = Points.random(space.domain, 40, key=key)
    values = np.random.default_rng(0).normal(size=(3, 40, 1))
    inputs, targets = (Field.stack(v, on, space) for v in (1.25 * values, values))

    class Values:
        def __call__(self, u, at=None, key=None):
            return u

    errors = per_sample_errors(Values(), Sample(inputs, targets, {}))
    assert "relative_h1" not in errors
    assert "mgno_h1" not in errors
    np.testing.assert_allclose(errors["relative_l2"], 0.25, rtol=1e-12)


def test_the_fourier_functional_is_left_out_where_points_are_uneven():
    space = FunctionSpace(Box.cube(2))
    on = space.domain.grid(8, layout="chebyshev")
    u = Field.stack(np.random.default_rng(0).normal(size=(2, 8, 8, 1)), on, space)
    errors = per_sample_errors(Scale(2.0), Sample(u, u, {}))
    assert "mgno_h1" not in errors
    np.testing.assert_allclose(errors["relative_h1"], 1.0, rtol=1e-12)
