"""Batches of about equally long series: the same losses of the same samples, each once in an epoch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data.series import SeriesDataset, SeriesSample, chirality, stack_series
from neuralpde.dynamics import GRUD
from neuralpde.spaces import IrregularSeries
from neuralpde.training import Forecast, SeriesTask, TrainingArgumentError, adam, fit

BATCH = 8


def ragged(samples: SeriesSample, seed: int) -> SeriesSample:
    """Series of which only a beginning is known."""
    series = samples.measured
    lengths = np.random.default_rng(seed).integers(6, 25, len(series.times))
    cut = [IrregularSeries(t[:n], x[:n]) for t, x, n in zip(series.times, series.values, lengths, strict=True)]
    return SeriesSample(stack_series(cut, 24), samples.target)


@pytest.fixture(scope="module")
def beginnings() -> SeriesDataset:
    whole = chirality(train=96, test=64, points=24)
    return SeriesDataset(
        "beginnings", ragged(whole.train, 0), ragged(whole.test, 1), names=whole.names, classes=whole.classes
    )


@pytest.fixture(scope="module")
def model():
    return GRUD(2, 2, hidden=16, key=jax.random.key(0))


def test_every_sample_comes_once_in_an_epoch_and_epochs_differ(beginnings):
    numbered = SeriesDataset(
        "numbered",
        SeriesSample(beginnings.train.series, np.arange(96.0)[:, None]),
        SeriesSample(beginnings.test.series, np.arange(64.0)[:, None]),
        names=beginnings.names,
    )
    task = SeriesTask(numbered, Forecast(), batch_size=BATCH, buckets=(12, 24))
    counts = [loader.count for loader in task.batches.loaders]
    steps = sum(count // BATCH for count in counts)
    assert len(counts) == 2 and sum(counts) == 96
    size = lambda samples: jnp.asarray(samples.measured.times.shape[1])
    seen = jax.jit(lambda step: task.batches.batch(step, jax.random.key(1)).told(lambda s: (s.target[:, 0], size(s))))
    epochs = []
    for epoch in range(3):
        rows = [seen(epoch * steps + i) for i in range(steps)]
        drawn = np.concatenate([row for row, _ in rows]).astype(int)
        assert len(np.unique(drawn)) == len(drawn) == steps * BATCH
        lengths = np.asarray(beginnings.train.series.length)
        for row, entries in rows:
            assert lengths[np.asarray(row).astype(int)].max() <= entries
            assert entries == 24 or lengths[np.asarray(row).astype(int)].max() <= 12
        epochs.append(tuple(drawn))
        assert len({int(entries) for _, entries in rows}) == 2
    assert len(set(epochs)) == 3
    assert seen._cache_size() == 1


def test_loss_and_measures_are_those_of_the_padded_samples(beginnings, model):
    whole, parted = (SeriesTask(beginnings, batch_size=BATCH, buckets=b) for b in (None, 3))
    batch = parted.batches.batch(5, jax.random.key(2))
    padded = jax.tree.map(jnp.asarray, beginnings.train)
    labels, values = batch.told(lambda s: (s.target, s.measured.values[:, :6]))
    losses = jax.vmap(lambda s: whole.objective.loss(model, s, jnp.asarray(0), jax.random.key(0))[0])(padded)
    mine = [int(np.flatnonzero((np.asarray(padded.series.values)[:, :6] == v).all((1, 2)))[0]) for v in values]
    np.testing.assert_array_equal(padded.target[np.asarray(mine)], labels)
    found, _ = parted.loss(model, batch, jax.random.key(0))
    np.testing.assert_allclose(found, losses[np.asarray(mine)].mean(), rtol=1e-5)
    assert parted.evaluate(model) == pytest.approx(whole.evaluate(model), rel=1e-5)


def test_a_training_in_buckets_learns(beginnings, model):
    task = SeriesTask(beginnings, batch_size=BATCH, buckets=2)
    before = task.evaluate(model)["test/accuracy"]
    fitted = fit(model, task, adam(steps=200, learning_rate=2e-2), steps=200, key=jax.random.key(3), progress=False)
    after = task.evaluate(fitted.best_model)["test/accuracy"]
    assert after > 0.9 > before


def test_a_bucket_that_fills_no_batch_is_refused(beginnings):
    with pytest.raises(TrainingArgumentError, match=r"of 24 entries.*fewer buckets"):
        SeriesTask(beginnings, batch_size=64, buckets=3)
