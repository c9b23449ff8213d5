"""Coefficients from measurements of the solution: the code of a trained `DGenNO` that agrees with both."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.equations.equation import coefficient_at
from neuralpde.operators import AbstractOperator, DGenNO, Normalized
from neuralpde.spaces import AbstractFunction

from .failures import TrainingArgumentError
from .physics_weak import WeakResidual, weak_lack


class Inverted(NamedTuple):
    """The code that was found, the answer and the input that it stands for, and the loss after every step."""

    code: Float[Array, " latent"]
    answer: AbstractFunction
    medium: AbstractFunction
    loss: Float[Array, " steps"]


@eqx.filter_jit
def invert(
    operator: AbstractOperator,
    x: Float[Array, "n d"],
    values: Float[Array, "n c"],
    law: WeakResidual,
    *,
    steps: int = 500,
    learning_rate: float = 0.05,
    data: float = 25.0,
    physics: float = 1.0,
    key: PRNGKeyArray,
) -> Inverted:
    """Find the input of which ``values`` at the points x are the answer, by Adam in the space of codes.

    The loss is ``data * mean |u(x_i) - values_i|^2 / mean |values|^2 + physics * mean lack^2 / mean f^2``, with the lacks
    of ``law`` for the decoded medium and the decoded answer on new balls in every step (f: the source in the middles of
    the balls). The code is ``tanh`` of what is trained, so that it stays where codes of the training were. The step
    falls to zero like a cosine. Raises `TrainingArgumentError` for an operator without codes.
    """
    inner = operator.operator if isinstance(operator, Normalized) else operator
    if not isinstance(inner, DGenNO):
        raise TrainingArgumentError(f"invert needs a DGenNO, which has codes, got {type(inner).__name__}.")
    keep = lambda function: function
    physical = (operator.physical_input, operator.physical_output) if isinstance(operator, Normalized) else (keep, keep)
    optimizer = optax.adam(optax.cosine_decay_schedule(learning_rate, steps))
    mean_square = jnp.mean(values**2)

    def functions(raw: Float[Array, " latent"]) -> tuple[AbstractFunction, AbstractFunction]:
        beta = jnp.tanh(raw)
        return physical[0](inner.decoded_input(beta)), physical[1](inner.decoded(beta))

    def loss(raw: Float[Array, " latent"], key: PRNGKeyArray) -> Float[Array, ""]:
        a, u = functions(raw)
        missed = jnp.mean((jax.vmap(u)(x) - values) ** 2) / mean_square
        equation = dataclasses.replace(law.equation, **({law.argument: a} if law.argument else {}))
        centres, radius = law.drawn(inner.target.domain, key)
        lack = weak_lack(u, equation.coefficient, equation.source, centres, radius, law.nodes)
        source = jax.vmap(lambda y: coefficient_at(equation.source, y))(centres)
        return data * missed + physics * jnp.mean(lack**2) / jnp.mean(source**2)

    def step(carry, key):
        raw, state = carry
        value, slope = jax.value_and_grad(loss)(raw, key)
        updates, state = optimizer.update(slope, state, raw)
        return (optax.apply_updates(raw, updates), state), value

    start = jnp.zeros(inner.encoder.layers[-1].out_features)
    (raw, _), losses = jax.lax.scan(step, (start, optimizer.init(start)), jax.random.split(key, steps))
    medium, answer = functions(raw)
    return Inverted(jnp.tanh(raw), answer, medium, losses)
