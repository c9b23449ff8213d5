"""What is learnt from series: losses against their formulas, and what grows with the steps."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data.series import (
    SeriesDataset,
    SeriesSample,
    chirality,
    decaying_oscillator,
    prepared,
    trajectories,
    with_missing,
)
from neuralpde.dynamics import GRUD, Evidence
from neuralpde.equations import LinearODE
from neuralpde.spaces import IrregularSeries
from neuralpde.training import (
    Classification,
    Forecast,
    Interpolation,
    Response,
    SeriesTask,
    TrainingArgumentError,
    Trajectories,
    adam,
    fit,
    fit_together,
    measured,
)


class Constant(eqx.Module):
    """The same answer whatever the series."""

    answer: jax.Array

    def __call__(self, series, times=None, key=None):
        return self.answer

    def evidence(self, series, target, key):
        return Evidence(jnp.asarray(2.0), jnp.asarray(3.0))


class Flow(eqx.Module):
    """exp(t A) y0 of the decaying oscillator times a factor, in closed form."""

    factor: jax.Array

    def __call__(self, y0, times):
        from neuralpde.data.series.planar import DECAYING, _linear_flow

        return self.factor * _linear_flow(DECAYING, times - times[0], y0)


@pytest.fixture(scope="module")
def turning() -> SeriesDataset:
    return chirality(train=8, test=6, points=12)


@pytest.fixture(scope="module")
def oscillations() -> SeriesDataset:
    return trajectories(LinearODE(), train=4, test=2, end=3.0, points=13)


def one(dataset: SeriesDataset, index: int = 0) -> SeriesSample:
    return jax.tree.map(lambda leaf: leaf[index], dataset.train)


def test_cross_entropy_and_accuracy(turning):
    model = Constant(jnp.log(jnp.array([0.7, 0.3])))
    found = SeriesTask(turning, batch_size=4).evaluate(model)  # the last batch is not full
    assert np.isclose(found["test/cross_entropy"], -(np.log(0.7) + np.log(0.3)) / 2)
    assert found["test/accuracy"] == 0.5


def test_forecast_counts_known_values(turning):
    targets = np.array([[1.0, np.nan, 3.0]] * 8)
    samples = SeriesSample(turning.train.series, targets)
    dataset = SeriesDataset("forecast", samples, samples, names=turning.names)
    assert dataset.outputs == 3
    found = measured(Forecast(), Constant(jnp.array([2.0, 9.0, 3.0])), dataset.test, 4)
    assert found == {"mean_square": 0.5}


def test_responses_miss_by_their_mean_absolute_error(oscillations):
    holes = with_missing(oscillations, 0.3).map(lambda s: SeriesSample(s.series, s.series))
    sample = jax.tree.map(jnp.asarray, one(holes))
    values = np.asarray(sample.target.values)
    assert np.isnan(values).any()
    model = Constant(jnp.full(values.shape, 0.25))
    loss, _ = Response().loss(model, sample, jnp.asarray(0), jax.random.key(0))
    assert np.isclose(loss, np.nanmean(np.abs(values - 0.25)))
    found = SeriesTask(holes, Response(), batch_size=2).evaluate(model)
    truth = np.asarray(holes.test.target.values)
    means = [np.mean([np.nanmean(size(each - 0.25)) for each in truth]) for size in (np.abs, np.square)]
    np.testing.assert_allclose([found["test/mean_absolute"], found["test/mean_square"]], means)


def test_divergence_grows_into_the_bound():
    dataset = decaying_oscillator(train=4, test=2)
    objective, model = Interpolation(divergence=2.0, anneal=10), Constant(jnp.zeros((20, 2)))
    for step, weight in ((0, 0.0), (5, 1.0), (10, 2.0), (50, 2.0)):
        loss, told = objective.loss(model, one(dataset), jnp.asarray(step), jax.random.key(0))
        assert loss == 2.0 + weight * 3.0 and told["divergence"] == 3.0
    values = dataset.test.target.values
    found = measured(objective, model, dataset.test, 2)
    assert np.isclose(found["mean_square"], (values**2).mean()) and found["bound"] == 5.0


def test_exact_solution_has_no_loss_in_one_piece_or_in_many(oscillations):
    for objective in (Trajectories(), Trajectories(shooting=3), Trajectories(grow=10, shooting=4)):
        task = SeriesTask(oscillations, objective, batch_size=2)
        batch = task.batches.batch(3, jax.random.key(0))
        exact, _ = task.loss(Flow(jnp.ones(())), batch, jax.random.key(1))
        wrong, _ = task.loss(Flow(jnp.full((), 1.1)), batch, jax.random.key(1))
        assert exact < 1e-9 < 1e-4 < wrong
        assert task.evaluate(Flow(jnp.ones(())))["test/mean_square"] < 1e-9


def test_time_that_counts_grows(oscillations):
    objective, sample, model = Trajectories(grow=100, begin=0.25), one(oscillations), Flow(jnp.full((), 1.1))
    loss = jax.jit(lambda values, step: objective.loss(model, changed(sample, values), step, jax.random.key(0)))

    def changed(sample, values):
        return SeriesSample(sample.series, IrregularSeries(sample.target.times, values))

    values = jnp.asarray(sample.target.values)
    for step, counted in ((0, 4), (50, 8), (100, 13), (500, 13)):
        base, told = loss(values, jnp.asarray(step))
        moved = [loss(values.at[i].add(1.0), jnp.asarray(step))[0] != base for i in range(1, 13)]
        assert moved == [i < counted for i in range(1, 13)]
        assert np.isclose(told["share"], min(0.25 + 0.75 * step / 100, 1.0))


@pytest.mark.parametrize(
    ("objective", "match"),
    [
        (Forecast(), "arrays"),
        (Interpolation(), "series"),
        (Trajectories(), "series"),
    ],
)
def test_targets_of_another_kind_are_refused(turning, objective, match):
    with pytest.raises(TrainingArgumentError, match=f"wants {match} as targets"):
        SeriesTask(turning, objective)


def test_pieces_that_do_not_fit_and_unknown_beginnings_are_refused(oscillations):
    with pytest.raises(TrainingArgumentError, match="does not divide the 12 steps"):
        SeriesTask(oscillations, Trajectories(shooting=5), batch_size=2)
    holes = with_missing(oscillations, 0.5).map(lambda s: SeriesSample(s.series, s.series))
    with pytest.raises(TrainingArgumentError, match="begin with a value"):
        SeriesTask(holes, Trajectories(shooting=3), batch_size=2)
    with pytest.raises(TrainingArgumentError, match="wants classes"):
        SeriesTask(oscillations, Classification(), batch_size=2)


@pytest.mark.slow
def test_models_trained_together_are_those_trained_alone(turning):
    make = lambda key: GRUD(2, 2, hidden=3, key=key)
    tasks = [SeriesTask(prepared(turning, missing=rate), batch_size=4) for rate in (0.0, 0.5)]
    optimizer, key = adam(steps=4, learning_rate=1e-2, schedule="constant"), jax.random.key(0)
    together = fit_together(make, tasks, optimizer, seeds=2, steps=4, key=key)
    keys = jax.random.split(key, (2, 2))
    alone = fit(make(keys[1, 0]), tasks[1], optimizer, steps=4, key=keys[1, 1], progress=False).model
    for many, single in zip(*(jax.tree.leaves(eqx.filter(m, eqx.is_array)) for m in (together, alone)), strict=True):
        np.testing.assert_allclose(many[1, 1], single, rtol=1e-8, atol=1e-10)
