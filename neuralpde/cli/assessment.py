"""The end of a run: measure the operator on all test sets, print a table, draw, and write results and
report.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuralpde.data import Dataset
from neuralpde.evaluation import (
    evaluate_operator,
    operator_figures,
    read_metrics,
    resolution_results,
    resolution_table,
    rich_resolution_table,
    save_figures,
    write_report,
)
from neuralpde.operators import AbstractOperator

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
    batch_size = options["batch_size"]
    measured = evaluate_operator(operator, dataset, batch_size=batch_size)
    rows = resolution_table(operator, dataset, batch_size=batch_size, results=measured)
    results = {**known, **measured, **resolution_results(rows)}
    write_json(folder / RESULTS, finite(results))
    Console().print(rich_resolution_table(rows))
    records = read_metrics(folder / METRICS)
    figures = {}
    if options["plots"]:
        figures = operator_figures(operator, dataset, batch_size=batch_size, records=records, resolution=rows)
        save_figures(folder / PLOTS, figures)
    if options["report"]:
        environment = read_environment(folder)
        write_report(
            folder,
            results,
            title=str(config["name"]),
            config=config,
            environment=environment,
            command=environment.get("command"),
            resolution=rows,
            figures=figures,
        )
    return results


def finite(results: Mapping[str, float]) -> dict[str, float | None]:
    """Results for JSON, which has no infinities: null in their place."""
    return {key: value if math.isfinite(value) else None for key, value in results.items()}
