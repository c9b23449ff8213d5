"""A run in phases, each with an optimiser of its own: Adam for some thousand steps, then a second-order method."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Int

from .failures import TrainingArgumentError
from .stopping import StopReason

OptimizerConstructor = Callable[[int], optax.GradientTransformation]


class OfOneBatch(optax.GradientTransformationExtraArgs):
    """An optimiser whose memory is of one batch (quasi-Newton): a phase of it holds its batch where it is not told."""


@dataclasses.dataclass(frozen=True)
class Phase:
    """A part of a run.

    ``optimizer`` is an optax transformation, or a constructor that waits for the number of its steps. ``steps`` is that
    number, or a share of the run between 0 and 1; left out, what the other phases leave. The batch, and the noise of a
    loss that has any, stay for ``hold`` steps, counted from the start of the phase; left out, for one step, or for the
    whole phase where the optimiser remembers (`OfOneBatch`). L-BFGS starts afresh on a new batch.

    Raises `TrainingArgumentError` where one of these cannot be used.
    """

    optimizer: optax.GradientTransformation | OptimizerConstructor
    steps: int | float | None = None
    hold: int | None = None

    def __post_init__(self):
        share = isinstance(self.steps, float)
        if self.steps is not None and not (0 < self.steps < 1 if share else self.steps >= 1):
            raise TrainingArgumentError(
                f"steps of a phase is a number of steps, at least 1, or a share of the run between 0 and 1; "
                f"got steps={self.steps}."
            )
        if self.hold is not None and self.hold < 1:
            raise TrainingArgumentError(f"hold is the number of steps that a batch stays, at least 1; got {self.hold}.")


@dataclasses.dataclass(frozen=True)
class PlannedPhase:
    """A `Phase` with its optimiser made and its steps counted; None: as many as the run has."""

    optimizer: optax.GradientTransformation
    steps: int | None
    hold: int | None

    def first_held(self, step: Int[Array, ""], begin: Int[Array, ""]) -> tuple[Int[Array, ""], Bool[Array, ""]]:
        """The step whose batch serves ``step`` in a phase that began at ``begin``, and whether it is new. In jit."""
        if self.hold is None and isinstance(self.optimizer, OfOneBatch):
            return begin, step == begin
        hold = self.hold or 1
        held = begin + (step - begin) // hold * hold
        return held, step == held


@dataclasses.dataclass(frozen=True)
class Phases:
    """The phases of a run of ``steps`` steps, in their order, with their optimisers made and their steps counted.

    A phase that stops early (its optimiser cannot go on) hands over to the next one. Phases with a share of the run, and
    one with what is left, add up to ``steps``. Raises `TrainingArgumentError` where there are no phases, more than one
    takes what is left, or they need more steps than the run has.
    """

    sequence: tuple[PlannedPhase, ...]

    def __init__(self, steps: int, sequence: Sequence[Phase]):
        if not sequence:
            raise TrainingArgumentError("Phases need at least one Phase, got none.")
        counts = [round(p.steps * steps) if isinstance(p.steps, float) else p.steps for p in sequence]
        taken = sum(count for count in counts if count is not None)
        if counts.count(None) > 1 or taken + counts.count(None) > steps or 0 in counts:
            raise TrainingArgumentError(
                f"The phases take {counts} of {steps} steps, where None is what the others leave; every phase needs a "
                "step, at most one takes what is left, and together they fit into the run."
            )
        made = (_made(p, steps - taken if count is None else count) for p, count in zip(sequence, counts, strict=True))
        object.__setattr__(self, "sequence", tuple(made))


def as_phases(optimizer: optax.GradientTransformation | Phases) -> tuple[PlannedPhase, ...]:
    """The phases of a run; a single optimiser is one without an end of its own."""
    return optimizer.sequence if isinstance(optimizer, Phases) else (PlannedPhase(optimizer, None, None),)


def _made(phase: Phase, steps: int) -> PlannedPhase:
    optimizer = phase.optimizer
    if not isinstance(optimizer, optax.GradientTransformation):
        optimizer = optimizer(steps)
    return PlannedPhase(optimizer, steps, phase.hold)


class PhaseProgress(NamedTuple):
    """Index of the running phase (their number after the last), the step after which each ended, and why."""

    index: Int[Array, ""]
    ends: Int[Array, " phases"]
    reasons: Int[Array, " phases"]


def initial_progress(phases: int) -> PhaseProgress:
    """Before the first step of the first phase."""
    return PhaseProgress(jnp.zeros((), jnp.int32), jnp.zeros(phases, jnp.int32), jnp.zeros(phases, jnp.int32))


def advanced(
    progress: PhaseProgress,
    index: int,
    done: Int[Array, ""],
    steps: int | None,
    begin: Int[Array, ""],
    reason: Int[Array, ""],
) -> PhaseProgress:
    """The progress after step ``done`` of the phase at ``index``, which has ``steps`` from ``begin`` on. In jit."""
    over = reason != StopReason.NONE
    if steps is not None:
        over |= done - begin >= steps
    return PhaseProgress(
        progress.index + over.astype(progress.index.dtype),
        progress.ends.at[index].set(jnp.where(over, done, 0)),
        progress.reasons.at[index].set(reason),
    )
