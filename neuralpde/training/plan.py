"""When a run evaluates, saves and ends, in steps."""

from __future__ import annotations

import dataclasses
import math

import jax

from .failures import TrainingArgumentError

EVALUATIONS = 20
"""How often a run evaluates and saves where it is not told."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """``steps`` in calls of at most ``steps_per_call``, none of which runs over an evaluation or a checkpoint."""

    steps: int
    steps_per_call: int
    evaluate_every: int
    checkpoint_every: int

    def count(self, step: int) -> int:
        """Number of steps of the call that starts at ``step``."""
        stops = [
            self.steps,
            *((step // every + 1) * every for every in (self.evaluate_every, self.checkpoint_every)),
        ]
        return min(self.steps_per_call, min(stops) - step)

    def evaluates(self, step: int) -> bool:
        return step % self.evaluate_every == 0 or step == self.steps

    def saves(self, step: int) -> bool:
        return step % self.checkpoint_every == 0 or step == self.steps


def make_plan(steps: int, steps_per_call: int | None, evaluate_every: int | None, checkpoint_every: int | None) -> Plan:
    """Left out, ``evaluate_every`` is a whole number of calls, about a 20th of the run, and ``checkpoint_every`` is
    ``evaluate_every``. Raises `TrainingArgumentError` where a number is not positive."""
    given = {
        "steps": steps,
        "steps_per_call": steps_per_call,
        "evaluate_every": evaluate_every,
        "checkpoint_every": checkpoint_every,
    }
    for name, value in given.items():
        if value is not None and value < 1:
            raise TrainingArgumentError(f"{name} is a number of steps, at least 1; got {name}={value}.")
    if steps_per_call is None:
        steps_per_call = 5 if jax.default_backend() == "cpu" else 50
    if evaluate_every is None:
        evaluate_every = math.ceil(steps / EVALUATIONS / steps_per_call) * steps_per_call
    return Plan(steps, steps_per_call, evaluate_every, checkpoint_every or evaluate_every)
