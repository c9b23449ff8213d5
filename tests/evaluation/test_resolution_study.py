"""Resolution studies: native against resampled to the training grid."""

import io

import numpy as np
import pytest
from constructed import ERRORS, Picky, Scale
from rich.console import Console

from neuralpde.data import Dataset
from neuralpde.evaluation import (
    evaluate_operator,
    resolution_results,
    resolution_table,
    rich_resolution_table,
)
from neuralpde.spaces import Box, Field, FunctionSpace, Sample

CIRCLE = FunctionSpace(Box.cube(1, periodic=True), ("u",))


def two_modes(n: int, high: int) -> Sample:
    """sin(2 pi x) + sin(2 pi high x), as input and target."""
    on = CIRCLE.domain.grid(n)
    x = np.asarray(on.coords())
    values = np.sin(2 * np.pi * x) + np.sin(2 * np.pi * high * x)
    u = Field.stack(values[None], on, CIRCLE)
    return Sample(u, u, {})


def test_the_baseline_loses_exactly_the_modes_that_the_training_grid_cannot_hold():
    tests = {"16": two_modes(16, 3), "64": two_modes(64, 12)}
    rows = resolution_table(Scale(space=CIRCLE), Dataset("modes", two_modes(16, 3), None, tests, {}))
    assert [row.native for row in rows] == pytest.approx([0, 0], abs=1e-12)
    # Half of the energy is in mode 12, beyond the 8 of the training grid.
    assert rows[1].resampled == pytest.approx(np.sqrt(1 / 2), rel=1e-10)


def test_rows_go_from_coarse_to_fine_and_mark_the_training_grid(dataset):
    rows = resolution_table(Scale(), dataset)
    assert [row.shape for row in rows] == [(16, 16), (24, 24), (32, 32)]
    assert [row.training for row in rows] == [False, False, True]
    assert rows[2].resampled == rows[2].native == pytest.approx(np.mean(ERRORS), rel=1e-12)


def test_a_refused_grid_has_a_reason_instead_of_a_native_error(dataset):
    row = resolution_table(Picky(), dataset)[1]
    assert row.native is None
    assert "divisible by 16" in row.note
    assert row.resampled == pytest.approx(np.mean(ERRORS), rel=1e-10)


def test_native_errors_agree_with_the_results_and_are_taken_from_them(dataset):
    results = evaluate_operator(Scale(), dataset)
    rows = resolution_table(Scale(), dataset)
    assert rows[0].native == results["test/relative_l2@16"]
    assert rows[2].native == results["test/relative_l2"]
    known = resolution_table(Scale(), dataset, results={"test/relative_l2@16": 0.123})
    assert known[0].native == 0.123


def test_flat_keys_of_the_baseline_leave_out_the_training_grid(dataset):
    results = resolution_results(resolution_table(Picky(), dataset))
    assert sorted(results) == ["test/relative_l2_resampled@16", "test/relative_l2_resampled@24"]


def test_the_printed_table_shows_every_row_and_reason(dataset):
    console = Console(file=io.StringIO(), width=140)
    console.print(rich_resolution_table(resolution_table(Picky(), dataset)))
    text = console.file.getvalue()
    assert "24 x 24" in text
    assert "32 x 32 (training)" in text
    assert "divisible by 16" in text
    assert text.count(f"{np.mean(ERRORS):.3e}") == 5
