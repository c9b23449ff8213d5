"""How many problems of a suite are solved: ours and the best of others beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .benchmark import BenchmarkRun, median, worst
from .result_tables import Entry, ResultTable


def solved_table(
    problems: Mapping[str, Mapping[str, Any]],
    absent: Sequence[Mapping[str, Any]],
    runs: Sequence[BenchmarkRun],
    below: float,
) -> ResultTable:
    """One row a problem with the best of our models and of the published ones, then how many errors are below ``below``.

    A problem counts as solved by us where the median over seeds is below; ours is best where it is the smallest median.
    absent: problems that are not here, with ``title``, ``why`` and one ``published`` row. They and problems without a run
    count as not solved by us.
    """
    columns = ("problem", "ours", "error", "worst", "solved", "best published", "its error", "its solved")
    rows = [_row(problem, [run for run in runs if run.problem == name], below) for name, problem in problems.items()]
    rows += [
        (entry["title"], entry["why"], None, None, _answer(None, below), *_published([entry["published"]], below))
        for entry in absent
    ]
    ours, theirs = (sum(row[i] == "yes" for row in rows) for i in (4, 7))
    total = f"{len(rows)} problems"
    rows.append((total, None, None, None, f"{ours} of {len(rows)}", None, None, f"{theirs} of {len(rows)}"))
    notes = (
        f"Solved: a relative error below {below:g}, the median over seeds; without an error: not run. Published: the best "
        "method of each problem."
    )
    return ResultTable(f"Solved below {100 * below:g}%", columns, tuple(rows), notes=notes)


def _row(problem: Mapping[str, Any], runs: Sequence[BenchmarkRun], below: float) -> tuple[Entry, ...]:
    by_model = {run.model: [other.results for other in runs if other.model == run.model] for run in runs}
    errors = {model: median(results, problem["error"]) for model, results in by_model.items()}
    found = {model: error for model, error in errors.items() if error is not None}
    published = _published(problem["published"], below)
    if not found:
        return (problem["title"], None, None, None, _answer(None, below), *published)
    best = min(found, key=lambda model: found[model])
    return (
        problem["title"],
        best,
        found[best],
        worst(by_model[best], problem["error"]),
        _answer(found[best], below),
        *published,
    )


def _published(rows: Sequence[Mapping[str, Any]], below: float) -> tuple[Entry, ...]:
    """The best of published rows: its model, its value and whether that is below."""
    if not rows:
        return None, None, None
    best = min(rows, key=lambda row: row["value"])
    return best["model"], best["value"], _answer(best["value"], below)


def _answer(error: float | None, below: float) -> str:
    return "yes" if error is not None and error < below else "no"
