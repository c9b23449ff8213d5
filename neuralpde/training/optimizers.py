"""Optimisers: optax transformations for a stated number of steps, which tell their learning rate.

Each takes ``steps`` (all optimiser steps of the run, for the schedule), ``learning_rate`` (the peak), ``schedule`` (a
name or a constructor, see `schedules`) and ``clip`` (largest global norm of the gradient; None: no clipping). Each
raises `TrainingArgumentError` where one of these cannot be used.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from .failures import TrainingArgumentError
from .schedules import Schedule, ScheduleConstructor, make_schedule


class LearningRateState(NamedTuple):
    """Updates made so far, and the rate of the latest one."""

    count: Int[Array, ""]
    learning_rate: Float[Array, ""]


def descend(schedule: Schedule) -> optax.GradientTransformation:
    """Multiply updates by minus the scheduled rate, and keep that rate in the state, which is logged."""

    def init(params):
        del params
        return LearningRateState(jnp.zeros((), jnp.int32), jnp.zeros((), float))

    def update(updates, state, params=None):
        del params
        rate = jnp.asarray(schedule(state.count), float)
        scaled = jax.tree.map(lambda u: -rate.astype(u.dtype) * u, updates)
        return scaled, LearningRateState(state.count + 1, rate)

    return optax.GradientTransformation(init, update)


def adamw(
    steps: int,
    learning_rate: float = 1e-3,
    weight_decay: float = 1e-5,
    schedule: str | ScheduleConstructor = "onecycle",
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    clip: float | None = None,
) -> optax.GradientTransformation:
    """Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101)."""
    return chained(
        clip,
        optax.scale_by_adam(b1, b2, eps),
        optax.add_decayed_weights(weight_decay),
        descend(make_schedule(schedule, steps, learning_rate)),
    )


def adam(
    steps: int,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.0,
    schedule: str | ScheduleConstructor = "onecycle",
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    clip: float | None = None,
) -> optax.GradientTransformation:
    """Adam with coupled decay: ``weight_decay * parameter`` is added to the gradient, as the MgNO paper's recipe has it.

    Kingma & Ba, arXiv 1412.6980; the decay is that of PyTorch's Adam, the gradient of an L2 penalty.
    """
    return chained(
        clip,
        optax.add_decayed_weights(weight_decay),
        optax.scale_by_adam(b1, b2, eps),
        descend(make_schedule(schedule, steps, learning_rate)),
    )


def adabelief(
    steps: int,
    learning_rate: float = 1e-3,
    schedule: str | ScheduleConstructor = "onecycle",
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-16,
    clip: float | None = None,
) -> optax.GradientTransformation:
    """Adam whose steps are long where gradients are as expected (Zhuang et al., NeurIPS 2020, arXiv 2010.07468)."""
    return chained(
        clip,
        optax.scale_by_belief(b1, b2, eps),
        descend(make_schedule(schedule, steps, learning_rate)),
    )


def lion(
    steps: int,
    learning_rate: float = 1e-4,
    weight_decay: float = 1e-3,
    schedule: str | ScheduleConstructor = "onecycle",
    b1: float = 0.9,
    b2: float = 0.99,
    clip: float | None = None,
) -> optax.GradientTransformation:
    """The sign of an interpolated momentum (Chen et al., arXiv 2302.06675), with decoupled weight decay."""
    return chained(
        clip,
        optax.scale_by_lion(b1, b2),
        optax.add_decayed_weights(weight_decay),
        descend(make_schedule(schedule, steps, learning_rate)),
    )


def sgd(
    steps: int,
    learning_rate: float = 1e-2,
    momentum: float = 0.9,
    nesterov: bool = False,
    schedule: str | ScheduleConstructor = "constant",
    clip: float | None = None,
) -> optax.GradientTransformation:
    """Gradient descent with momentum: ``v <- momentum * v + g``, ``parameter <- parameter - rate * v``."""
    return chained(
        clip,
        optax.trace(momentum, nesterov) if momentum else optax.identity(),
        descend(make_schedule(schedule, steps, learning_rate)),
    )


def muon(
    steps: int,
    learning_rate: float = 1e-3,
    weight_decay: float = 1e-5,
    schedule: str | ScheduleConstructor = "onecycle",
    momentum: float = 0.95,
    update_rms: float = 0.2,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    clip: float | None = None,
) -> optax.GradientTransformation:
    """Orthogonalised momentum for matrices, Nesterov AdamW for vectors and scalars (K. Jordan et al., "Muon", 2024).

    An array of two or more axes is a matrix on its last two; axes before them (taps of a kernel, Fourier modes) are a
    batch. Updates are scaled to the root mean square ``update_rms`` that those of Adam have (Liu et al., arXiv
    2502.16982), so one learning rate and one weight decay serve all parameters.
    """
    directions = optax.contrib.muon(
        learning_rate=1.0,
        beta=momentum,
        weight_decay=weight_decay,
        adam_b1=b1,
        adam_b2=b2,
        eps=eps,
        adam_weight_decay=weight_decay,
        adam_learning_rate=1.0,
        muon_weight_dimension_numbers=_matrices,
        consistent_rms=update_rms,
    )
    # optax's Muon ends with the factor -1; the sign is given back so that `descend` alone turns it.
    return chained(clip, directions, optax.scale(-1.0), descend(make_schedule(schedule, steps, learning_rate)))


def _matrices(parameters: Any) -> Any:
    numbers = optax.contrib.MuonDimensionNumbers(reduction_axis=-2, output_axis=-1)
    return jax.tree.map(lambda p: numbers if p.ndim >= 2 and jnp.isrealobj(p) else None, parameters)


def chained(clip: float | None, *parts: optax.GradientTransformation) -> optax.GradientTransformation:
    """The parts in their order, after a bound ``clip`` on the norm of the gradient where there is one."""
    if clip is not None and not clip > 0:
        raise TrainingArgumentError(
            f"clip is the largest norm of the gradient, a positive number or None; got clip={clip}."
        )
    return optax.chain(*([] if clip is None else [optax.clip_by_global_norm(clip)]), *parts)
