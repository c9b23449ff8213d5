"""What the models of a benchmark did on one problem: the table and the numbers of its picture."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.table import Table

from .result_tables import Entry, ResultTable, entry_text

PARAMETERS, SECONDS = "model/parameters", "train/seconds"


@dataclasses.dataclass(frozen=True)
class BenchmarkRun:
    """The results of one model, trained from one seed on one problem.

    ``convergent``: whether the model converges to an operator between function spaces as its grid is refined
    (`neuralpde.operators.About`); where not, its errors on other grids have no limit to go to. None where there is no grid.
    """

    problem: str
    model: str
    seed: int
    results: Mapping[str, float]
    convergent: bool | None

    @property
    def seconds(self) -> float:
        """Seconds of training."""
        return self.results.get(SECONDS, 0.0)


def benchmark_table(problem: Mapping[str, Any], runs: Sequence[BenchmarkRun], picture: str = "") -> ResultTable:
    """One row a model, best first: medians over seeds, with the error's standard deviation and worst where there are several.

    ``problem`` has the keys of a suite's problem: ``title``, ``error`` (the result that is compared, named in the notes),
    ``resolutions`` (labels of other test sets), ``published`` (rows of ``model``, ``value``, ``protocol``) and ``notes``.
    """
    error = problem["error"]
    native = [f"{error}@{label}" for label in problem["resolutions"]]
    resampled = [f"{error}_resampled@{label}" for label in problem["resolutions"]]
    columns = [
        "model",
        "error",
        "spread",
        "worst",
        *(f"at {label}" for label in problem["resolutions"]),
        *(f"at {label}, resampled" for label in problem["resolutions"]),
        "convergent",
        "parameters",
        "training [s]",
        "protocol",
    ]
    rows: list[tuple[Entry, ...]] = []
    for model in dict.fromkeys(run.model for run in runs):
        own = [run for run in runs if run.model == model]
        results = [run.results for run in own]
        parameters = median(results, PARAMETERS)
        rows.append(
            (
                model,
                median(results, error),
                spread(results, error),
                worst(results, error),
                *(median(results, key) for key in (*native, *resampled)),
                {True: "yes", False: "no", None: None}[own[0].convergent],
                None if parameters is None else round(parameters),
                median(results, SECONDS),
                "ours",
            )
        )
    gap = (None,) * (len(columns) - 3)
    rows += [(f"{row['model']} (published)", row["value"], *gap, row["protocol"]) for row in problem["published"]]
    rows.sort(key=lambda row: (row[-1] != "ours", math.inf if row[1] is None else row[1]))
    notes = f"Error: {error}. {problem['notes']}".strip()
    return ResultTable(problem["title"], tuple(columns), tuple(rows), picture, notes)


def median(results: Sequence[Mapping[str, float]], key: str) -> float | None:
    """Median of a result over seeds; None where one of them lacks it."""
    values = _finite(results, key)
    return float(np.median(values)) if values else None


def spread(results: Sequence[Mapping[str, float]], key: str) -> float | None:
    """Standard deviation of a result over seeds; None where there are fewer than two."""
    values = _finite(results, key)
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def worst(results: Sequence[Mapping[str, float]], key: str) -> float | None:
    """Largest result over seeds; None where there are fewer than two."""
    values = _finite(results, key)
    return max(values) if len(values) > 1 else None


def rich_table(table: ResultTable) -> Table:
    """A table of results for a terminal, without columns that are empty, resampled errors and protocols."""
    shown = [
        i
        for i, name in enumerate(table.columns)
        if name != "protocol" and not name.endswith("resampled") and any(row[i] is not None for row in table.rows)
    ]
    rich = Table(title=table.title, title_justify="left")
    for i in shown:
        number = not all(isinstance(row[i], str) for row in table.rows)
        rich.add_column(table.columns[i], justify="right" if number else "left", no_wrap=number)
    for row in table.rows:
        rich.add_row(*(entry_text(row[i]) for i in shown))
    return rich


def _finite(results: Sequence[Mapping[str, float]], key: str) -> list[float]:
    values = [result.get(key) for result in results]
    return [] if any(v is None or not math.isfinite(v) for v in values) else [float(v) for v in values if v is not None]
