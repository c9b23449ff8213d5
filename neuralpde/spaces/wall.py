"""A wall for flows, whose condition tells the normal component of a vector from the others."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from .boundary import AbstractBoundaryCondition


@dataclasses.dataclass(frozen=True)
class Wall(AbstractBoundaryCondition):
    """A wall that lets nothing through: v . n = 0 and d/dn = 0 for everything else, the tangential part of v included.

    ``vector`` names the components of the velocity (or momentum, or flux), one an axis and in the order of the axes:
    ``Wall((1, 2))`` for (density, momentum_x, momentum_y, energy). The flow is the mirror image of itself.
    Without ``slip`` the fluid sticks to the wall: v = 0.
    """

    vector: tuple[int, ...]
    slip: bool = True

    @property
    def pad_mode(self) -> str:
        return "reflect"

    def residual(self, u, x, n):
        value, slope = jax.jvp(u, (x,), (n,))
        index = jnp.asarray(self.vector)
        v, dv = value[index], slope[index]
        condition = dv - (dv @ n) * n + (v @ n) * n if self.slip else v
        return slope.at[index].set(condition)

    def lift(self, u, phi):
        index = jnp.asarray(self.vector)

        def lifted(x):
            distance, inward = jax.value_and_grad(phi)(x)
            value, slope = jax.jvp(u, (x,), (-inward,))
            # d(phi)/dn = -1 at the wall, so that the normal derivative of the first sum is zero there.
            mirrored = value + distance * slope
            v = mirrored[index]
            vector = v + (distance - 1) * (v @ inward) * inward if self.slip else distance * value[index]
            return mirrored.at[index].set(vector)

        return lifted
