"""Pictures of the terms of a residual loss over the steps of a training, from the records of ``metrics.jsonl``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from neuralpde.pinn import Estimate

from ..history import Record, series
from .drawing import noisy_line
from .style import SERIES, TRUTH, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRAINING, LOSS, WEIGHT = "train/", "_loss", "_weight"


@styled
def loss_terms(
    records: Sequence[Record], *, held_out: str = "validation/relative_l2", order: Sequence[str] = ()
) -> Figure:
    """Mean square of each condition, without weights, over steps, and the validation error where there is one.

    order: names of conditions, which come first. Of a long run each curve is drawn faintly, and its mean over windows of
    one two-hundredth of the run above it.
    """
    figure = new_figure(7.2, 4.2)
    axes = figure.subplots()
    _terms(axes, records, named(records, LOSS, order))
    steps, errors = series(records, held_out)
    if len(steps):
        axes.plot(steps, errors, "o-", color=TRUTH, markersize=4, linewidth=1.2, label=held_out, zorder=3)
    _finish(axes, "mean square, error")
    return figure


@styled
def term_weights(records: Sequence[Record], *, order: Sequence[str] = ()) -> Figure:
    """Weight of each condition over steps, mean over its points; those named by ``order`` come first."""
    figure = new_figure(7.2, 3.6)
    axes = figure.subplots()
    _terms(axes, records, named(records, WEIGHT, order))
    _finish(axes, "weight")
    return figure


@styled
def unknown_curves(
    records: Sequence[Record], names: Sequence[str], estimates: Mapping[str, Estimate] | None = None
) -> Figure:
    """Unknown numbers over steps, a row each, with the last value; estimates of some of them as a band, with the interval."""
    figure = new_figure(7.2, 0.8 + 2.0 * len(names))
    rows = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name, colour in zip(rows, names, cycle(SERIES), strict=False):
        steps, values = series(records, f"{TRAINING}{name}")
        axes.plot(steps, values, color=colour)
        axes.axhline(values[-1], color=colour, linestyle=":", linewidth=1.0)
        title = f"{name} = {values[-1]:.5g}"
        if estimates and name in estimates:
            value, _, lower, upper = estimates[name]
            axes.axhspan(lower, upper, color=colour, alpha=0.2, linewidth=0)
            title = f"{name} = {value:.5g}, between {lower:.5g} and {upper:.5g}"
        axes.set_title(title, loc="left")
        axes.set_ylabel(name)
    rows[-1].set_xlabel("step")
    return figure


def named(records: Sequence[Record], ending: str, order: Sequence[str] = ()) -> dict[str, str]:
    """Keys of the records by the names of the conditions, for ``train/initial_loss`` and the like: first those that
    ``order`` names, then others as they appear.
    """
    first = [f"{TRAINING}{name}{ending}" for name in order]
    seen = dict.fromkeys(key for record in records for key in record)
    keys = [*(key for key in first if key in seen), *(key for key in seen if key not in first)]
    return {
        key.removeprefix(TRAINING).removesuffix(ending): key
        for key in keys
        if key.startswith(TRAINING) and key.endswith(ending)
    }


def _terms(axes: Axes, records: Sequence[Record], keys: Mapping[str, str]) -> None:
    """A curve a condition; those beyond the number of colours are dashed."""
    looks = [(colour, style) for style in ("-", "--", ":") for colour in SERIES]
    for (name, key), (colour, style) in zip(keys.items(), cycle(looks), strict=False):
        line = {"color": colour, "linestyle": style, "linewidth": 1.4}
        noisy_line(axes, *series(records, key), faint=colour, label=name, **line)


def _finish(axes: Axes, label: str) -> None:
    """A logarithmic axis, unless there is nothing positive to show on it."""
    drawn = np.concatenate([line.get_ydata() for line in axes.lines] or [np.zeros(0)])
    if np.any(drawn > 0):
        axes.set_yscale("log")
        axes.legend(loc="best", ncols=2)
    axes.set_xlabel("step")
    axes.set_ylabel(label)
