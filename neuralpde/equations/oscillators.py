"""Nonlinear oscillators in the plane."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from .ode import AbstractODE, Forcing, Scalar, forcing_at

Interval = tuple[float, float]


class VanDerPol(AbstractODE):
    """x' = v,  v' = mu (1 - x^2) v - x; stiff for large mu (van der Pol 1926)."""

    names: ClassVar[tuple[str, ...]] = ("x", "v")
    start: ClassVar[tuple[float, ...]] = (2.0, 0.0)
    spread: ClassVar[tuple[Interval, ...]] = ((-2.0, 2.0), (-2.0, 2.0))
    mu: Scalar = 1.0

    def vector_field(self, t: Scalar, y: Float[Array, " 2"], args: Any = None) -> Float[Array, " 2"]:
        """Velocity and acceleration."""
        x, v = y
        return jnp.stack([v, self.mu * (1 - x**2) * v - x])


class Duffing(AbstractODE):
    """x' = v,  v' = -damping v - alpha x - beta x^3 + amplitude cos(frequency t).

    The defaults are two wells and a drive that makes the motion chaotic (Guckenheimer & Holmes 1983, section 2.2).
    """

    names: ClassVar[tuple[str, ...]] = ("x", "v")
    start: ClassVar[tuple[float, ...]] = (1.0, 0.0)
    spread: ClassVar[tuple[Interval, ...]] = ((-1.5, 1.5), (-1.0, 1.0))
    alpha: Scalar = -1.0
    beta: Scalar = 1.0
    damping: Scalar = 0.3
    amplitude: Scalar = 0.5
    frequency: Scalar = 1.2

    def vector_field(self, t: Scalar, y: Float[Array, " 2"], args: Any = None) -> Float[Array, " 2"]:
        """Velocity and acceleration."""
        x, v = y
        drive = self.amplitude * jnp.cos(self.frequency * t)
        return jnp.stack([v, drive - self.damping * v - self.alpha * x - self.beta * x**3])

    def conserved(self, y: Float[Array, " 2"]) -> dict[str, Float[Array, ""]]:
        """The energy v^2 / 2 + alpha x^2 / 2 + beta x^4 / 4; without damping and drive."""
        x, v = y
        return {"energy": v**2 / 2 + self.alpha * x**2 / 2 + self.beta * x**4 / 4}


class FitzHughNagumoODE(AbstractODE):
    """A nerve cell: v' = v - v^3 / 3 - w + current,  w' = (v + a - b w) / tau  (FitzHugh 1961, Nagumo 1962).

    current: a number or a function of time, (1,) -> (1,).
    """

    names: ClassVar[tuple[str, ...]] = ("v", "w")
    start: ClassVar[tuple[float, ...]] = (-1.0, 1.0)
    spread: ClassVar[tuple[Interval, ...]] = ((-2.0, 2.0), (-0.5, 1.5))
    a: Scalar = 0.7
    b: Scalar = 0.8
    tau: Scalar = 12.5
    current: Forcing = 0.5

    def vector_field(self, t: Scalar, y: Float[Array, " 2"], args: Any = None) -> Float[Array, " 2"]:
        """Rates of the potential and of its recovery."""
        v, w = y
        return jnp.stack([v - v**3 / 3 - w + forcing_at(self.current, t), (v + self.a - self.b * w) / self.tau])


class CubicSpiral(AbstractODE):
    """x' = -damping x^3 - turn y^3,  y' = turn x^3 - damping y^3: the spiral of neural ODE examples (Chen et al. 2018)."""

    names: ClassVar[tuple[str, ...]] = ("x", "y")
    start: ClassVar[tuple[float, ...]] = (2.0, 0.0)
    spread: ClassVar[tuple[Interval, ...]] = ((-2.0, 2.0), (-2.0, 2.0))
    damping: Scalar = 0.1
    turn: Scalar = 2.0

    def vector_field(self, t: Scalar, y: Float[Array, " 2"], args: Any = None) -> Float[Array, " 2"]:
        """A^T y^3 with A = [[-damping, turn], [-turn, -damping]]."""
        x, y = y**3
        return jnp.stack([-self.damping * x - self.turn * y, self.turn * x - self.damping * y])


class RationalOscillator(AbstractODE):
    """x' = y / (1 + y),  y' = -x / (1 + x), of Hamiltonian H = x + y - log((1 + x)(1 + y)), for x, y > -1."""

    names: ClassVar[tuple[str, ...]] = ("x", "y")
    start: ClassVar[tuple[float, ...]] = (0.5, 0.5)
    spread: ClassVar[tuple[Interval, ...]] = ((-0.6, 1.0), (-0.6, 1.0))

    def vector_field(self, t: Scalar, y: Float[Array, " 2"], args: Any = None) -> Float[Array, " 2"]:
        """dH/dy and -dH/dx."""
        a, b = y
        return jnp.stack([b / (1 + b), -a / (1 + a)])

    def conserved(self, y: Float[Array, " 2"]) -> dict[str, Float[Array, ""]]:
        """H."""
        return {"hamiltonian": jnp.sum(y - jnp.log1p(y))}
