"""Pictures of runs on time series: the cost of solves over training, forecasts, and which pictures a dataset gets."""

import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data.series import SeriesDataset, SeriesSample, prepared, trajectories
from neuralpde.dynamics import Method, NeuralODE
from neuralpde.equations import LinearODE
from neuralpde.evaluation import forecast_figure, series_curves, series_figures


def test_cost_is_drawn_beneath_the_loss_of_every_step():
    records = [{"step": i, "train/loss": 1 / i} for i in range(1, 7)]
    assert set(series_curves(records, "mean_square")) == {"learning_curve"}
    for step, count in ((2, 40.0), (4, 60.0), (6, 90.0)):
        records[step - 1] |= {"validation/evaluations": count, "validation/accepted_steps": count / 6}
    upper, lower = series_curves(records, "mean_square")["cost"].axes
    np.testing.assert_allclose(upper.lines[0].get_ydata(), 1 / np.arange(1, 7))
    drawn = {line.get_label(): line.get_xydata() for line in lower.lines}
    assert set(drawn) == {"evaluations", "accepted steps"}
    np.testing.assert_allclose(drawn["evaluations"], [[2, 40], [4, 60], [6, 90]])
    assert series_curves([], "mean_square") == {}  # a run that is measured elsewhere


def test_forecasts_stand_over_the_numbers_that_are_known():
    truth, told = np.array([[1.0, np.nan], [2.0, 3.0]]), np.array([[1.5, 0.0], [2.5, 3.5]])
    axes = forecast_figure(truth, told).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[1.0, 1.5], [2.0, 2.5], [3.0, 3.5]])


@pytest.mark.slow
def test_law_of_the_generator_stands_beside_the_learned_field_in_its_own_units(key):
    data = trajectories(LinearODE(), train=2, test=2, end=1.0, points=6)
    method = Method(substeps=1, statistics=False)
    model = NeuralODE(2, field=data.law, method=method, key=key)
    figures = series_figures(model, data, follows=True)
    assert set(figures) == {"series", "phase_portrait", "vector_field"}
    rates = figures["vector_field"].axes[3]
    for line in rates.lines[:2]:  # the law itself was learned
        np.testing.assert_allclose(line.get_ydata(), line.get_xdata(), rtol=1e-6)
    assert prepared(data, standardize=True).law is None and prepared(data, missing=0.2).law is not None


def test_arrays_as_targets_are_drawn_as_forecasts():
    samples = trajectories(LinearODE(), train=2, test=2, end=1.0, points=6).test
    data = SeriesDataset("numbers", *[SeriesSample(samples.series, np.ones((2, 3)))] * 2, names=("x", "y"))
    (axes,) = series_figures(lambda series, key: jnp.arange(3.0), data)["forecasts"].axes
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0, 1, 2, 0, 1, 2])
