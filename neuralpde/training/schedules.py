"""Learning rates over training: each constructor takes the number of steps and the peak, and gives step -> rate.

Steps count from zero: the rate of the first update is ``schedule(0)``, that of the last ``schedule(steps - 1)``. Each
raises `TrainingArgumentError` where an argument lies outside of its range.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .failures import TrainingArgumentError

Schedule = Callable[[Int[Array, ""]], Float[Array, ""]]
ScheduleConstructor = Callable[[int, float], Callable]


def onecycle(
    steps: int,
    peak: float,
    pct_start: float = 0.3,
    div: float = 25.0,
    final_div: float = 1e4,
    every: int = 1,
) -> Schedule:
    """One cycle with cosine annealing (Smith & Topin, arXiv 1708.07120), step by step as PyTorch's OneCycleLR.

    From ``peak / div`` up to ``peak`` at step ``pct_start * steps - 1``, then down to ``peak / (div * final_div)`` at
    the last step. The rate stays the same for ``every`` steps, and the cycle then counts these parts: with the steps
    of an epoch it is the schedule that changes once an epoch.
    """
    _check_range("every", every, 1)
    _check_range("pct_start", pct_start, 0.0, 1.0)
    _check_range("div", div, 1.0)
    _check_range("final_div", final_div, 1.0)
    start, end = peak / div, peak / (div * final_div)
    steps = math.ceil(steps / every)
    top = max(pct_start * steps - 1.0, 0.0)
    length_up, length_down = max(top, 1e-9), max(steps - 1.0 - top, 1e-9)

    def rate(step):
        step = step // every
        rising = _cosine_between(start, peak, step / length_up)
        falling = _cosine_between(peak, end, (step - top) / length_down)
        return jnp.where(step < top, rising, falling)

    return rate


def cosine(steps: int, peak: float, warmup: float = 0.05, floor: float = 0.0) -> Schedule:
    """Linear warm-up over the fraction ``warmup`` of the steps, then half a cosine down to ``floor * peak``.

    The first update has the rate ``peak / (number of warm-up steps)``, the last one ``floor * peak``.
    """
    _check_range("warmup", warmup, 0.0, 1.0)
    _check_range("floor", floor, 0.0, 1.0)
    rise = round(warmup * steps)
    length = max(steps - 1 - rise, 1)

    def rate(step):
        rising = peak * (step + 1) / max(rise, 1)
        return jnp.where(step < rise, rising, _cosine_between(peak, floor * peak, (step - rise) / length))

    return rate


def step_decay(steps: int, peak: float, drops: int = 4, factor: float = 0.5) -> Schedule:
    """``peak * factor^k`` in the k-th of ``drops + 1`` equal parts of the run (PyTorch's StepLR)."""
    _check_range("drops", drops, 0)
    _check_range("factor", factor, 0.0, 1.0)
    length = steps / (drops + 1)

    def rate(step):
        return peak * factor ** jnp.floor(step / length)

    return rate


def constant(steps: int, peak: float) -> Schedule:
    """The same rate at every step."""
    del steps
    return lambda step: jnp.full_like(step, peak, dtype=float)


SCHEDULES: dict[str, ScheduleConstructor] = {
    "constant": constant,
    "cosine": cosine,
    "onecycle": onecycle,
    "step_decay": step_decay,
}


def make_schedule(schedule: str | ScheduleConstructor, steps: int, peak: float) -> Schedule:
    """A schedule by name, or by a constructor such as ``functools.partial(onecycle, pct_start=0.2)``.

    Raises `TrainingArgumentError` where the name is unknown, or there are no steps or no positive rate to schedule.
    """
    if steps < 1:
        raise TrainingArgumentError(f"A schedule needs at least one step, got steps={steps}.")
    if not peak > 0:
        raise TrainingArgumentError(f"A learning rate is positive, got learning_rate={peak}.")
    if isinstance(schedule, str):
        if schedule not in SCHEDULES:
            raise TrainingArgumentError(f"schedule={schedule!r} is unknown; choose one of {', '.join(SCHEDULES)}.")
        schedule = SCHEDULES[schedule]
    return schedule(steps, peak)


def _check_range(name: str, value: float, lower: float, upper: float = math.inf) -> None:
    if not lower <= value <= upper:
        span = f"at least {lower}" if upper == math.inf else f"between {lower} and {upper}"
        raise TrainingArgumentError(f"{name} of a schedule is {span}, got {name}={value}.")


def _cosine_between(start: float, end: float, fraction):
    """``start`` at fraction 0, ``end`` at and past fraction 1, half a cosine between."""
    return end + (start - end) * 0.5 * (1.0 + jnp.cos(jnp.pi * jnp.clip(fraction, 0.0, 1.0)))
