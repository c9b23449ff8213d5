"""Random states with jumps, for advection around a period.

Advection II and III of Lu, Meng, Cai, Mao, Goswami, Zhang & Karniadakis, "A comprehensive and fair comparison of two
neural operators", Comput. Methods Appl. Mech. Eng. 393 (2022) 114778, whose ranges of parameters are the defaults.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import AbstractDiscretization, AbstractPrior, Axis, Box, Field, FunctionSpace

Range = tuple[float, float]
PERIOD = FunctionSpace(Box((Axis("x", periodic=True),)), ("u",))


class SquareWave(AbstractPrior):
    """``height`` where x is at most ``width / 2`` from ``centre``, else 0, on a period of one; all three uniform."""

    space: FunctionSpace = eqx.field(static=True, default=PERIOD)
    height: Range = eqx.field(static=True, default=(1.0, 2.0))
    width: Range = eqx.field(static=True, default=(0.3, 0.6))
    centre: Range = eqx.field(static=True, default=(0.3, 0.7))

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One wave; the same function on every ``on`` for one key."""
        height, width, centre = _uniform(key, self.height, self.width, self.centre)
        return Field(_square(on.coords() % 1, height, width, centre), on, self.space)


class SquareAndEllipse(AbstractPrior):
    """A square wave as in `SquareWave`, and  sqrt(max(h^2 - a^2 (x - c)^2, 0)),  half an ellipse of height h = ``top``,
    a = ``steepness`` and c = ``middle``, on a period of one; all six uniform. An ellipse that reaches beyond x = 1 is cut
    off there.
    """

    space: FunctionSpace = eqx.field(static=True, default=PERIOD)
    height: Range = eqx.field(static=True, default=(0.5, 2.0))
    width: Range = eqx.field(static=True, default=(0.1, 0.2))
    centre: Range = eqx.field(static=True, default=(0.2, 0.3))
    top: Range = eqx.field(static=True, default=(0.5, 2.0))
    steepness: Range = eqx.field(static=True, default=(5.0, 10.0))
    middle: Range = eqx.field(static=True, default=(0.7, 0.8))

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One state; the same function on every ``on`` for one key."""
        ranges = (self.height, self.width, self.centre, self.top, self.steepness, self.middle)
        height, width, centre, top, steepness, middle = _uniform(key, *ranges)
        x = on.coords() % 1
        ellipse = jnp.sqrt(jnp.maximum(top**2 - (steepness * (x - middle)) ** 2, 0.0))
        return Field(_square(x, height, width, centre) + ellipse, on, self.space)


def _uniform(key: PRNGKeyArray, *ranges: Range) -> Float[Array, " n"]:
    low, high = jnp.asarray(ranges, float).T
    return low + (high - low) * jax.random.uniform(key, (len(ranges),))


def _square(x, height, width, centre):
    return jnp.where(jnp.abs(x - centre) <= width / 2, height, 0.0)
