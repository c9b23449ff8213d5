"""`fit`: the host's side of training. It starts calls, and between them reads metrics, evaluates and saves."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import optax
from jax.sharding import Mesh
from jaxtyping import PRNGKeyArray

from .checkpoint import Checkpoints, saved_steps
from .compilations import compilations
from .devices import check_mesh, default_mesh
from .failures import CheckpointError, TrainingArgumentError, TrainingDiverged, TrainingInterrupted
from .metrics_log import FILE, MetricsLog
from .phases import Phases
from .plan import Plan, make_plan
from .progress import Progress
from .recorder import Call, Outcome, Recorder, read
from .result import FitResult
from .run import Run
from .signals import StopRequests
from .task import Task

CHECKPOINTS = "checkpoints"


def fit(
    model: Any,
    task: Task,
    optimizer: optax.GradientTransformation | Phases,
    *,
    steps: int,
    key: PRNGKeyArray,
    steps_per_call: int | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    evaluate_every: int | None = None,
    checkpoint_every: int | None = None,
    ema: float | None = None,
    mesh: Mesh | None = None,
    progress: bool = True,
    tensorboard: bool = True,
) -> FitResult:
    """Train a model on a task for a number of optimiser steps, with one optimiser or in `Phases`.

    - ``steps_per_call`` steps run on the device without the host; metrics of a call are read while the next one runs.
      Left out, 5 on a CPU, where some convolutions make them unrolled (`step.training_call`), and 50 on accelerators.
    - ``folder`` gets ``metrics.jsonl``, ``tensorboard/`` and ``checkpoints/``; left out, nothing is written.
    - ``resume`` goes on from the last checkpoint in ``folder``, if there is one, to the parameters that an
      uninterrupted run has, bit by bit on one device. ``key`` is then the one of the checkpoint.
    - ``evaluate_every``, ``checkpoint_every``: steps between evaluations and between checkpoints; left out, about 20
      of each. The last step always has both, and a new best model is always saved.
    - ``ema``: decay of a moving average of the parameters, which is then evaluated and given back.
    - ``mesh`` splits the batch over devices (`make_mesh`); left out, all accelerators that divide the batch evenly, or
      one CPU.

    A phase whose optimiser cannot go on ends there, and the last one ends the run: ``phases`` of the result says why.
    The first Ctrl-C or SIGTERM ends the running call, saves, and raises `TrainingInterrupted`. A non-finite loss,
    gradient or parameter raises `TrainingDiverged`, and is not saved. Raises `CheckpointMismatch` where the checkpoint is
    of another model or optimiser, `CheckpointError` where one cannot be written or read, or ``folder`` holds a run that
    is not resumed, and `TrainingArgumentError` for unusable arguments.
    """
    start, compiled_before = time.perf_counter(), compilations()
    plan = make_plan(steps, steps_per_call, evaluate_every, checkpoint_every)
    if ema is not None and not 0 < ema < 1:
        raise TrainingArgumentError(f"ema is a decay between 0 and 1, got {ema}; 0.999 averages about 1000 steps.")
    mesh = default_mesh(task.batch_size) if mesh is None else mesh
    check_mesh(mesh, task.batch_size)
    folder = None if folder is None else Path(folder)
    if folder is not None and not resume:
        _refuse_used(folder)
    with contextlib.ExitStack() as stack:
        stop = stack.enter_context(StopRequests())
        run = Run(model, task, optimizer, key, ema, mesh)
        checkpoints = log = None
        if folder is not None:
            checkpoints = stack.enter_context(Checkpoints(folder / CHECKPOINTS))
            run.resume(checkpoints)
            log = stack.enter_context(MetricsLog(folder, run.step, tensorboard))
        display = stack.enter_context(Progress(steps, run.step, progress))
        recorder = Recorder(task.batch_size, log, display, run.dtype)
        if run.step < steps and not run.phases_are_over():
            run.compile(plan.steps_per_call)
            _train(run, plan, recorder, checkpoints, stop)
        if checkpoints is not None:
            checkpoints.wait()
        result = FitResult(
            model=run.model(),
            best_model=run.best_model(),
            steps=run.step,
            best_step=run.best_step,
            best_value=run.best_value,
            seconds=time.perf_counter() - start,
            compile_seconds=run.compile_seconds,
            samples_per_second=recorder.samples_per_second,
            compilations=compilations() - compiled_before,
            history=recorder.history(),
            evaluations=recorder.evaluations,
            phases=run.phase_ends(),
        )
    if stop.received is not None:
        saved = "nothing was saved, as no folder was given" if folder is None else f"saved in {folder / CHECKPOINTS}"
        raise TrainingInterrupted(
            f"{stop.received.name} stopped the training after step {run.step} of {steps}; {saved}. "
            "Start it again with resume to go on.",
            stop.received,
            result,
        )
    return result


def _train(run: Run, plan: Plan, recorder: Recorder, checkpoints: Checkpoints | None, stop: StopRequests) -> None:
    """Make the steps of the plan, or those up to a signal or to the end of the last phase."""
    waiting: Call | None = None
    recorder.start_clock()
    while run.step < plan.steps:
        call = run.advance(plan.count(run.step))
        if waiting is not None:  # the device works on `call` meanwhile
            outcome = _read_finite(waiting, recorder, checkpoints)
            if outcome.over:  # `call` made no step
                _settle(run, plan, outcome, recorder, checkpoints, interrupted=False)
                return
            recorder.record(outcome)
        waiting = call
        interrupted = stop.received is not None
        if interrupted or plan.evaluates(run.step) or plan.saves(run.step):
            outcome = _read_finite(waiting, recorder, checkpoints)
            _settle(run, plan, outcome, recorder, checkpoints, interrupted)
            waiting = None
            interrupted |= outcome.over
        if interrupted:
            return


def _settle(
    run: Run, plan: Plan, outcome: Outcome, recorder: Recorder, checkpoints: Checkpoints | None, interrupted: bool
) -> None:
    """After the last call, evaluate as planned, and save as planned or on a signal; both where the phases are over.

    An evaluation that is due is made despite a signal: the resumed run starts after it and would never make it.
    """
    if outcome.over:
        run.end_at(outcome.last)
    values, is_best = None, False
    if outcome.over or plan.evaluates(run.step):
        values, is_best = run.evaluate()
    recorder.record(outcome, values, is_best)
    if checkpoints is not None and (outcome.over or interrupted or is_best or plan.saves(run.step)):
        run.save(checkpoints, values)
    recorder.start_clock()


def _read_finite(call: Call, recorder: Recorder, checkpoints: Checkpoints | None) -> Outcome:
    """The outcome of a call; one that is not finite is recorded, and ends the run."""
    outcome = read(call)
    recorder.count_time(outcome)
    if outcome.finite:
        return outcome
    recorder.record(outcome)
    good = None
    if checkpoints is not None:
        checkpoints.wait()
        good = checkpoints.latest()
    way_back = "There is no earlier checkpoint" if good is None else f"The last good checkpoint is that of step {good}"
    raise TrainingDiverged(
        f"The loss, its gradient or a parameter is no longer a finite number at step {outcome.last}. {way_back}. "
        "Try a lower learning_rate, clip=1.0 in the optimiser, or a longer warm-up; if it fails in the first steps, "
        "check the data and the normalisation.",
        outcome.last,
        good,
    )


def _refuse_used(folder: Path) -> None:
    """A run that is not resumed must not write over another one."""
    metrics = folder / FILE
    if saved_steps(folder / CHECKPOINTS) or (metrics.is_file() and metrics.stat().st_size):
        raise CheckpointError(f"{folder} holds a run already; go on with it by resume, or choose another folder.")
