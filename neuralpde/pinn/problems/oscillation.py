"""Oscillations at several rates, which networks learn one after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import PointFunction
from neuralpde.equations.derivatives import partial
from neuralpde.pinn.conditions import Observations
from neuralpde.pinn.constraints import Constrained
from neuralpde.pinn.problem import Problem
from neuralpde.spaces import Box, ClosedForm, FunctionSpace, Value, propagate


class Rise(eqx.Module):
    """``tanh(rate x)``: zero in the middle, about one elsewhere."""

    rate: float = eqx.field(static=True)

    def __call__(self, x: Float[Array, " 1"]) -> Float[Array, ""]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        return propagate(jnp.tanh, self.rate * x[0])


def cosines(frequencies: Sequence[float] = (1.0, 15.0), hard: bool = True) -> Problem:
    """u' = sum_i w_i cos(w_i x) on [-2 pi, 2 pi], u(0) = 0: u = sum_i sin(w_i x), w = ``frequencies``.

    Hard: ``tanh(w_max x) u``. Moseley, Markham & Nissen-Meyer, Adv. Comput. Math. 49 (2023) 62, section 5.2: a network
    of the whole interval has not learned the frequency 15 after 50,000 steps of Adam, windows have.
    """
    domain = Box.of(x=(-2 * math.pi, 2 * math.pi))

    def law(u: PointFunction, x: Float[Array, " 1"]) -> Float[Array, " 1"]:
        return partial(u, 0)(x) - sum(w * jnp.cos(w * x) for w in frequencies)

    exact = ClosedForm(lambda x: sum(jnp.sin(w * x) for w in frequencies), FunctionSpace(domain))
    rise = Rise(float(max(frequencies)))
    if hard:
        return Problem(domain, law, reference=exact, ansatz=lambda u: Constrained(u, 0.0, rise))
    return Problem(domain, law, [Observations([[0.0]], [[0.0]], name="middle")], exact)
