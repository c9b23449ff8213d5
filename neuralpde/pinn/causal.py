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

    ``chunks`` equal intervals between ``begin`` and ``end``, left out between the first and the last of the points; ``axis``
    is the coordinate of time. ``initial``: the name of the term whose mean square, times ``initial_weight``, is L_0; None
    where it is met exactly. The training has come through when the least factor is above ``reached``: of several, ever
    larger tolerances the next one is then taken.
    """

    tolerance: float | tuple[float, ...]
    begin: float | None = None
    end: float | None = None
    chunks: int = 16
    axis: int = -1
    term: str = "equation"
    initial: str | None = "initial"
    initial_weight: float = 1.0
    every: int = 1
    reached: float = 0.99

    def __post_init__(self):
        ends = (self.begin, self.end)
        ordered = None in ends or self.begin < self.end  # pyright: ignore[reportOperatorIssue]
        if not all(t > 0 for t in self.ladder) or not self.ladder or self.chunks < 1 or not ordered or self.every < 1:
            raise ArgumentError(
                f"Causal needs positive tolerances, chunks >= 1, begin < end and every >= 1, got {self}."
            )

    @property
    def ladder(self) -> tuple[float, ...]:
        """The tolerances, in the order in which they are taken."""
        return self.tolerance if isinstance(self.tolerance, tuple) else (self.tolerance,)

    @property
    def weighs_points(self) -> bool:
        """Yes, by their times."""
        return True

    def start(self, view: View) -> Balanced:
        begun = Balanced(super().start(view).factors, jnp.zeros((), jnp.int32))
        return self.renew(begun, view, jax.random.key(0))

    def renew(self, balanced: Balanced, view: View, key: PRNGKeyArray) -> Balanced:
        points, size = view.points[self.term], view.sizes()[self.term]
        times = points.x[:, self.axis]
        begin = jnp.min(times) if self.begin is None else self.begin
        end = jnp.max(times) if self.end is None else self.end
        place = (times - begin) / (end - begin)
        chunk = jnp.clip((self.chunks * place).astype(int), 0, self.chunks - 1)
        count = jax.ops.segment_sum(points.w, chunk, self.chunks)
        total = jax.ops.segment_sum(points.w * size**2, chunk, self.chunks)
        losses = total / jnp.where(count > 0, count, 1.0)
        initial = 0.0 if self.initial is None else self.initial_weight * view.mean_squares()[self.initial]
        rung = balanced.memory
        w = causal_weights(losses, jnp.asarray(self.ladder, losses.dtype)[rung], initial)
        higher = jnp.minimum(rung + (jnp.min(w) > self.reached), len(self.ladder) - 1)
        return Balanced({**balanced.factors, self.term: w[chunk]}, higher)
