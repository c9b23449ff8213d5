"""The compiled part of training: many steps in one program, without a word from the host."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh
from jaxtyping import Array, Bool, Int, PRNGKeyArray, PyTree

from neuralpde.operators.loops import has_slow_convolutions

from .devices import split_batch
from .phases import PlannedPhase, advanced
from .residuals import residuals_of
from .state import TrainState, moving_average, order_and_noise, put_together
from .stopping import stop_reason
from .task import Task, carries_batches
from .telling import known_gradient, told_by

LOSS, GRADIENT_NORM = "train/loss", "train/gradient_norm"

Metrics = dict[str, Array]
StepFunction = Callable[[TrainState, PyTree, PyTree], tuple[TrainState, Metrics]]
TrainingCall = Callable[[TrainState, PyTree, PyTree, Array], tuple[TrainState, Metrics]]


def training_call(
    task: Task,
    phases: Sequence[PlannedPhase],
    static: PyTree,
    batches: PyTree,
    *,
    steps_per_call: int,
    ema: float | None = None,
    mesh: Mesh | None = None,
) -> TrainingCall:
    """The function ``(state, frozen, data, count) -> (state, metrics)`` that makes ``count <= steps_per_call`` steps.

    ``count`` is an array, so the shorter last call, and calls that end early for an evaluation, are the same program.
    ``static`` and ``batches`` are the parts of model and data that are no arrays. Metrics have shape
    ``(steps_per_call,)``, of which the first ``count`` entries were written; one that a phase does not have is NaN.

    Every phase is a loop of its own, one after the other: the state of an optimiser is not carried through the loops of
    the others. A call in which a phase ends goes on with the next one.

    On a CPU the steps of a model with convolutions other than `neuralpde.nn.convolve` (Flax's, depthwise ones) are
    written one after the other instead of in a loop: that compiles longer, but runs faster, see `operators.loops`.

    A step with a non-finite loss or gradient is not taken: the state stays as it was before, but for ``finite``, which
    becomes False and ends this call and turns all that follow into nothing.
    """
    steps = [one_step(task, phase, index, static, batches, ema=ema, mesh=mesh) for index, phase in enumerate(phases)]

    def call(state: TrainState, frozen: PyTree, data: PyTree, count: Int[Array, ""]):
        i = jnp.zeros_like(count)
        programs, shapes = [], {}
        for index, step in enumerate(steps):
            traced = jax.jit(step)  # traced once, however often it is written
            program, (_, told) = jax.make_jaxpr(traced, return_shape=True)(_of_phase(state, index), frozen, data)
            shapes |= told
            programs.append((traced, has_slow_convolutions(program.jaxpr)))
        metrics = {name: _nowhere((steps_per_call, *s.shape), s.dtype) for name, s in shapes.items()}
        for index, (step, unrolled) in enumerate(programs):
            own = _of_phase(state, index)

            def advance(i, state, metrics, step=step):
                state, now = step(state, frozen, data)
                return i + 1, state, metrics | {name: metrics[name].at[i].set(value) for name, value in now.items()}

            def proceed(i, state, metrics, index=index):
                return (i < count) & state.finite & (state.phases.index == index)

            if jax.default_backend() == "cpu" and unrolled:
                for _ in range(steps_per_call):
                    # A branch would be a loop of one step to the compiler: superfluous steps are made and dropped.
                    old = i, own, metrics
                    i, own, metrics = _where(proceed(*old), advance(*old), old)
            else:
                i, own, metrics = jax.lax.while_loop(lambda c: proceed(*c), lambda c: advance(*c), (i, own, metrics))
            state = _with_phase(state, index, own)
        finite = state.finite & _all_finite(state.parameters)
        return eqx.tree_at(lambda s: s.finite, state, finite), {
            **metrics,
            "finite": finite,
            "step": state.step,
            "phases": state.phases,
        }

    return call


def one_step(
    task: Task,
    phase: PlannedPhase,
    index: int,
    static: PyTree,
    batches: PyTree,
    *,
    ema: float | None,
    mesh: Mesh | None,
) -> StepFunction:
    """The function ``(state, frozen, data) -> (state, metrics)`` of one step of the phase at ``index``."""
    optimizer = optax.with_extra_args_support(phase.optimizer)
    carried = carries_batches(task)

    def step(state: TrainState, frozen: PyTree, data: PyTree) -> tuple[TrainState, Metrics]:
        key_order, key_noise = order_and_noise(state.key)
        begin = state.phases.ends[index - 1] if index else jnp.zeros_like(state.step)
        held, new_batch = phase.first_held(state.step, begin)
        if carried:
            batch = _renewed(task, state, frozen, static, new_batch, key_order)
        else:
            batch = eqx.combine(data, batches).batch(held, key_order)
        batch = split_batch(batch, mesh, task.batch_size)
        noise = jax.random.fold_in(key_noise, held)

        def loss_of(parameters):
            return task.loss(put_together(parameters, frozen, static), batch, noise)

        def value_fn(parameters, residual_fn=None, new_batch=None):
            # The searches of optax hand on to it what it has arguments for, and refuse other extra arguments.
            del residual_fn, new_batch
            return loss_of(parameters)[0]

        loss, extra, gradient = _evaluate(loss_of, state, new_batch)
        updates, optimizer_state = optimizer.update(
            gradient,
            state.optimizer,
            state.parameters,
            value=loss,
            grad=gradient,
            value_fn=value_fn,
            residual_fn=residuals_of(task, frozen, static, batch, noise),
            new_batch=new_batch,
        )
        parameters = optax.apply_updates(state.parameters, updates)
        average = state.average
        if ema is not None:
            average = moving_average(average, parameters, ema, state.step + 1)
        norm = optax.tree.norm(gradient)
        finite = jnp.isfinite(loss) & jnp.isfinite(norm)
        done = state.step + 1
        ended = advanced(state.phases, index, done, phase.steps, begin, stop_reason(optimizer_state))
        kept = batch if carried else None
        new = TrainState(parameters, average, optimizer_state, done, state.key, finite, ended, kept)
        old = eqx.tree_at(lambda s: s.finite, state, finite)
        metrics = {
            LOSS: loss,
            GRADIENT_NORM: norm,
            **{f"train/{name}": value for name, value in extra.items()},
        }
        return _where(finite, new, old), metrics | told_by(optimizer_state)

    return step


def _renewed(
    task: Any, state: TrainState, frozen: PyTree, static: PyTree, new_batch: Bool[Array, ""], key: PRNGKeyArray
):
    """The batch of this step from that of the one before, where a new one is due; the first is there already."""
    return jax.lax.cond(
        new_batch & (state.step > 0),
        lambda batch: task.renew(batch, put_together(state.parameters, frozen, static), state.step, key),
        lambda batch: batch,
        state.batch,
    )


def _evaluate(loss_of: Callable, state: TrainState, new_batch: Bool[Array, ""]):
    """Loss, what is logged beside it, and gradient; one that the optimiser knows of its search is not made again."""
    known = known_gradient(state.optimizer)
    if known is None:
        (loss, extra), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.parameters)
        # Of a real function of complex parameters, JAX gives the conjugate of the direction of ascent.
        return loss, extra, jax.tree.map(jnp.conj, gradient)
    loss, extra = loss_of(state.parameters)
    gradient = jax.lax.cond(
        known.valid & ~new_batch,
        lambda: known.gradient,
        lambda: jax.grad(lambda parameters: loss_of(parameters)[0])(state.parameters),
    )
    return loss, extra, gradient


def _of_phase(state: TrainState, index: int) -> TrainState:
    """The state with the optimiser of one phase alone."""
    return dataclasses.replace(state, optimizer=state.optimizer[index])


def _with_phase(state: TrainState, index: int, own: TrainState) -> TrainState:
    """The inverse of `_of_phase`: ``own`` with the optimisers of the other phases."""
    return dataclasses.replace(own, optimizer=(*state.optimizer[:index], own.optimizer, *state.optimizer[index + 1 :]))


def _nowhere(shape: tuple[int, ...], dtype: Any) -> Array:
    """What stands where a metric was not written."""
    return jnp.full(shape, jnp.nan if jnp.issubdtype(dtype, jnp.inexact) else 0, dtype)


def _where(condition: Bool[Array, ""], new: Any, old: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), new, old)


def _all_finite(tree: PyTree) -> Bool[Array, ""]:
    return jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]).all()
