"""Pictures of numbers: learning curve, error histogram, energy spectrum, error against resolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Shaped

from ..history import Record, series
from ..resolution import ResolutionRow
from ..spectrum import Spectrum
from .drawing import noisy_line
from .style import ACCENT, DARK, ERROR, FAINT, PREDICTION, SERIES, TRUTH, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def learning_curve(
    records: Sequence[Record],
    *,
    loss: str = "train/loss",
    held_out: Sequence[str] = ("validation/relative_l2", "test/relative_l2"),
    rate: str = "train/learning_rate",
) -> Figure:
    """Training loss, held-out error and learning rate over steps, from the records of ``metrics.jsonl``.

    Of the keys ``held_out`` the first that the records have is drawn; series that they lack are left out.
    Over the loss of single steps lies its mean over windows of one two-hundredth of the run.
    """
    figure = new_figure(7.2, 4.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    noisy_line(upper, *series(records, loss), faint=FAINT, color=DARK, linewidth=1.4, label=loss)
    held_out_name = next((name for name in held_out if len(series(records, name)[0])), held_out[0])
    errors = series(records, held_out_name)
    _line(upper, *errors, color=PREDICTION, marker="o", markersize=4, label=held_out_name)
    _mark_best(upper, *errors)
    drawn = np.concatenate([line.get_ydata() for line in upper.lines] or [np.zeros(0)])
    if drawn.size:
        upper.set_yscale("log" if np.nanmin(drawn) > 0 else "linear")
        upper.legend(loc="upper right")
    upper.set_ylabel("loss, error")
    _line(lower, *series(records, rate), color=ACCENT)
    lower.set_ylabel("learning rate")
    lower.ticklabel_format(axis="y", scilimits=(-2, 2), useMathText=True)
    lower.set_xlabel("step")
    lower.set_ylim(bottom=0.0)
    return figure


@styled
def error_histogram(
    errors: Mapping[str, Shaped[np.ndarray, " _"]], *, name: str = "relative L2 error", bins: int = 24
) -> Figure:
    """How the errors of single samples are spread: one histogram above the other, a test set each.

    Bins are common to all and equal on a logarithmic axis. A dashed line marks the mean of a set. Errors that
    are not finite positive numbers have no bin; the title counts them.
    """
    figure = new_figure(6.4, 0.9 + 1.5 * len(errors))
    panels = figure.subplots(len(errors), 1, sharex=True, squeeze=False)[:, 0]
    edges = _log_edges(list(errors.values()), bins)
    for axes, (label, values), colour in zip(panels, errors.items(), cycle(SERIES), strict=False):
        values = np.asarray(values, np.float64)
        binned = values[_drawable(values)]
        axes.hist(binned, edges, facecolor=(colour, 0.45), edgecolor=colour, linewidth=0.9)
        if binned.size:
            axes.axvline(binned.mean(), color=TRUTH, linestyle="--", linewidth=1.2)
        axes.set_title(_summary(label, values, values.size - binned.size), loc="left")
        axes.set_ylabel("samples")
        axes.yaxis.get_major_locator().set_params(integer=True, nbins=4)
    panels[-1].set_xscale("log")
    panels[-1].set_xlabel(name)
    return figure


@styled
def spectrum_plot(truth: Spectrum, prediction: Spectrum, error: Spectrum | None = None, *, unit: str = "") -> Figure:
    """Energy of truth, prediction and their difference over wavenumber, up to the last complete shell.

    ``unit`` is the unit of length of the domain.
    """
    figure = new_figure(6.4, 4.0)
    axes = figure.subplots()
    lines = [(truth, "truth", TRUTH, "-"), (prediction, "prediction", PREDICTION, "--")]
    lines += [] if error is None else [(error, "prediction − truth", ERROR, ":")]
    for spectrum, label, colour, style in lines:
        shown = (spectrum.wavenumber > 0) & (spectrum.wavenumber <= spectrum.complete) & (spectrum.energy > 0)
        axes.loglog(spectrum.wavenumber[shown], spectrum.energy[shown], style, color=colour, label=label)
    axes.set_xlabel(f"wavenumber [rad/{unit}]" if unit else "wavenumber [rad / length]")
    axes.set_ylabel("energy a shell")
    axes.legend(loc="lower left")
    return figure


@styled
def resolution_plot(rows: Sequence[ResolutionRow], *, name: str = "relative L2 error") -> Figure:
    """Error against points an axis, native and resampled to the training grid, which is marked."""
    figure = new_figure(6.4, 3.8)
    axes = figure.subplots()
    points = np.asarray([_points_an_axis(row) for row in rows])
    for values, label, colour, style in (
        ([row.native for row in rows], "native", PREDICTION, "o-"),
        ([row.resampled for row in rows], "resampled to the training grid", ERROR, "s--"),
    ):
        known = np.asarray([value is not None for value in values])
        if known.any():
            shown = np.asarray([value for value in values if value is not None])
            axes.plot(points[known], shown, style, color=colour, label=label, markersize=6)
    for row, n in zip(rows, points, strict=True):
        if row.training:
            axes.axvline(n, color=FAINT, linestyle=":", label="training grid")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    _widen(axes, [error for row in rows for error in (row.native, row.resampled)])
    axes.set_xticks(points, [" x ".join(map(str, row.shape)) for row in rows])
    axes.xaxis.minorticks_off()
    axes.set_xlabel("grid")
    axes.set_ylabel(name)
    axes.legend(loc="best")
    return figure


def _line(axes: Axes, steps: np.ndarray, values: np.ndarray, **line):
    """Draw a series if there is one."""
    if len(steps):
        axes.plot(steps, values, **line)


def _mark_best(axes: Axes, steps: np.ndarray, values: np.ndarray):
    """Name the lowest held-out error."""
    if np.isfinite(values).any():
        best = int(np.nanargmin(np.where(np.isfinite(values), values, np.nan)))
        axes.annotate(
            f"{values[best]:.3g}",
            (steps[best], values[best]),
            (0, -15),
            textcoords="offset points",
            ha="center",
            color=PREDICTION,
            fontsize=9,
            bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1},
        )


def _widen(axes: Axes, errors: Sequence[float | None]):
    """At least a factor of two around the errors on a logarithmic axis, with readable numbers on it."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    drawn = [error for error in errors if error is not None and error > 0 and np.isfinite(error)]
    if drawn:
        axes.set_ylim(min(drawn) / 1.5, max(drawn) * 1.5)
    narrow = bool(drawn) and max(drawn) < 6 * min(drawn)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 4, 5, 6, 8) if narrow else (1, 2, 5)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:.2g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _drawable(values: np.ndarray) -> np.ndarray:
    return np.isfinite(values) & (values > 0)


def _log_edges(sets: Sequence[np.ndarray], bins: int) -> np.ndarray:
    values = np.concatenate([np.asarray(v, np.float64)[_drawable(np.asarray(v, np.float64))] for v in sets])
    if not values.size:
        return np.geomspace(0.1, 1.0, bins + 1)
    # A margin beyond round-off keeps the extreme errors inside the outer bins.
    return np.geomspace(values.min() / 1.02, values.max() * 1.02, bins + 1)


def _summary(label: str, values: np.ndarray, outside: int) -> str:
    """One line on a set of errors."""
    figures = [("mean", np.mean(values)), ("median", np.median(values)), ("max", np.max(values))]
    parts = [f"{name} {value:.2e}" for name, value in figures]
    return f"{label}:  " + ",  ".join(parts + ([f"{outside} not binned"] if outside else []))


def _points_an_axis(row: ResolutionRow) -> float:
    return float(np.prod(row.shape) ** (1 / len(row.shape)))
