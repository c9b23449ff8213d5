"""The models of a benchmark side by side: error against resolution, and error against size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from ..benchmark import PARAMETERS, BenchmarkRun, median
from .style import FAINT, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1b1b1b", "#8c564b")
_MARKERS = ("o", "s", "^", "D", "v", "P")


@styled
def comparison_plot(problem: Mapping[str, Any], runs: Sequence[BenchmarkRun]) -> Figure:
    """Left, where the problem has test sets at other resolutions, the error on each grid; right, the error against the
    number of parameters. Points are means over seeds, whiskers reach to the extremes. Models that do not converge as
    their grid is refined have hollow markers, broken lines and a note in the legend.
    """
    looks = _looks(runs)
    resolutions = bool(problem["resolutions"])
    figure = new_figure(10.5 if resolutions else 7.0, 4.6)
    panels = figure.subplots(1, 2 if resolutions else 1, squeeze=False)[0]
    if resolutions:
        _over_resolutions(panels[0], problem, runs, looks)
    _over_sizes(panels[-1], problem["error"], runs, looks)
    figure.legend(*panels[-1].get_legend_handles_labels(), loc="outside right center", fontsize=8.5)
    figure.suptitle(fill(problem["title"], 100 if resolutions else 66), fontsize=11)
    return figure


def _over_resolutions(axes: Axes, problem: Mapping[str, Any], runs: Sequence[BenchmarkRun], looks) -> None:
    labels = sorted([*problem["resolutions"], problem["training"]], key=_points)
    for model, look in looks.items():
        results = [run.results for run in runs if run.model == model]
        trained = median(results, problem["error"])
        errors = [trained if x == problem["training"] else median(results, f"{problem['error']}@{x}") for x in labels]
        shown = [(i, error / trained) for i, error in enumerate(errors) if error is not None and trained is not None]
        axes.plot([i for i, _ in shown], [ratio for _, ratio in shown], linewidth=1.2, **look)
    axes.axhline(1.0, color=FAINT, linestyle=":")
    axes.set_yscale("log")
    axes.set_xticks(range(len(labels)), [f"{x}\n(training)" if x == problem["training"] else x for x in labels])
    axes.set_xlabel("test grid")
    axes.set_ylabel("error over that on the training grid")


def _over_sizes(axes: Axes, error: str, runs: Sequence[BenchmarkRun], looks) -> None:
    from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

    for model, look in looks.items():
        results = [run.results for run in runs if run.model == model]
        values = np.asarray([result.get(error, np.nan) for result in results])
        size = median(results, PARAMETERS)
        if size is None or not np.isfinite(values).all():
            continue
        centre = values.mean()
        whiskers = [[centre - values.min()], [values.max() - centre]]
        axes.errorbar([size], [centre], whiskers, capsize=2, **(look | {"linestyle": "none"}))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("parameters")
    axes.set_ylabel(error)


def _looks(runs: Sequence[BenchmarkRun]) -> dict[str, dict[str, str]]:
    """Colour, marker, line and name of each model; hollow and broken where it is bound to its grid."""
    convergent = {run.model: run.convergent for run in runs}
    looks = {}
    for (model, converges), colour, marker in zip(convergent.items(), cycle(_COLOURS), _marker_order(), strict=False):
        look = {"color": colour, "marker": marker, "linestyle": "-", "label": model}
        if converges is False:
            look |= {"markerfacecolor": "white", "linestyle": "--", "label": f"{model} (not convergent)"}
        looks[model] = look
    return looks


def _points(label: str) -> tuple[float, str]:
    """Labels of resolutions in the order of their first number."""
    first = label.split("x")[0]
    return (float(first) if first.isdigit() else np.inf, label)


def _marker_order():
    """Another marker for every round of the colours."""
    return (marker for marker in cycle(_MARKERS) for _ in _COLOURS)
