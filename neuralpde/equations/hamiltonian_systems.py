"""Mechanical systems given by their energy: a mass on a spring, stars, charges, bodies that attract each other."""

from __future__ import annotations

import abc
import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .ode import AbstractODE, Scalar


class AbstractHamiltonianSystem(AbstractODE):
    """q' = dH/dp,  p' = -dH/dq for a state y = [q, p] of shape (2c,); H stays the same."""

    @abc.abstractmethod
    def hamiltonian(self, q: Float[Array, " c"], p: Float[Array, " c"]) -> Float[Array, ""]:
        """H(q, p), the energy."""

    def vector_field(self, t: Scalar, y: Float[Array, " n"], args: Any = None) -> Float[Array, " n"]:
        """[dH/dp, -dH/dq], by differentiation."""
        by_q, by_p = jax.grad(self.hamiltonian, (0, 1))(*jnp.split(y, 2))
        return jnp.concatenate([by_p, -by_q])

    def conserved(self, y: Float[Array, " n"]) -> dict[str, Float[Array, ""]]:
        """The energy."""
        return {"energy": self.hamiltonian(*jnp.split(y, 2))}


class MassSpring(AbstractHamiltonianSystem):
    """H = p^2 / (2 mass) + stiffness q^2 / 2."""

    names: ClassVar[tuple[str, ...]] = ("q", "p")
    start: ClassVar[tuple[float, ...]] = (1.0, 0.0)
    spread: ClassVar[tuple[tuple[float, float], ...]] = ((-1.0, 1.0), (-1.0, 1.0))
    mass: Scalar = 1.0
    stiffness: Scalar = 1.0

    def hamiltonian(self, q: Float[Array, " 1"], p: Float[Array, " 1"]) -> Float[Array, ""]:
        """Kinetic and elastic energy."""
        return p[0] ** 2 / (2 * self.mass) + self.stiffness * q[0] ** 2 / 2


class HenonHeiles(AbstractHamiltonianSystem):
    """H = |p|^2 / 2 + |q|^2 / 2 + x^2 y - y^3 / 3: a star in a galaxy (Hénon & Heiles, Astronomical J. 69 (1964) 73).

    Bound for energies below 1/6, as the usual initial states have; chaotic orbits lie among regular ones near it.
    """

    names: ClassVar[tuple[str, ...]] = ("x", "y", "p_x", "p_y")
    start: ClassVar[tuple[float, ...]] = (0.0, 0.1, 0.45, 0.0)
    spread: ClassVar[tuple[tuple[float, float], ...]] = ((-0.25, 0.25),) * 4

    def hamiltonian(self, q: Float[Array, " 2"], p: Float[Array, " 2"]) -> Float[Array, ""]:
        """Kinetic energy, that of two equal oscillators, and the cubic term."""
        x, y = q
        return (p @ p + q @ q) / 2 + x**2 * y - y**3 / 3


class MagneticMirror(AbstractHamiltonianSystem):
    """H = (p_r^2 + p_z^2 + (momentum / r - A(r, z))^2) / 2,  A = r (1 + z^2 / length^2) / 2: a charge in a magnetic bottle.

    The field, (B_r, B_z) = (-r z / length^2, 1 + z^2 / length^2) around an axis, grows along it and throws the charge
    back. ``momentum`` is that around the axis, the unit charge and mass are one.
    """

    names: ClassVar[tuple[str, ...]] = ("r", "z", "p_r", "p_z")
    start: ClassVar[tuple[float, ...]] = (1.0, 0.0, 0.0, 0.3)
    spread: ClassVar[tuple[tuple[float, float], ...]] = ((0.8, 1.2), (-0.3, 0.3), (-0.3, 0.3), (-0.3, 0.3))
    momentum: Scalar = 1.0
    length: Scalar = 1.0

    def hamiltonian(self, q: Float[Array, " 2"], p: Float[Array, " 2"]) -> Float[Array, ""]:
        """All of it kinetic: the field does no work."""
        r, z = q
        around = self.momentum / r - r * (1 + z**2 / self.length**2) / 2
        return (p @ p + around**2) / 2


class _Gravity(AbstractHamiltonianSystem):
    """H = sum_i |p_i|^2 / 2 - sum_{i<j} 1 / |q_i - q_j| in the plane, masses and the constant of gravity one."""

    def hamiltonian(self, q: Float[Array, " c"], p: Float[Array, " c"]) -> Float[Array, ""]:
        """Kinetic energy and that of all pairs."""
        places = q.reshape(-1, 2)
        i, j = jnp.triu_indices(len(places), 1)
        return p @ p / 2 - jnp.sum(1 / jnp.linalg.norm(places[i] - places[j], axis=-1))

    def conserved(self, y: Float[Array, " n"]) -> dict[str, Float[Array, ""]]:
        """The energy, the momentum along both axes and the angular momentum."""
        q, p = (part.reshape(-1, 2) for part in jnp.split(y, 2))
        momentum, turn = p.sum(0), jnp.sum(q[:, 0] * p[:, 1] - q[:, 1] * p[:, 0])
        return super().conserved(y) | {"momentum_x": momentum[0], "momentum_y": momentum[1], "angular_momentum": turn}


def _around(start: tuple[float, ...], by: float) -> tuple[tuple[float, float], ...]:
    return tuple((x - by, x + by) for x in start)


_CIRCLE = (0.5, 0.0, -0.5, 0.0, 0.0, math.sqrt(0.5), 0.0, -math.sqrt(0.5))
_EIGHT = (0.97000436, -0.24308753, -0.97000436, 0.24308753, 0.0, 0.0)
_SPEEDS = (0.466203685, 0.43236573, 0.466203685, 0.43236573, -0.93240737, -0.86473146)


class TwoBody(_Gravity):
    """Two bodies that attract each other, near the circle on which they go round in a time of 2^(1/2) pi."""

    names: ClassVar[tuple[str, ...]] = ("x1", "y1", "x2", "y2", "p_x1", "p_y1", "p_x2", "p_y2")
    start: ClassVar[tuple[float, ...]] = _CIRCLE
    spread: ClassVar[tuple[tuple[float, float], ...]] = _around(_CIRCLE, 0.1)


class ThreeBody(_Gravity):
    """Three bodies near the orbit of period 6.3259 on which they follow each other along an eight.

    Chenciner & Montgomery, Annals of Mathematics 152 (2000) 881; it is stable.
    """

    names: ClassVar[tuple[str, ...]] = tuple(f"{a}{i}" for i in (1, 2, 3) for a in "xy") + tuple(
        f"p_{a}{i}" for i in (1, 2, 3) for a in "xy"
    )
    start: ClassVar[tuple[float, ...]] = _EIGHT + _SPEEDS
    spread: ClassVar[tuple[tuple[float, float], ...]] = _around(_EIGHT + _SPEEDS, 0.02)
