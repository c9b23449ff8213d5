"""The end of a run: measure the operator on all test sets, print a table, draw, and write results and
report.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from neuralpde.data import Dataset
from neuralpde.evaluation import (
    ResolutionRow,
    evaluate_operator,
    evaluate_rollout,
    learning_curve,
    operator_figures,
    read_metrics,
    resolution_results,
    resolution_table,
    rich_resolution_table,
    rich_rollout_table,
    rollout_figures,
    save_figures,
    save_film,
    write_report,
)
from neuralpde.operators import AbstractOperator
from neuralpde.spaces import Trajectory

from .run_folder import METRICS, PLOTS, RESULTS, read_environment, write_json


def assess(
    operator: AbstractOperator,
    dataset: Dataset,
    folder: Path,
    config: Mapping[str, Any],
    known: Mapping[str, float],
) -> dict[str, float]:
    """Results of an operator on a dataset; ``known`` are those of its training.

    Writes ``results.json`` first, then ``plots/`` and ``report.html``, so a run has its numbers even where
    drawing fails.
    """
    from rich.console import Console

    options = config["evaluation"]
    made = _of_rollouts if isinstance(dataset.train.targets, Trajectory) else _of_pairs
    measured, rows, table, draw = made(operator, dataset, config)
    results = {**known, **measured}
    write_json(folder / RESULTS, finite(results))
    Console().print(table)
    figures = draw(folder, read_metrics(folder / METRICS)) if options["plots"] else {}
    if options["report"]:
        report_run(folder, results, config, figures, rows)
    return results


def report_run(
    folder: Path,
    results: Mapping[str, float],
    config: Mapping[str, Any],
    figures: Mapping[str, Any],
    resolution: Sequence[ResolutionRow] = (),
) -> None:
    """``report.html`` of a run, with its configuration, and the environment and command that its folder holds."""
    environment = read_environment(folder)
    write_report(
        folder,
        results,
        title=str(config["name"]),
        config=config,
        environment=environment,
        command=environment.get("command"),
        resolution=resolution,
        figures=figures,
    )


class Measured(NamedTuple):
    """Results of a kind of operator: flat, by resolution, in a table for the terminal, and as pictures in a folder."""

    results: dict[str, float]
    rows: list[ResolutionRow]
    table: Any
    draw: Callable[[Path, Sequence[Mapping[str, Any]]], dict[str, Any]]


def _of_pairs(operator: AbstractOperator, dataset: Dataset, config: Mapping[str, Any]) -> Measured:
    """An operator between functions, on every test set."""
    batch_size = config["evaluation"]["batch_size"]
    measured = evaluate_operator(operator, dataset, batch_size=batch_size)
    rows = resolution_table(operator, dataset, batch_size=batch_size, results=measured)

    def draw(folder: Path, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        figures = operator_figures(operator, dataset, batch_size=batch_size, records=records, resolution=rows)
        save_figures(folder / PLOTS, figures)
        return figures

    return Measured({**measured, **resolution_results(rows)}, rows, rich_resolution_table(rows), draw)


def _of_rollouts(operator: AbstractOperator, dataset: Dataset, config: Mapping[str, Any]) -> Measured:
    """An operator that steps in time, on the trajectories of every test set."""
    stride, batch_size = config["task"].get("stride", 1), config["evaluation"]["batch_size"]
    measured, made = evaluate_rollout(operator, dataset, stride=stride, batch_size=batch_size)

    def draw(folder: Path, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        figures = {} if made is None else rollout_figures(made)
        if records:
            figures["learning_curve"] = learning_curve(records)
        save_figures(folder / PLOTS, figures)
        if made is None or "rollout" not in figures:
            return figures
        return {**figures, "film": save_film(folder / PLOTS / "rollout.gif", made)}

    return Measured(measured, [], rich_rollout_table(measured), draw)


def finite(results: Mapping[str, float]) -> dict[str, float | None]:
    """Results for JSON, which has no infinities: null in their place."""
    return {key: value if math.isfinite(value) else None for key, value in results.items()}
