"""Causal weights: residuals at later times count only when those at earlier times are small.

Wang, Sankaran & Perdikaris, Comput. Methods Appl. Mech. Engrg. 421 (2024) 116813.

PATENT NOTICE. The authors state that the causal training algorithm is patented by the University of Pennsylvania and closed
to commercial use. This module was written from the published formulas alone; it is not imported by the rest of the library,
and nothing uses it unless it is asked for. Whoever uses it has to find out whether they may. The licence of this library
grants no right to the patent.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.pinn.weights.balance import AbstractBalance, Balanced, View


def causal_weights(
    losses: Float[Array, " chunks"], tolerance: Float[Array, ""] | float, initial: Float[Array, ""] | float = 0.0
) -> Float[Array, " chunks"]:
    """``w_k = exp(-tolerance (L_0 + sum_{j < k} L_j))`` for the mean squares L of successive intervals of time.

    ``initial`` is L_0, that of the initial condition; zero where it is met exactly.
    """
    earlier = jnp.cumsum(losses) - losses
    return jax.lax.stop_gradient(jnp.exp(-tolerance * (earlier + initial)))


@dataclasses.dataclass(frozen=True)
class Causal(AbstractBalance):
    """Factors of the points of one term by the interval of time that they lie in; see the notice of this module.

    ``chunks`` equal intervals between ``begin`` and ``end``; ``axis`` is the coordinate of time. ``initial``: the name of the
    term whose mean square, times ``initial_weight``, is L_0. The training has come through when the least factor is near
    one: then the tolerance may be raised.
    """

    tolerance: float
    begin: float
    end: float
    chunks: int = 16
    axis: int = -1
    term: str = "equation"
    initial: str | None = "initial"
    initial_weight: float = 1.0
    every: int = 1

    def __post_init__(self):
        if not self.tolerance > 0 or self.chunks < 1 or not self.begin < self.end or self.every < 1:
            raise ArgumentError(
                f"Causal needs a positive tolerance, chunks >= 1, begin < end and every >= 1, got {self}."
            )

    @property
    def weighs_points(self) -> bool:
        """Yes, by their times."""
        return True

    def start(self, view: View) -> Balanced:
        return self.renew(super().start(view), view, jax.random.key(0))

    def renew(self, balanced: Balanced, view: View, key: PRNGKeyArray) -> Balanced:
        points, size = view.points[self.term], view.sizes()[self.term]
        place = (points.x[:, self.axis] - self.begin) / (self.end - self.begin)
        chunk = jnp.clip((self.chunks * place).astype(int), 0, self.chunks - 1)
        count = jax.ops.segment_sum(points.w, chunk, self.chunks)
        total = jax.ops.segment_sum(points.w * size**2, chunk, self.chunks)
        losses = total / jnp.where(count > 0, count, 1.0)
        initial = 0.0 if self.initial is None else self.initial_weight * view.mean_squares()[self.initial]
        w = causal_weights(losses, self.tolerance, initial)
        return Balanced({**balanced.factors, self.term: w[chunk]}, balanced.memory)
