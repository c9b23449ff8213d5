"""Resolution studies: the error of one operator on test sets of several grids.

Two ways of answering on a grid that was not seen in training stand side by side: the operator run *natively*
there, and the baseline that resamples the input to the training grid, runs there, and resamples the output
back. An operator that learned the map between functions should beat the baseline on finer grids.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from rich.table import Table

from neuralpde.data import Dataset
from neuralpde.operators import AtResolution
from neuralpde.spaces import Grid, Sample

from .evaluate import REFUSALS, Operator, key_suffix, per_sample_errors
from .metrics import METRICS, Metric


@dataclasses.dataclass(frozen=True)
class ResolutionRow:
    """Error on one test set; where a way of answering is refused, its error is None and ``note`` says why."""

    label: str
    shape: tuple[int, ...]
    native: float | None
    resampled: float | None
    training: bool = False
    note: str = ""


def resolution_table(
    operator: Operator,
    dataset: Dataset,
    batch_size: int = 16,
    metric: Metric = METRICS["relative_l2"],
    results: Mapping[str, float] | None = None,
) -> list[ResolutionRow]:
    """One row a test set, from the coarsest grid to the finest.

    ``results`` are those of `evaluate_operator`, where they are known already: native errors found there are
    not computed again.
    """
    rows = [_row(operator, dataset, label, batch_size, metric, results or {}) for label in dataset.test]
    return sorted(rows, key=lambda row: math.prod(row.shape))


def resolution_results(rows: Sequence[ResolutionRow], metric: Metric = METRICS["relative_l2"]) -> dict[str, float]:
    """The baseline's errors as flat results: ``test/relative_l2_resampled@64``."""
    return {
        f"test/{metric.name}_resampled@{row.label}": row.resampled
        for row in rows
        if row.resampled is not None and not row.training
    }


def rich_resolution_table(rows: Sequence[ResolutionRow], title: str = "Relative L2 error by resolution") -> Table:
    """The rows for a terminal: ``rich.print(rich_resolution_table(rows))``."""
    table = Table(title=title, title_justify="left")
    for heading in ("test set", "grid"):
        table.add_column(heading)
    for heading in ("native", "resampled"):
        table.add_column(heading, justify="right")
    notes = any(row.note for row in rows)
    if notes:
        table.add_column("note")
    for row in rows:
        cells = [row.label, grid_name(row), error_cell(row.native), error_cell(row.resampled)]
        table.add_row(*cells, *([row.note] if notes else []), style="bold" if row.training else None)
    return table


def grid_name(row: ResolutionRow) -> str:
    """``32 x 32``, and whether the operator was trained there."""
    return " x ".join(map(str, row.shape)) + (" (training)" if row.training else "")


def error_cell(error: float | None) -> str:
    """A figure for a table; a dash where there is none."""
    return "-" if error is None else f"{error:.3e}"


def _row(operator, dataset, label, batch_size, metric, results) -> ResolutionRow:
    samples = dataset.test[label]
    training = isinstance(dataset.on, Grid) and samples.inputs.on == dataset.on
    known = results.get(f"test/{metric.name}{key_suffix(dataset, label)}")
    native, note = (known, "") if known is not None else _error(operator, samples, batch_size, metric)
    if training:  # resampling to the grid where a field already lives is the identity
        resampled = native
    elif not isinstance(dataset.on, Grid):
        resampled, note = None, note or "the training samples live on points: no grid to resample to"
    else:
        resampled, refusal = _error(AtResolution(operator, dataset.on), samples, batch_size, metric)
        note = "; ".join(filter(None, (note, refusal)))
    return ResolutionRow(label, _shape(samples), native, resampled, training, note)


def _error(operator: Operator, samples: Sample, batch_size: int, metric: Metric) -> tuple[float | None, str]:
    """The metric, or None and the reason why the operator refuses this grid."""
    try:
        errors = per_sample_errors(operator, samples, batch_size, [metric.error])
    except REFUSALS as refusal:
        return None, str(refusal)
    return metric(errors[metric.error.name]), ""


def _shape(samples: Sample) -> tuple[int, ...]:
    """Points of one target; stacked points carry the axis of samples, a grid does not."""
    on = samples.targets.on
    return tuple(on.shape) if isinstance(on, Grid) else samples.targets.values.shape[1:-1]
