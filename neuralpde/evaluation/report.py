"""The page of a run: one HTML file with its results, pictures, configuration and environment inside."""

from __future__ import annotations

import base64
import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from .files import write_atomically
from .plots.style import to_png
from .resolution import ResolutionRow, error_cell, grid_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTIONS = {
    "solution": "The network beside the reference solution, where one is known, and their difference.",
    "residual_map": "Size of the residual of the equations over the domain; dots are collocation points.",
    "unknowns": "Unknown numbers over optimiser steps; bands are the intervals of the posterior.",
    "unknown_functions": "Unknown functions that were found beside the solution.",
    "hidden_terms": "Hidden terms over the formulas that were read from them, at places that the solution visits.",
    "samples": "Best, median and worst sample of the test set at the training resolution.",
    "components": "All components of the median sample.",
    "error_vs_resolution": "Error by grid: run natively, and on the training grid with resampling.",
    "error_histogram": "Relative L2 error of single samples; dashed lines are the means.",
    "energy_spectrum": "Mean isotropic energy spectrum of truth, prediction and their difference.",
    "error_growth": "Relative L2 error of rollouts over time (mean and range of samples), and correlation with the truth.",
    "rollout": "Rollout of the median test trajectory beside the truth.",
    "rollout_spectra": "Energy spectra of truth and rollout at several times, mean over samples.",
    "film": "Rollout of the median test trajectory beside the truth.",
    "series": "Truth and answer on some series of the test set, with the band of 90 % of the draws.",
    "phase_portrait": "Orbits of some series of the test set: truth and answer.",
    "vector_field": "The vector field of the generator and the learned one, where some series of the test set are.",
    "forecasts": "Forecasts of the test set over the true numbers.",
    "classes": "Some series of each class of the test set.",
    "confusion": "How many series of each class were told to be of which.",
    "learning_curve": "Training loss, validation error and learning rate over optimiser steps.",
    "cost": "Evaluations of the vector field and steps of a solve over optimiser steps, mean over held-out series.",
    "loss_terms": "Mean squares of the conditions, not weighted, over optimiser steps, and the validation error.",
    "term_weights": "Weights of the conditions over optimiser steps, mean over points.",
}
"""What the pictures of `operator_figures`, `solution_figures` and `series_figures` show, in the order of the page."""

HEADLINES = (
    "test/relative_l2",
    "test/relative_h1",
    "test/one_step_relative_l2",
    "test/correlation_time_0.8",
    "test/accuracy",
    "test/cross_entropy",
    "test/mean_square",
    "test/evaluations",
    "model/parameters",
    "train/steps",
    "train/seconds",
    "train/samples_per_second",
    "test/samples_per_second",
)


def write_report(
    folder: str | Path,
    results: Mapping[str, float],
    *,
    title: str = "neuralpde run",
    config: str | Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
    command: str | None = None,
    resolution: Sequence[ResolutionRow] = (),
    figures: Mapping[str, Figure | str | Path] | None = None,
) -> Path:
    """Write ``folder/report.html``, whole or not at all, and return its path.

    The page needs no other file and no network: pictures are inside, there are no scripts, and every string
    is escaped. ``results`` are the flat results of the run, ``config`` its YAML text or a mapping,
    ``command`` the command line that makes the run again, ``figures`` matplotlib Figures or paths of PNG
    or GIF files by name.
    """
    page = _template().render(
        title=title,
        tiles=[(key, number(results[key])) for key in HEADLINES if key in results],
        groups=grouped(results),
        matrix=metric_matrix(results),
        resolution=[_resolution_cells(row) for row in resolution],
        pictures=[_picture(name, figure) for name, figure in _ordered(figures or {})],
        config=config if isinstance(config, str) else flat_lines(config or {}),
        environment=flat_items(environment or {}),
        command=command,
    )
    return write_atomically(Path(folder) / "report.html", page)


@dataclasses.dataclass(frozen=True)
class MetricMatrix:
    """Test metrics as a table: a row a metric, a column a test set."""

    sets: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def metric_matrix(results: Mapping[str, float]) -> MetricMatrix:
    """Arrange the keys ``test/<metric>`` and ``test/<metric>@<set>``; a set without the metric has a dash."""
    cells: dict[str, dict[str, str]] = {}
    sets: list[str] = []
    for key, value in results.items():
        if _is_metric(key):
            metric, _, label = key.removeprefix("test/").partition("@")
            cells.setdefault(metric, {})[label] = number(value)
            if label not in sets:
                sets.append(label)
    rows = tuple((metric, tuple(row.get(label, "-") for label in sets)) for metric, row in cells.items())
    return MetricMatrix(tuple(label or "training grid" for label in sets), rows)


def grouped(results: Mapping[str, float]) -> dict[str, list[tuple[str, str]]]:
    """Results other than test metrics, by the part of the key before the slash."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for key, value in results.items():
        group, slash, name = key.partition("/")
        if not _is_metric(key):
            groups.setdefault(group if slash else "run", []).append((name or group, number(value)))
    return groups


def _is_metric(key: str) -> bool:
    """Whether a key is an error on a test set; the speed of inference is none."""
    return key.startswith("test/") and key not in ("test/samples_per_second", "test/steps_per_second")


def number(value: Any) -> str:
    """A figure for reading: whole numbers with separators, others with four digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if not math.isfinite(value):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    if 1e3 <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.4g}" if 1e-2 <= abs(value) < 1e3 else f"{value:.3e}"


def flat_items(tree: Any, prefix: str = "") -> list[tuple[str, str]]:
    """A nested mapping as ``a.b.c`` and text."""
    if not isinstance(tree, Mapping):
        return [(prefix, str(tree))]
    items = []
    for key, value in tree.items():
        items += flat_items(value, f"{prefix}.{key}" if prefix else str(key))
    return items


def flat_lines(tree: Mapping[str, Any]) -> str:
    return "\n".join(f"{key}: {value}" for key, value in flat_items(tree))


def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("report.html.jinja")


def _ordered(figures: Mapping[str, Figure | str | Path]) -> list[tuple[str, Figure | str | Path]]:
    known = [(name, figures[name]) for name in CAPTIONS if name in figures]
    return known + [(name, figure) for name, figure in figures.items() if name not in CAPTIONS]


def _picture(name: str, figure: Figure | str | Path) -> dict[str, str]:
    data = Path(figure).read_bytes() if isinstance(figure, str | Path) else to_png(figure)
    caption = CAPTIONS.get(name, name.replace("_", " "))
    kind = "gif" if data.startswith(b"GIF") else "png"
    return {"name": name, "caption": caption, "kind": kind, "data": base64.b64encode(data).decode("ascii")}


def _resolution_cells(row: ResolutionRow) -> dict[str, Any]:
    return {
        "cells": (row.label, grid_name(row), error_cell(row.native), error_cell(row.resampled), row.note),
        "training": row.training,
    }
