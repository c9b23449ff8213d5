"""Conformal bands: the stated coverage on exchangeable errors, for any scale; and nothing that depends on units."""

import jax
import jax.numpy as jnp
import matrix_operator
import numpy as np
import pytest
from scipy.stats import beta

from neuralpde.evaluation import (
    band_coverage,
    band_figure,
    band_scores,
    calibrate,
    conformal_quantile,
    predict_spread,
)
from neuralpde.operators import Ensemble
from neuralpde.spaces import Box, Field, FunctionSpace, Points, Sample

SPACE = FunctionSpace(Box.cube(1), ("u", "v"))
GRID = SPACE.domain.grid(8, layout="nodes")


def fields(seed, count, spread=1.0, space=SPACE, on=GRID):
    return Field.stack(spread * jax.random.normal(jax.random.key(seed), (count, *on.shape, 2)), on, space)


def scaled(field, factor):
    return jax.tree.map(lambda values: factor * values, field)


@pytest.mark.parametrize("miscoverage", [0.1, 0.25])
@pytest.mark.parametrize("n", [9, 40])
def test_new_scores_are_covered_as_often_as_stated(n, miscoverage):
    """The rank of a new score among n + 1 is uniform: the coverage is k / (n + 1) exactly, k the rank of the quantile."""
    rng = np.random.default_rng(n)
    trials = 4000
    scores = rng.lognormal(size=(trials, n + 1))
    rank = int(np.ceil((n + 1) * (1 - miscoverage) - 1e-9))
    covered = np.mean([row[-1] <= conformal_quantile(row[:-1], miscoverage) for row in scores])
    expected = rank / (n + 1)
    assert expected >= 1 - miscoverage
    assert abs(covered - expected) < 4 * np.sqrt(expected * (1 - expected) / trials)


@pytest.mark.parametrize("fraction", [1.0, 0.75])
def test_bands_of_functions_cover_as_stated_whatever_the_scale(fraction):
    """Given the calibration the coverage is Beta distributed; a scale that knows nothing changes the width only."""
    n, new = 199, 2000
    truth, scale = fields(1, n + new, 3.0), scaled(fields(2, n + new), 1.0)
    scale = jax.tree.map(jnp.abs, scale)
    prediction = jax.tree.map(lambda t: 0.5 * t, truth)
    old, held_out = (jax.tree.map(lambda f, part=part: f[part], (prediction, truth, scale)) for part in _parts(n))
    band = calibrate(*old, miscoverage=0.1, fraction=fraction)
    measured = band_coverage(band, *held_out)
    low, high = beta.ppf([1e-4, 1 - 1e-4], 180, 20)
    margin = 3 * np.sqrt(0.09 / new)
    assert low - margin < measured.functions < high + margin
    assert measured.domain >= measured.functions * fraction


def _parts(n):
    return slice(None, n), slice(n, None)


def test_scores_are_the_least_multiples_that_hold_the_truth():
    truth, scale = fields(1, 30), jax.tree.map(lambda f: 1 + jnp.abs(f), fields(2, 30))
    zero = scaled(truth, 0.0)
    multiples = np.max(np.abs(truth.values) / scale.values, axis=-1)
    np.testing.assert_allclose(band_scores(zero, truth, scale), multiples.max(axis=1), rtol=1e-12)
    weights = np.asarray(GRID.weights())
    for score, row in zip(band_scores(zero, truth, scale, 0.6), multiples, strict=True):
        assert weights[row <= score].sum() >= 0.6 - 1e-6 and weights[row < score].sum() < 0.6


def test_bands_do_not_depend_on_units_or_on_the_size_of_the_scale():
    truth, prediction, scale = fields(1, 60), fields(2, 60), jax.tree.map(lambda f: 1 + jnp.abs(f), fields(3, 60))
    band = calibrate(prediction, truth, scale)
    in_other_units = calibrate(scaled(prediction, 1e3), scaled(truth, 1e3), scaled(scale, 1e3))
    assert in_other_units.quantile == pytest.approx(band.quantile, rel=1e-12)
    doubled = calibrate(prediction, truth, scaled(scale, 2.0))
    assert doubled.quantile == pytest.approx(band.quantile / 2, rel=1e-12)
    one = jax.tree.map(lambda f: f[0], scale)
    np.testing.assert_allclose(band.half_width(one).values, doubled.half_width(scaled(one, 2.0)).values, rtol=1e-12)
    scores = np.random.default_rng(0).exponential(size=50)
    assert conformal_quantile(np.exp(scores), 0.2) == np.exp(conformal_quantile(scores, 0.2))


def test_band_of_constant_width_and_a_scale_of_zero():
    truth, prediction = fields(1, 60), fields(2, 60)
    band = calibrate(prediction, truth)
    errors = np.abs(np.asarray(prediction.values) - np.asarray(truth.values)).max(axis=(1, 2))
    assert band.quantile == conformal_quantile(errors, 0.1)
    assert band_coverage(band, prediction, truth).width == pytest.approx(band.quantile)
    pinned = Field.stack(jnp.ones((60, 8, 2)).at[:, 0].set(0.0), GRID, SPACE)
    assert np.isfinite(calibrate(prediction, truth, pinned).quantile)


def test_fields_on_points():
    points = Points.random(SPACE.domain, 20, key=jax.random.key(3))
    truth = jax.vmap(lambda v: Field(v, points, SPACE))(jax.random.normal(jax.random.key(1), (30, 20, 2)))
    assert (
        calibrate(scaled_values(truth, 0.0), truth, fraction=0.5).quantile
        < calibrate(scaled_values(truth, 0.0), truth).quantile
    )


def scaled_values(field, factor):
    return jax.vmap(lambda f: f.with_values(factor * f.values))(field)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"miscoverage": 0.01}, "needs 99 functions"),
        ({"miscoverage": 1.0}, "no probability"),
        ({"fraction": 0.0}, "no part of the domain"),
    ],
)
def test_impossible_bands_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        calibrate(fields(1, 98), fields(2, 98), **arguments)


def test_mean_and_deviation_of_an_ensemble_over_a_set():
    space, grid = matrix_operator.SPACE, matrix_operator.GRID
    ensemble = Ensemble(space, space, member=matrix_operator.MatrixOperator, size=3, key=jax.random.key(0))
    u = Field.stack(jax.random.normal(jax.random.key(1), (5, 6, 1)), grid, space)
    mean, deviation = predict_spread(ensemble, Sample(u, u, {}), batch_size=2)
    each = jnp.einsum("mij,njc->mnic", ensemble.members.matrix, u.values)
    np.testing.assert_allclose(mean.values, each.mean(0), rtol=1e-10)
    np.testing.assert_allclose(deviation.values, each.std(0, ddof=1), rtol=1e-8)
    assert mean.space == space


@pytest.mark.parametrize("dim", [1, 2])
def test_picture_of_a_band(dim):
    space = FunctionSpace(Box.cube(dim), ("u",))
    grid = space.domain.grid(12)
    truth = Field(jnp.sin(4 * grid.coords()[..., :1]), grid, space)
    figure = band_figure(truth, truth + 0.1, truth.with_values(0.2 + 0 * truth.values), title="a band")
    assert len([axes for axes in figure.axes if axes.get_xlabel() == "x"]) == (1 if dim == 1 else 4)
    figure.canvas.draw()
