"""Reading the metrics file of a run, whole or not."""

import numpy as np

from neuralpde.evaluation import read_metrics, series


def test_a_truncated_last_line_does_not_hide_the_others(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1, "train/loss": 0.5}\n{"step": 2, "train/loss": 0.25}\n{"step": 3, "tra')
    assert [record["step"] for record in read_metrics(path)] == [1, 2]


def test_lines_that_are_no_records_are_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'\n[1, 2]\n"text"\n{"train/loss": 1}\n{"step": "x"}\n\xff\xfe\n{"step": 4}\n')
    assert read_metrics(path) == [{"step": 4}]


def test_an_absent_file_holds_no_records(tmp_path):
    assert read_metrics(tmp_path / "metrics.jsonl") == []


def test_a_series_takes_the_records_that_have_its_key_in_order_of_steps():
    records = [
        {"step": 10, "a": 1.0},
        {"step": 20, "b": 5.0},
        {"step": 30, "a": None},
        {"step": 5, "a": 3},
        {"step": 40, "a": "high"},
    ]
    steps, values = series(records, "a")
    np.testing.assert_array_equal(steps, [5, 10])
    np.testing.assert_array_equal(values, [3.0, 1.0])


def test_of_steps_written_twice_by_a_resumed_run_the_last_counts():
    steps, values = series([{"step": 1, "a": 1.0}, {"step": 2, "a": 9.0}, {"step": 2, "a": 2.0}], "a")
    np.testing.assert_array_equal(steps, [1, 2])
    np.testing.assert_array_equal(values, [1.0, 2.0])
