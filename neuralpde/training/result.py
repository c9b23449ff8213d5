"""What `fit` gives back."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from .phase_ends import PhaseEnd


@dataclasses.dataclass(frozen=True)
class FitResult:
    """A trained model and how it came about.

    ``model`` is the model after the last step (the average of the parameters, where there is one); ``best_model`` that
    of the smallest monitored value, the same as ``model`` where nothing is monitored. ``steps`` counts from the start
    of the run, resumed or not; ``seconds``, ``compile_seconds`` (of the loop), ``compilations`` (programs compiled by
    XLA while fitting), ``history`` (arrays of one entry a step) and ``evaluations`` (records with a ``step``) are of this
    call. ``phases`` tells the steps of every phase that was begun, and in words why one stopped before its steps were
    over. ``samples_per_second`` counts the time in the loop, without compilation, evaluation and checkpoints.
    """

    model: Any
    best_model: Any
    steps: int
    best_step: int | None
    best_value: float | None
    seconds: float
    compile_seconds: float
    samples_per_second: float
    compilations: int
    history: dict[str, np.ndarray]
    evaluations: list[dict[str, float | int]]
    phases: tuple[PhaseEnd, ...]
