"""Pictures of time series: what was measured, what is told, and with what spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int, Shaped

from .style import FAINT, PREDICTION, SEQUENTIAL, SERIES, TRUTH, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Times = Float[np.ndarray, "series time"]
Values = Float[np.ndarray, "series time channel"]
QUANTILES = (0.05, 0.95)


@styled
def series_figure(
    times: Times,
    truth: Values,
    draws: Float[np.ndarray, "series draw time channel"],
    *,
    names: Sequence[str],
    seen_times: Times | None = None,
    seen: Values | None = None,
) -> Figure:
    """Some series, a column each and a row for each channel: truth, median of the draws and their band of 90 %.

    ``seen`` are the measurements that the answer was made from, NaN where there was none. A single draw has no band.
    """
    figure = new_figure(3.4 * len(times), 2.1 * len(names) + 0.4)
    axes = figure.subplots(len(names), len(times), sharex="col", sharey="row", squeeze=False)
    middle = np.median(draws, axis=1)
    low, high = np.quantile(draws, QUANTILES, axis=1)
    for (channel, example), panel in np.ndenumerate(axes):
        t = times[example]
        if draws.shape[1] > 1:
            band = low[example, :, channel], high[example, :, channel]
            panel.fill_between(t, *band, color=PREDICTION, alpha=0.2, linewidth=0, label="90 % of draws")
        panel.plot(t, truth[example, :, channel], color=TRUTH, linewidth=1.2, label="truth")
        panel.plot(t, middle[example, :, channel], color=PREDICTION, label="answer")
        if seen is not None and seen_times is not None:
            panel.plot(seen_times[example], seen[example, :, channel], "o", color=FAINT, markersize=3, label="measured")
        panel.set_xlabel("t" if channel == len(names) - 1 else "")
        panel.set_ylabel(names[channel] if example == 0 else "")
    axes[0, 0].legend(loc="best")
    return figure


@styled
def class_figure(
    times: Times, values: Values, labels: Int[np.ndarray, " series"], *, names: Sequence[str], classes
) -> Figure:
    """Series of each class, the lines of one class in one colour; a panel for each channel."""
    figure = new_figure(7.2, 2.2 * len(names) + 0.3)
    axes = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for label in np.unique(labels):
        for i in np.flatnonzero(labels == label):
            for channel, panel in enumerate(axes):
                known = ~np.isnan(values[i, :, channel])
                first = i == np.flatnonzero(labels == label)[0]
                style = {"color": SERIES[label % len(SERIES)], "linewidth": 1.0, "marker": ".", "markersize": 3}
                panel.plot(times[i, known], values[i, known, channel], label=classes[label] if first else None, **style)
    for name, panel in zip(names, axes, strict=True):
        panel.set_ylabel(name)
    axes[0].legend(loc="best")
    axes[-1].set_xlabel("t")
    return figure


@styled
def confusion_figure(truth: Shaped[np.ndarray, " series"], told: Shaped[np.ndarray, " series"], classes) -> Figure:
    """How many series of each class were told to be of which."""
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (truth, told), 1)
    figure = new_figure(1.1 * len(classes) + 3.0, 0.9 * len(classes) + 2.0)
    axes = figure.subplots()
    axes.imshow(counts, cmap=SEQUENTIAL)
    axes.grid(False)
    for (row, column), count in np.ndenumerate(counts):
        dark = count < 0.6 * counts.max()
        axes.text(column, row, str(count), ha="center", va="center", color="white" if dark else "black")
    axes.set_xticks(range(len(classes)), classes, rotation=30, ha="right")
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("told")
    axes.set_ylabel("truth")
    return figure


@styled
def forecast_figure(truth: Float[np.ndarray, "series output"], told: Float[np.ndarray, "series output"]) -> Figure:
    """Forecasts over the true numbers, those that are known; right ones lie on the line."""
    figure = new_figure(4.8, 4.6)
    axes = figure.subplots()
    known = ~np.isnan(truth)
    axes.plot(truth[known], told[known], ".", color=PREDICTION, markersize=4)
    middle = float(truth[known].mean()) if known.any() else 0.0
    axes.axline((middle, middle), slope=1, color=TRUTH, linewidth=0.8)
    axes.set(xlabel="truth", ylabel="forecast", aspect="equal")
    return figure
