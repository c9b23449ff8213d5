"""What a run shows while it works: a bar in a terminal, now and then a line elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .phase_ends import PhaseEnd

SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """A bar with loss, learning rate, samples/s and time left, on stderr; plain lines where that is no terminal."""

    def __init__(self, steps: int, step: int = 0, show: bool = True):
        self._steps, self._first, self._show = steps, step, show
        self._console: Any = None
        self._bar: Any = None
        self._told: set[int] = set()
        self._start = self._last_line = time.perf_counter()

    def __enter__(self) -> Progress:
        if not self._show:
            return self
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        if self._console.is_terminal:
            self._bar = _bar(self._console)
            self._task = self._bar.add_task("training", total=self._steps, completed=self._first, figures="compiling")
            self._bar.start()
        return self

    def __exit__(self, *exception) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, step: int, loss: float, learning_rate: float | None, samples_per_second: float) -> None:
        """Tell how far training is."""
        rate = "" if learning_rate is None else f"lr {learning_rate:.2e}  "
        figures = f"loss {loss:.4e}  {rate}{samples_per_second:.0f} samples/s"
        if self._bar is not None:
            self._bar.update(self._task, completed=step, figures=figures)
        elif self._show:
            now = time.perf_counter()
            if step < self._steps and now - self._last_line < SECONDS_BETWEEN_LINES:
                return
            self._last_line = now
            left = (now - self._start) * (self._steps - step) / max(step - self._first, 1)
            self._line(f"step {step}/{self._steps}  {figures}  {_duration(left)} left")

    def phases(self, ends: Sequence[PhaseEnd]) -> None:
        """Tell of phases that stopped early, each once."""
        for number, end in enumerate(ends, start=1):
            if self._show and end.reason is not None and number not in self._told:
                self._line(f"step {end.last}/{self._steps}  phase {number} stopped: {end.reason}")
                self._told.add(number)

    def evaluated(self, step: int, values: Mapping[str, float], best: bool) -> None:
        """Tell the result of an evaluation."""
        if self._show:
            named = "  ".join(f"{name} {value:.4e}" for name, value in values.items())
            self._line(f"step {step}/{self._steps}  {named}{'  (best)' if best else ''}")

    def _line(self, text: str) -> None:
        self._console.print(text, soft_wrap=True, markup=False)


def _bar(console: Any) -> Any:
    from rich import progress

    return progress.Progress(
        progress.TextColumn("{task.completed}/{task.total}"),
        progress.BarColumn(bar_width=None),
        progress.TextColumn("{task.fields[figures]}"),
        progress.TimeRemainingColumn(),
        console=console,
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes}:{rest:02d}"
