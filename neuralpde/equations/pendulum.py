"""Pendulums: one that is driven, and two that hang on each other."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .ode import AbstractODE, Forcing, Scalar, forcing_at


class Pendulum(AbstractODE):
    """angle' = velocity,  velocity' = -stiffness sin(angle) - damping velocity + u(t).

    With stiffness 1 and no damping the driven pendulum of DeepONet (Lu et al., Nature Machine Intelligence 3 (2021)
    218), which starts at rest. stiffness: gravity over length, 1 / time^2. damping: 1 / time. forcing: u, a number or
    a function of time, (1,) -> (1,). Angles in radians from hanging down.
    """

    names: ClassVar[tuple[str, ...]] = ("angle", "velocity")
    start: ClassVar[tuple[float, ...]] = (0.0, 0.0)
    spread: ClassVar[tuple[tuple[float, float], ...]] = ((-1.5, 1.5), (-1.0, 1.0))
    stiffness: Scalar = 1.0
    damping: Scalar = 0.0
    forcing: Forcing = 0.0

    def vector_field(self, t: Scalar, y: Float[Array, " 2"], args: Any = None) -> Float[Array, " 2"]:
        """Velocity and acceleration."""
        angle, velocity = y
        return jnp.stack(
            [velocity, -self.stiffness * jnp.sin(angle) - self.damping * velocity + forcing_at(self.forcing, t)]
        )

    def energy(self, y: Float[Array, " 2"]) -> Float[Array, ""]:
        """velocity^2 / 2 - stiffness cos(angle)."""
        return y[1] ** 2 / 2 - self.stiffness * jnp.cos(y[0])

    def conserved(self, y: Float[Array, " 2"]) -> dict[str, Float[Array, ""]]:
        """The energy; without damping and forcing."""
        return {"energy": self.energy(y)}


class DoublePendulum(AbstractODE):
    """Two points of mass on massless rods, the second hung on the first; angles in radians from hanging down.

    The Euler-Lagrange equations  M(q) q'' = dL/dq - (dp/dq) q'  of  L = kinetic energy - potential energy  with
    p = dL/dq', by differentiation. State: two angles, then their velocities. masses: kg. lengths: m. gravity: m/s^2.
    """

    names: ClassVar[tuple[str, ...]] = ("angle_1", "angle_2", "velocity_1", "velocity_2")
    start: ClassVar[tuple[float, ...]] = (math.pi / 2, math.pi / 2, 0.0, 0.0)
    spread: ClassVar[tuple[tuple[float, float], ...]] = ((-1.5, 1.5),) * 2 + ((-1.0, 1.0),) * 2
    masses: tuple[float, float] = (1.0, 1.0)
    lengths: tuple[float, float] = (1.0, 1.0)
    gravity: Scalar = 9.81

    def vector_field(self, t: Scalar, y: Float[Array, " 4"], args: Any = None) -> Float[Array, " 4"]:
        """Velocities and accelerations of the angles."""
        q, v = y[:2], y[2:]
        slope, momentum = jax.grad(self._lagrangian, 0), jax.grad(self._lagrangian, 1)
        mass = jax.jacfwd(momentum, 1)(q, v)
        carried = jax.jvp(lambda q: momentum(q, v), (q,), (v,))[1]
        return jnp.concatenate([v, jnp.linalg.solve(mass, slope(q, v) - carried)])

    def energy(self, y: Float[Array, " 4"]) -> Float[Array, ""]:
        """Kinetic and potential energy, zero at rest with both rods level."""
        return self._kinetic(y[:2], y[2:]) + self._potential(y[:2])

    def conserved(self, y: Float[Array, " 4"]) -> dict[str, Float[Array, ""]]:
        """The energy."""
        return {"energy": self.energy(y)}

    def _lagrangian(self, q, v):
        return self._kinetic(q, v) - self._potential(q)

    def _kinetic(self, q, v):
        (m1, m2), (l1, l2) = self.masses, self.lengths
        first = l1 * v[0]
        second = first**2 + (l2 * v[1]) ** 2 + 2 * first * l2 * v[1] * jnp.cos(q[0] - q[1])
        return (m1 * first**2 + m2 * second) / 2

    def _potential(self, q):
        (m1, m2), (l1, l2) = self.masses, self.lengths
        return -self.gravity * ((m1 + m2) * l1 * jnp.cos(q[0]) + m2 * l2 * jnp.cos(q[1]))
