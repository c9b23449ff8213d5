"""Metrics on disk and on the screen."""

import json
import struct

import numpy as np
import pytest
from tensorboardX.proto import event_pb2
from training.linear_regression import Linear, Regression

from neuralpde.training import adamw, fit
from neuralpde.training.metrics_log import MetricsLog, truncate
from neuralpde.training.progress import Progress


def events(folder):
    """Scalars of all event files: (step, name) -> value. A record is length, checksum, content, checksum."""
    scalars = {}
    for path in sorted(folder.glob("events.*")):
        content, at = path.read_bytes(), 0
        while at < len(content):
            (length,) = struct.unpack_from("<Q", content, at)
            event = event_pb2.Event.FromString(content[at + 12 : at + 12 + length])
            scalars |= {(event.step, value.tag): value.simple_value for value in event.summary.value}
            at += 16 + length
    return scalars


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_both_logs_tell_what_fit_gives_back(tmp_path, key):
    fitted = fit(
        Linear(), Regression(), adamw(20, 0.05), steps=20, key=key, steps_per_call=5, evaluate_every=10,
        folder=tmp_path, progress=False,
    )  # fmt: skip
    written = lines(tmp_path)
    assert [record["step"] for record in written] == list(range(1, 21))
    for name in ("train/loss", "train/learning_rate", "train/gradient_norm", "train/largest"):
        np.testing.assert_allclose([record[name] for record in written], fitted.history[name], rtol=1e-12)
    assert written[9]["validation/error"] == fitted.evaluations[0]["validation/error"]
    board = events(tmp_path / "tensorboard")
    assert {step for step, _ in board} - {0} == {5, 10, 15, 20}
    for step in (5, 10, 15, 20):
        assert board[step, "train/loss"] == pytest.approx(written[step - 1]["train/loss"], rel=1e-6)


def test_every_write_is_on_the_disk(tmp_path):
    with MetricsLog(tmp_path, tensorboard=False) as log:
        for step in range(1, 4):
            log.write([{"step": step, "train/loss": 1.0 / step}])
            assert lines(tmp_path)[-1]["step"] == step


def test_infinite_numbers_are_null(tmp_path):
    with MetricsLog(tmp_path, tensorboard=False) as log:
        log.write([{"step": 1, "train/loss": float("nan"), "train/x": float("inf")}])
    assert lines(tmp_path) == [{"step": 1, "train/loss": None, "train/x": None}]


@pytest.mark.parametrize("tail", ["", '{"step": 4, "tr', "no json\n"])
def test_resuming_cuts_what_is_past_the_checkpoint(tmp_path, tail):
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(f'{{"step": {step}}}\n' for step in (1, 2, 3)) + tail)
    truncate(path, 2)
    assert [record["step"] for record in lines(tmp_path)] == [1, 2]


def test_progress_tells_loss_rate_speed_and_time_left(capsys):
    with Progress(100) as progress:
        progress.update(100, 0.125, 1e-3, 321.0)
        progress.evaluated(100, {"validation/relative_l2": 0.25}, best=True)
    shown = capsys.readouterr()
    assert not shown.out
    for text in ("step 100/100", "loss 1.2500e-01", "lr 1.00e-03", "321 samples/s", "0:00 left", "(best)"):
        assert text in shown.err


def test_hidden_progress_says_nothing(capsys):
    with Progress(10, show=False) as progress:
        progress.update(10, 0.1, None, 1.0)
        progress.evaluated(10, {}, best=False)
    assert capsys.readouterr() == ("", "")
