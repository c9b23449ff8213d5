"""What a model of series tells of samples that it has not seen, as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from neuralpde.data.series import SeriesDataset, SeriesSample
from neuralpde.dynamics import Solved
from neuralpde.spaces import IrregularSeries

from .plots.series import class_figure, confusion_figure, phase_portrait, series_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS, DRAWS, ORBITS, PER_CLASS, ROWS = 3, 32, 8, 3, 6


def series_figures(model: Any, dataset: SeriesDataset, follows: bool = False) -> dict[str, Figure]:
    """Pictures of the test set, by name.

    - Of classes: ``classes``, some series of each, and ``confusion``.
    - Of whole series: ``series``, truth and answer with the band of draws in the first channels, and in two channels or
      more ``phase_portrait``.

    ``follows`` says that the model is one of trajectories, ``model(y0, times)``. Forecasts have no picture.
    """
    samples = dataset.test
    if dataset.classes is not None:
        return _of_classes(model, dataset)
    if not isinstance(samples.target, IrregularSeries):
        return {}
    count = min(ORBITS, len(samples.target.times))
    some = jax.tree.map(lambda leaf: leaf[:count], samples)
    draws = np.asarray(_trajectories(model, some) if follows else _drawn(model, some, jax.random.key(0)))
    times, truth = np.asarray(some.target.times), np.asarray(some.target.values)
    first = slice(COLUMNS)
    rows = slice(ROWS)
    seen = {} if follows else {"seen_times": some.measured.times[first], "seen": some.measured.values[first, :, rows]}
    shown = times[first], truth[first, :, rows], draws[first, ..., rows]
    made = {"series": series_figure(*shown, names=dataset.names[rows], **seen)}
    if dataset.channels > 1:
        middle = np.median(draws, axis=1)
        made["phase_portrait"] = phase_portrait(truth, middle, names=dataset.names, field=_rates(model, follows))
    return made


def _of_classes(model: Any, dataset: SeriesDataset) -> dict[str, Figure]:
    samples, labels = dataset.test, np.asarray(dataset.test.target)
    told = np.asarray(_told(model, samples, jax.random.key(0)))
    some = np.concatenate([np.flatnonzero(labels == label)[:PER_CLASS] for label in range(len(dataset.classes))])
    series = samples.measured
    drawn = class_figure(
        *(np.asarray(part)[some] for part in (series.times, series.values)),
        labels[some],
        names=dataset.names,
        classes=dataset.classes,
    )
    return {"classes": drawn, "confusion": confusion_figure(labels, told, dataset.classes)}


@eqx.filter_jit
def _told(model: Any, samples: SeriesSample, key: PRNGKeyArray):
    keys = jax.random.split(key, samples.target.shape[0])
    return jax.lax.map(lambda x: model(x[0], key=x[1]).argmax(), (samples.series, keys), batch_size=64)


@eqx.filter_jit
def _drawn(model: Any, samples: SeriesSample, key: PRNGKeyArray):
    """Answers (series, draw, time, channel)."""
    one = lambda series, times, key: model(series, times=times, key=key)
    many = lambda series, times: jax.vmap(lambda k: one(series, times, k))(jax.random.split(key, DRAWS))
    return jax.vmap(many)(samples.series, samples.target.times)


@eqx.filter_jit
def _trajectories(model: Any, samples: SeriesSample):
    """Solutions (series, 1, time, channel) from the first value of each series."""

    def solution(target: IrregularSeries):
        answer = model(target.values[0], target.times)
        return (answer.states if isinstance(answer, Solved) else answer)[None]

    return jax.vmap(solution)(samples.target)


def _rates(model: Any, follows: bool):
    """The vector field that a model of trajectories in the plane has, as a function of many points."""
    field = getattr(model, "field", None)
    if not follows or field is None or getattr(model, "size", None) != 2 or getattr(model, "augmented", 0):
        return None
    return jax.jit(jax.vmap(lambda y: field(0.0, y, None)))
