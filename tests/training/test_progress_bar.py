"""What a run shows in a terminal, and what TensorBoard is told when a run goes on."""

import io
import struct

import pytest
from rich.console import Console
from tensorboardX.proto import event_pb2

from neuralpde.training import progress
from neuralpde.training.metrics_log import MetricsLog
from neuralpde.training.progress import Progress


@pytest.fixture
def terminal(monkeypatch):
    """A wide terminal that keeps what is written to it."""
    screen = io.StringIO()
    made = Console(file=screen, force_terminal=True, width=120, color_system=None)
    monkeypatch.setattr("rich.console.Console", lambda **options: made)
    return screen


def test_bar_tells_step_loss_rate_and_speed(terminal):
    with Progress(100, 40) as bar:
        bar.update(60, 0.5, 2e-3, 1234.0)
        bar.evaluated(60, {"validation/relative_l2": 0.25}, best=True)
    shown = terminal.getvalue()
    for text in (
        "60/100",
        "loss 5.0000e-01",
        "lr 2.00e-03",
        "1234 samples/s",
        "validation/relative_l2 2.5000e-01",
        "(best)",
    ):
        assert text in shown


def test_bar_starts_where_the_run_goes_on(terminal):
    with Progress(100, 40):
        pass
    assert "40/100" in terminal.getvalue() and "compiling" in terminal.getvalue()


def test_rate_that_the_optimiser_does_not_tell_is_left_out(terminal):
    with Progress(10) as bar:
        bar.update(10, 0.5, None, 10.0)
    assert "loss 5.0000e-01" in terminal.getvalue() and "lr" not in terminal.getvalue()


def test_lines_outside_of_a_terminal_are_few_and_the_last_step_has_one(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    with Progress(100) as lines:
        for step in range(1, 101):
            now[0] += 1.0
            lines.update(step, 0.5, 1e-3, 16.0)
    shown = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in shown] == [f"{step}/100" for step in range(10, 101, 10)]
    assert shown[4].endswith("0:50 left") and shown[-1].endswith("0:00 left")


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.2, "1:00"), (61, "1:01"), (3601, "60:01")])
def test_durations_are_minutes_and_seconds(seconds, text):
    assert progress._duration(seconds) == text


def purged_from(folder):
    """The first steps that the writers of the event files declared void."""
    steps = []
    for path in sorted(folder.glob("events.*")):
        content, at = path.read_bytes(), 0
        while at < len(content):
            (length,) = struct.unpack_from("<Q", content, at)
            event = event_pb2.Event.FromString(content[at + 12 : at + 12 + length])
            steps += [event.step] if event.session_log.status == event_pb2.SessionLog.START else []
            at += 16 + length
    return steps


def test_resumed_run_declares_later_steps_of_tensorboard_void(tmp_path):
    with MetricsLog(tmp_path) as log:
        log.write([{"step": step, "train/loss": 1.0} for step in (1, 2, 3)])
    assert purged_from(tmp_path / "tensorboard") == []
    with MetricsLog(tmp_path, step=2) as log:
        log.write([{"step": 3, "train/loss": 2.0}])
    assert purged_from(tmp_path / "tensorboard") == [3]
