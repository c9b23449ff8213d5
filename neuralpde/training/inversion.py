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
from neuralpde.spaces import AbstractFunction, Field

from .failures import TrainingArgumentError
from .physics_weak import WeakResidual, weak_lack

LARGEST = 1 - 1e-6
"""Of a code, whose arctanh is taken."""


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
    media: Field,
    *,
    steps: int = 500,
    learning_rate: float = 0.05,
    data: float = 25.0,
    physics: float = 1.0,
    prior: float = 1e-4,
    key: PRNGKeyArray,
) -> Inverted:
    """Find the input of which ``values`` at the points x are the answer, by Adam in the space of codes.

    The loss is ``data * mean |u(x_i) - values_i|^2 / mean |values|^2 + physics * mean lack^2 / mean f^2 + prior * |w|^2``,
    with the lacks of ``law`` for the decoded medium and the decoded answer on new balls in every step (f: the source in
    the middles of the balls). The code is ``tanh(m + L w)``, m and L L^T mean and covariance of the arctanh of the codes
    of ``media``, stacked inputs such as those of the training: what values of u do not tell is as in these. The step
    falls to zero like a cosine. Raises `TrainingArgumentError` for an operator without codes.
    """
    inner = operator.operator if isinstance(operator, Normalized) else operator
    if not isinstance(inner, DGenNO):
        raise TrainingArgumentError(f"invert needs a DGenNO, which has codes, got {type(inner).__name__}.")
    keep = lambda function: function
    physical = (operator.physical_input, operator.physical_output) if isinstance(operator, Normalized) else (keep, keep)
    m, L = _spread(operator, inner, media)
    optimizer = optax.adam(optax.cosine_decay_schedule(learning_rate, steps))
    mean_square = jnp.mean(values**2)

    def functions(w: Float[Array, " latent"]) -> tuple[AbstractFunction, AbstractFunction]:
        beta = jnp.tanh(m + L @ w)
        return physical[0](inner.decoded_input(beta)), physical[1](inner.decoded(beta))

    def loss(w: Float[Array, " latent"], key: PRNGKeyArray) -> Float[Array, ""]:
        a, u = functions(w)
        missed = jnp.mean((jax.vmap(u)(x) - values) ** 2) / mean_square
        equation = dataclasses.replace(law.equation, **({law.argument: a} if law.argument else {}))
        centres, radius = law.drawn(inner.target.domain, key)
        lack = weak_lack(u, equation.coefficient, equation.source, centres, radius, law.nodes)
        source = jax.vmap(lambda y: coefficient_at(equation.source, y))(centres)
        return data * missed + physics * jnp.mean(lack**2) / jnp.mean(source**2) + prior * jnp.sum(w**2)

    def step(carry, key):
        w, state = carry
        value, slope = jax.value_and_grad(loss)(w, key)
        updates, state = optimizer.update(slope, state, w)
        return (optax.apply_updates(w, updates), state), value

    start = jnp.zeros_like(m)
    (w, _), losses = jax.lax.scan(step, (start, optimizer.init(start)), jax.random.split(key, steps))
    found = jnp.asarray(w)
    medium, answer = functions(found)
    return Inverted(jnp.tanh(m + L @ found), answer, medium, losses)


def _spread(
    operator: AbstractOperator, inner: DGenNO, media: Field
) -> tuple[Float[Array, " latent"], Float[Array, "latent latent"]]:
    """Mean of the arctanh of codes, and a factor of their covariance, with a little added so that it has one."""
    encoded = lambda u: inner.code(operator.encoded_input(u) if isinstance(operator, Normalized) else u)
    raw = jnp.arctanh(jnp.clip(jax.vmap(encoded)(media), -LARGEST, LARGEST))
    covariance = jnp.cov(raw, rowvar=False)
    little = 1e-6 * jnp.trace(covariance) / len(covariance)
    return raw.mean(0), jnp.linalg.cholesky(covariance + little * jnp.eye(len(covariance), dtype=raw.dtype))
