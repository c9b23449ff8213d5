"""The compiled part of training: many steps in one program, without a word from the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax.extend.core import Jaxpr, jaxprs_in_params
from jax.sharding import Mesh
from jaxtyping import Array, Bool, Int, PyTree

from .devices import split_batch
from .optimizers import current_learning_rate
from .state import TrainState, moving_average, put_together
from .task import Task

LOSS, GRADIENT_NORM, LEARNING_RATE = "train/loss", "train/gradient_norm", "train/learning_rate"

Metrics = dict[str, Array]
TrainingCall = Callable[[TrainState, PyTree, PyTree, Array], tuple[TrainState, Metrics]]


def training_call(
    task: Task,
    optimizer: optax.GradientTransformation,
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
    ``(steps_per_call,)``, of which the first ``count`` entries were written.

    On a CPU the steps of a model with convolutions are written one after the other instead of in a loop: that compiles
    longer, but XLA's CPU compiler takes convolutions inside a loop 9 times slower than outside of one.

    A step with a non-finite loss or gradient is not taken: the state stays as it was before, but for ``finite``, which
    becomes False and ends this call and turns all that follow into nothing.
    """
    optimizer = optax.with_extra_args_support(optimizer)

    def step(state: TrainState, frozen: PyTree, data: PyTree) -> tuple[TrainState, Metrics]:
        key_order, key_noise = jax.random.split(state.key)
        batch = eqx.combine(data, batches).batch(state.step, key_order)
        batch = split_batch(batch, mesh, task.batch_size)
        noise = jax.random.fold_in(key_noise, state.step)

        def loss_of(parameters):
            return task.loss(put_together(parameters, frozen, static), batch, noise)

        (loss, extra), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.parameters)
        # Of a real function of complex parameters, JAX gives the conjugate of the direction of ascent.
        gradient = jax.tree.map(jnp.conj, gradient)
        updates, optimizer_state = optimizer.update(
            gradient,
            state.optimizer,
            state.parameters,
            value=loss,
            grad=gradient,
            value_fn=lambda parameters: loss_of(parameters)[0],
        )
        parameters = optax.apply_updates(state.parameters, updates)
        average = state.average
        if ema is not None:
            average = moving_average(average, parameters, ema, state.step + 1)
        norm = optax.tree.norm(gradient)
        finite = jnp.isfinite(loss) & jnp.isfinite(norm)
        new = TrainState(parameters, average, optimizer_state, state.step + 1, state.key, finite)
        old = eqx.tree_at(lambda s: s.finite, state, finite)
        metrics = {
            LOSS: loss,
            GRADIENT_NORM: norm,
            **{f"train/{name}": value for name, value in extra.items()},
        }
        rate = current_learning_rate(optimizer_state)
        metrics |= {} if rate is None else {LEARNING_RATE: rate}
        return _where(finite, new, old), metrics

    def call(state: TrainState, frozen: PyTree, data: PyTree, count: Int[Array, ""]):
        one_step = jax.jit(step)  # traced once, however often it is written
        program, (_, shapes) = jax.make_jaxpr(one_step, return_shape=True)(state, frozen, data)
        metrics = jax.tree.map(lambda s: jnp.zeros((steps_per_call, *s.shape), s.dtype), shapes)

        def advance(i, state, metrics):
            state, now = one_step(state, frozen, data)
            return state, jax.tree.map(lambda all_, one: all_.at[i].set(one), metrics, now)

        def proceed(carry):
            i, state, _ = carry
            return (i < count) & state.finite

        if jax.default_backend() == "cpu" and convolves(program.jaxpr):
            for i in range(steps_per_call):
                # A branch would be a loop of one step to the compiler: superfluous steps are made and dropped.
                old = state, metrics
                state, metrics = _where(proceed((i, state, metrics)), advance(i, state, metrics), old)
        else:
            _, state, metrics = jax.lax.while_loop(
                proceed, lambda c: (c[0] + 1, *advance(*c)), (jnp.zeros_like(count), state, metrics)
            )
        finite = state.finite & _all_finite(state.parameters)
        return eqx.tree_at(lambda s: s.finite, state, finite), {
            **metrics,
            "finite": finite,
            "step": state.step,
        }

    return call


def convolves(program: Jaxpr) -> bool:
    """Whether a convolution occurs in a program, at any depth."""
    return any(
        equation.primitive.name == "conv_general_dilated" or any(map(convolves, jaxprs_in_params(equation.params)))
        for equation in program.eqns
    )


def _where(condition: Bool[Array, ""], new: Any, old: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), new, old)


def _all_finite(tree: PyTree) -> Bool[Array, ""]:
    return jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]).all()
