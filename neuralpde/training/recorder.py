"""What a run tells while it goes on: history in memory, metrics on disk, progress on the screen."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from .metrics_log import MetricsLog
from .phase_ends import phase_ends
from .phases import PhaseProgress
from .progress import Progress
from .step import LOSS
from .telling import LEARNING_RATE


class Call(NamedTuple):
    """A call of the compiled loop that was started: it begins after ``first`` steps; metrics are on the device."""

    first: int
    count: int
    metrics: Mapping[str, Any]


class Outcome(NamedTuple):
    """A call that was read: metrics of the steps ``first + 1, ...``, arrays on the host, and whether all is finite."""

    first: int
    metrics: dict[str, np.ndarray]
    finite: bool
    phases: PhaseProgress

    @property
    def last(self) -> int:
        return self.first + len(self.metrics[LOSS])

    @property
    def over(self) -> bool:
        """Whether all phases have ended, so that later calls make no steps."""
        return int(self.phases.index) == len(self.phases.ends)


def read(call: Call) -> Outcome:
    """Wait for a call and take its metrics off the device, in one transfer; a step that was refused counts as last."""
    metrics = dict(jax.device_get(call.metrics))
    finite, step, phases = bool(metrics.pop("finite")), int(metrics.pop("step")), metrics.pop("phases")
    written = min(call.count, step - call.first + (not finite))
    return Outcome(call.first, {name: values[:written] for name, values in metrics.items()}, finite, phases)


class Recorder:
    """Takes the outcomes of calls in their order. ``log`` is None where nothing is written; ``dtype``: of parameters."""

    def __init__(self, batch_size: int, log: MetricsLog | None, progress: Progress, dtype: np.dtype):
        self._batch_size, self._log, self._progress, self._dtype = batch_size, log, progress, dtype
        self._outcomes: list[Outcome] = []
        self._samples, self._seconds = 0, 0.0
        self._since = time.perf_counter()
        self.evaluations: list[dict[str, float | int]] = []

    @property
    def samples_per_second(self) -> float:
        """Over the time between `start_clock` and `record`."""
        return self._samples / self._seconds if self._seconds else 0.0

    def start_clock(self) -> None:
        """Count the time from here on as training."""
        self._since = time.perf_counter()

    def record(self, outcome: Outcome, evaluation: Mapping[str, float] | None = None, best: bool = False) -> None:
        """Record a call, and the evaluation after its last step."""
        metrics = outcome.metrics
        self._outcomes.append(outcome)
        records: list[dict[str, Any]] = [
            {"step": outcome.first + 1 + i, **{name: float(values[i]) for name, values in metrics.items()}}
            for i in range(len(metrics[LOSS]))
        ]
        if evaluation is not None:
            self.evaluations.append({"step": outcome.last, **evaluation})
            records[-1] |= evaluation
        if self._log is not None:
            self._log.write(records)
        rate = float(metrics[LEARNING_RATE][-1]) if LEARNING_RATE in metrics else math.nan
        told = None if math.isnan(rate) else rate
        self._progress.update(outcome.last, float(metrics[LOSS][-1]), told, self.samples_per_second)
        self._progress.phases(phase_ends(outcome.phases, outcome.last, self._dtype))
        if evaluation is not None:
            self._progress.evaluated(outcome.last, evaluation, best)

    def count_time(self, outcome: Outcome) -> None:
        """Count the time since the clock was started, or since this was called last, for an outcome just read."""
        now = time.perf_counter()
        self._samples += self._batch_size * len(outcome.metrics[LOSS])
        self._seconds += now - self._since
        self._since = now

    def history(self) -> dict[str, np.ndarray]:
        """Each metric over the steps of this call of `fit`."""
        names = self._outcomes[0].metrics if self._outcomes else ()
        return {name: np.concatenate([outcome.metrics[name] for outcome in self._outcomes]) for name in names}
