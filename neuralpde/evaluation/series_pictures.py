"""What a model of series tells of samples that it has not seen, as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from neuralpde.data.series import SeriesDataset, SeriesSample
from neuralpde.dynamics import Solved, VectorField, learned_field
from neuralpde.spaces import IrregularSeries

from .history import Record
from .plots.cost import cost_curve, split_of_cost
from .plots.curves import learning_curve
from .plots.series import class_figure, confusion_figure, forecast_figure, series_figure
from .plots.vector_fields import phase_portrait, vector_fields_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS, DRAWS, ORBITS, PER_CLASS, ROWS = 3, 32, 8, 3, 6


def series_figures(model: Any, dataset: SeriesDataset, follows: bool = False) -> dict[str, Figure]:
    """Pictures of the test set, by name.

    - Of classes: ``classes``, some series of each, and ``confusion``.
    - Of forecasts: ``forecasts``, told over true numbers.
    - Of whole series: ``series``, truth and answer with the band of draws in the first channels, and in two channels or
      more ``phase_portrait``; ``vector_field``, the learned one beside the true one, where both are known.

    ``follows`` says that the model is one of trajectories, ``model(y0, times)``.
    """
    samples = dataset.test
    if dataset.classes is not None:
        return _of_classes(model, dataset)
    if not isinstance(samples.target, IrregularSeries):
        told = np.asarray(_told(model, samples, jax.random.key(0)))
        return {"forecasts": forecast_figure(np.asarray(samples.target).reshape(told.shape), told)}
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
        field = learned_field(model) if follows else None
        plane = None if field is None or dataset.channels != 2 else _rates(field)
        middle = np.median(draws, axis=1)
        made["phase_portrait"] = phase_portrait(truth, middle, names=dataset.names, field=plane)
        if field is not None and dataset.law is not None:
            fields = _rates(dataset.law), _rates(field)
            made["vector_field"] = vector_fields_figure(*fields, np.asarray(truth), names=dataset.names)
    return made


def series_curves(records: Sequence[Record], measure: str) -> dict[str, Figure]:
    """Pictures of a training, by name: ``learning_curve`` with the held-out ``measure``, and where it is known ``cost``."""
    if not records:
        return {}
    held_out = [f"{split}/{measure}" for split in ("validation", "test")]
    figures = {"learning_curve": learning_curve(records, held_out=held_out)}
    split = split_of_cost(records)
    return figures if split is None else {**figures, "cost": cost_curve(records, split=split)}


def _of_classes(model: Any, dataset: SeriesDataset) -> dict[str, Figure]:
    samples, labels = dataset.test, np.asarray(dataset.test.target)
    told = np.asarray(_told(model, samples, jax.random.key(0))).argmax(axis=-1)
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
    """Answers (series, output)."""
    keys = jax.random.split(key, samples.target.shape[0])
    return jax.lax.map(lambda x: model(x[0], key=x[1]).reshape(-1), (samples.series, keys), batch_size=64)


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


def _rates(field: VectorField):
    """A vector field that does not depend on time, or at time zero, as a function of many points."""
    return jax.jit(jax.vmap(lambda y: field(0.0, y, None)))
