"""Relative loss balancing with random lookback."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .balance import AbstractBalance, Balanced, View, named, stacked


@dataclasses.dataclass(frozen=True)
class ReLoBRaLo(AbstractBalance):
    """Terms that have fallen least weigh most (Bischof & Kraus, arXiv 2110.09813, equations 9 to 11).

    ``b_i(t, s) = m softmax_i(L_i(t) / (temperature L_i(s)))`` for m terms, ``h = rho w + (1 - rho) b(t, 0)`` and
    ``w <- decay h + (1 - decay) b(t, t - 1)``; rho is one with the probability ``lookback``, else zero: then the beginning
    of the training is looked back to. The factors always add up to m.
    """

    every: int = 1
    temperature: float = 0.1
    decay: float = 0.999
    lookback: float = 0.999

    def __post_init__(self):
        if self.every < 1 or not self.temperature > 0 or not 0 <= self.decay < 1 or not 0 <= self.lookback <= 1:
            raise ArgumentError(
                f"ReLoBRaLo needs every >= 1, a positive temperature, a decay and a probability, got {self}."
            )

    def start(self, view: View) -> Balanced:
        losses = stacked(view.mean_squares())
        return Balanced(named(jnp.ones_like(losses), view.points), {"first": losses, "last": losses})

    def renew(self, balanced: Balanced, view: View, key: PRNGKeyArray) -> Balanced:
        now, memory = stacked(view.mean_squares()), balanced.memory
        rho = jax.random.bernoulli(key, self.lookback)
        history = jnp.where(rho, stacked(balanced.factors), self._balance(now, memory["first"]))
        w = self.decay * history + (1 - self.decay) * self._balance(now, memory["last"])
        return Balanced(named(w, balanced.factors), {"first": memory["first"], "last": now})

    def _balance(self, now: Float[Array, " terms"], then: Float[Array, " terms"]) -> Float[Array, " terms"]:
        tiny = jnp.finfo(now.dtype).tiny
        return len(now) * jax.nn.softmax(now / (self.temperature * jnp.maximum(then, tiny)))
