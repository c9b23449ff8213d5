"""Losses of operators that step in time: of one step, of many, with the gradient through all of them or through some."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.operators import AbstractOperator, advanced, with_history
from neuralpde.operators.loops import loops_are_slow
from neuralpde.operators.rollout import TIME_STEP
from neuralpde.spaces import Field, relative_h1, relative_l2

from .failures import TrainingArgumentError
from .rollout_windows import Window

StateLoss = Callable[[Field, Field], Float[Array, ""]]


def mean_square(prediction: Field, truth: Field) -> Float[Array, ""]:
    """Mean over the domain and the components of the squared error."""
    return jnp.mean(_square_means(prediction - truth))


def scaled_l2(prediction: Field, truth: Field) -> Float[Array, ""]:
    """``|prediction - truth| / |truth|`` in L2 over the domain for each component, then their mean: SineNet's loss."""
    return jnp.mean(jnp.sqrt(_square_means(prediction - truth) / _square_means(truth)))


def _square_means(u: Field) -> Float[Array, " c"]:
    return u.on.integrate(u.values**2) / u.space.domain.volume


STATE_LOSSES: dict[str, StateLoss] = {
    "mean_square": mean_square,
    "relative_h1": relative_h1,
    "relative_l2": relative_l2,
    "scaled_l2": scaled_l2,
}


def named_state_loss(loss: str | StateLoss) -> StateLoss:
    """A loss of one state, by name or as a function. Raises `TrainingArgumentError` where the name is unknown."""
    if not isinstance(loss, str):
        return loss
    if loss not in STATE_LOSSES:
        raise TrainingArgumentError(
            f"loss={loss!r} is unknown; choose one of {', '.join(STATE_LOSSES)}, or pass a function of two fields."
        )
    return STATE_LOSSES[loss]


@dataclasses.dataclass(frozen=True)
class Unrolling:
    """How the steps of a window are made.

    ``pushforward`` steps are made first and count only as the input of the next, without gradient (Brandstetter,
    Worrall & Welling, "Message passing neural PDE solvers", ICLR 2022). The mean of the loss over the ``horizon`` steps
    after them is trained on. After every ``cut`` of these the gradient is cut from the past: 1 is no gradient through
    any step, None the gradient through all.
    """

    history: int = 1
    horizon: int = 1
    pushforward: int = 0
    cut: int | None = None

    def __post_init__(self):
        least = {"history": 1, "horizon": 1, "pushforward": 0, "cut": 1}
        for name, smallest in least.items():
            value = getattr(self, name)
            if value is not None and value < smallest:
                raise TrainingArgumentError(f"{name}={value} of a rollout cannot be used; it is at least {smallest}.")

    @property
    def length(self) -> int:
        """Number of states of a window."""
        return self.history + self.pushforward + self.horizon


def first_input(window: Window, history: int) -> Field:
    """What the operator takes at the first step of one window."""
    return with_history(jax.tree.map(lambda leaf: leaf[:history], window.states.field), window.constants)


def time_step(window: Window, history: int) -> Float[Array, ""]:
    """Time from the last state of the history to the next."""
    return window.states.times[history] - window.states.times[history - 1]


def unrolled_loss(
    operator: AbstractOperator,
    window: Window,
    first: Field,
    loss: StateLoss,
    unrolling: Unrolling,
    key: PRNGKeyArray,
) -> Float[Array, ""]:
    """The loss of one window, whose rollout begins with the input ``first`` (the window's, with noise or without)."""
    history, warm = unrolling.history, unrolling.pushforward
    given = operator.given({**window.parameters, TIME_STEP: time_step(window, history)})
    keys = jax.random.split(key, warm + unrolling.horizon)
    truths = jax.tree.map(lambda leaf: leaf[history + warm :], window.states.field)
    is_slow = loops_are_slow(jax.grad(lambda v: jnp.sum(given(first.with_values(v), key=key).values)), first.values)
    scan = _written_out if is_slow else jax.lax.scan

    def push(u, key):
        return advanced(u, given(u, key=key)), None

    def count(u, xs):
        i, truth, key = xs

        def made(u):
            v = given(u, key=key)
            return _cut(advanced(u, v), i, unrolling.cut), loss(v, truth)

        if window.horizon is None:
            return made(u)
        return jax.lax.cond(i < window.horizon, made, lambda u: (u, jnp.zeros_like(total)), u)

    total = jnp.zeros((), first.values.dtype)
    if warm:
        first = jax.lax.stop_gradient(scan(push, first, keys[:warm])[0])
    _, losses = scan(count, first, (jnp.arange(unrolling.horizon), truths, keys[warm:]))
    return jnp.sum(losses) / (unrolling.horizon if window.horizon is None else window.horizon)


def _written_out(step: Callable, u: Field, xs: Any) -> tuple[Field, Any]:
    """`jax.lax.scan` without a loop: one that it unrolls is still a loop, of one step, to XLA's compiler."""
    made = []
    for i in range(len(jax.tree.leaves(xs)[0])):
        u, y = step(u, jax.tree.map(lambda leaf, i=i: leaf[i], xs))
        made.append(y)
    return u, jax.tree.map(lambda *ys: jnp.stack(ys), *made)


def _cut(u: Field, i: Array, every: int | None) -> Field:
    """The input of the step after step i, without its past where that is cut."""
    if every is None:
        return u
    values = u.values
    return u.with_values(jnp.where((i + 1) % every == 0, jax.lax.stop_gradient(values), values))
