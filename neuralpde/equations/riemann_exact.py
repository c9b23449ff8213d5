"""Exact solutions of Riemann problems: two constant states that meet at a point, for gas and for shallow water.

Toro, "Riemann Solvers and Numerical Methods for Fluid Dynamics", 3rd edition, Springer 2009, chapter 4, and
"Shock-Capturing Methods for Free-Surface Shallow Flows", Wiley 2001, chapter 5.
"""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import abc
import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float
from scipy.optimize import brentq

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractFunction, FunctionSpace

from .euler import Euler
from .shallow_water import ShallowWater

Values = tuple[float, ...]
Scalar = Float[Array, ""]
Sampled = list[Scalar]


class AbstractRiemannProblem(AbstractFunction):
    """The solution as a function of (x, t): a wave to the left, a wave to the right, a star state between.

    ``left`` and ``right`` are primitive states with the velocity second. Both waves obey one curve v(q) of the
    strength q (pressure or depth) behind them; the velocities of the two curves agree at the star state.
    """

    space: eqx.AbstractVar[FunctionSpace]
    left: eqx.AbstractVar[Values]
    right: eqx.AbstractVar[Values]
    position: eqx.AbstractVar[float]
    star: eqx.AbstractVar[tuple[float, float]]

    @abc.abstractmethod
    def _behind_left(self, state: Values, s: Scalar, velocity: float) -> Sampled:
        """The primitive state at x / t = s <= ``velocity``, that of the star state, to the right of ``state``."""

    @abc.abstractmethod
    def _conserved(self, w: Float[Array, " c"]) -> Float[Array, " c"]:
        """Conserved quantities of a primitive state."""

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        offset, time = x[0] - self.position, x[-1]
        s = jnp.where(time > 0, offset / jnp.where(time > 0, time, 1.0), jnp.sign(offset) * jnp.inf)
        # The right wave is a left wave seen in a mirror.
        from_left = self._behind_left(self.left, s, self.star[1])
        from_right = self._behind_left(_mirrored(self.right), -s, -self.star[1])
        from_right[1] = -from_right[1]
        w = [jnp.where(s <= self.star[1], a, b) for a, b in zip(from_left, from_right, strict=True)]
        return self._conserved(jnp.stack(w).astype(x.dtype))


class GasRiemann(AbstractRiemannProblem):
    """Riemann problem of the one-dimensional Euler equations.

    left, right: (density, velocity, pressure). position: where the states meet at t = 0. The space lives on a line
    times an interval of time, with the components of ``Euler(dim=1)``.
    Raises ``ValueError`` where the gas would leave a vacuum behind.
    """

    space: FunctionSpace = eqx.field(static=True)
    left: Values = eqx.field(static=True)
    right: Values = eqx.field(static=True)
    gamma: float = eqx.field(static=True)
    position: float = eqx.field(static=True)
    star: tuple[float, float] = eqx.field(static=True)

    def __init__(self, space: FunctionSpace, left: Values, right: Values, gamma: float = 1.4, position: float = 0.0):
        self.space, self.left, self.right, self.gamma, self.position = space, left, right, gamma, position
        sound = sum(math.sqrt(gamma * p / rho) for rho, _, p in (left, right))
        _check_no_void(2 / (gamma - 1) * sound, left, right)
        self.star = _star(self._speed_gained, left, right, max(left[2], right[2]))

    def _speed_gained(self, state: Values, p: float) -> float:
        """f_K(p): how much a wave from the pressure of ``state`` to p changes the velocity. Toro, equations 4.6-4.7."""
        g, (rho, _, p_k) = self.gamma, state
        if p > p_k:
            return (p - p_k) * math.sqrt(2 / rho / ((g + 1) * p + (g - 1) * p_k))
        return 2 / (g - 1) * math.sqrt(g * p_k / rho) * ((p / p_k) ** ((g - 1) / (2 * g)) - 1)

    def _behind_left(self, state: Values, s: Scalar, velocity: float) -> Sampled:
        g, (rho, v, p), strength = self.gamma, state, self.star[0] / state[2]
        sound = math.sqrt(g * p / rho)
        if strength > 1:
            ratio = (g - 1) / (g + 1)
            shock = v - sound * math.sqrt((g + 1) / (2 * g) * strength + (g - 1) / (2 * g))
            behind = (rho * (strength + ratio) / (ratio * strength + 1), velocity, self.star[0])
            return [jnp.where(s < shock, a, b) for a, b in zip(state, behind, strict=True)]
        tail = velocity - sound * strength ** ((g - 1) / (2 * g))
        inside = jnp.clip(s, v - sound, tail)
        # Relative speed of sound in the fan: constant before its head and behind its tail.
        cooled = 2 / (g + 1) + (g - 1) / (g + 1) / sound * (v - inside)
        speed = 2 / (g + 1) * (sound + (g - 1) / 2 * v + inside)
        return [rho * cooled ** (2 / (g - 1)), speed, p * cooled ** (2 * g / (g - 1))]

    def _conserved(self, w: Float[Array, " c"]) -> Float[Array, " c"]:
        return Euler(self.gamma, 1).conserved(w)


class DamBreak(AbstractRiemannProblem):
    """Riemann problem of the one-dimensional shallow water equations over wet ground; Stoker's dam break.

    left, right: (depth, velocity). position: of the dam. The space lives on a line times an interval of time, with
    the components of ``ShallowWater(dim=1)``. Stoker, "Water Waves", Interscience 1957, section 10.8.
    Raises ``ValueError`` where the ground would fall dry.
    """

    space: FunctionSpace = eqx.field(static=True)
    left: Values = eqx.field(static=True)
    right: Values = eqx.field(static=True)
    gravity: float = eqx.field(static=True)
    position: float = eqx.field(static=True)
    star: tuple[float, float] = eqx.field(static=True)

    def __init__(self, space: FunctionSpace, left: Values, right: Values, gravity: float = 1.0, position: float = 0.0):
        self.space, self.left, self.right, self.gravity, self.position = space, left, right, gravity, position
        _check_no_void(2 * sum(math.sqrt(gravity * h) for h, _ in (left, right)), left, right)
        self.star = _star(self._speed_gained, left, right, max(left[0], right[0]))

    def _speed_gained(self, state: Values, h: float) -> float:
        """f_K(h): how much a wave from the depth of ``state`` to h changes the velocity. Toro, equations 5.7-5.8."""
        g, h_k = self.gravity, state[0]
        if h > h_k:
            return (h - h_k) * math.sqrt(g / 2 * (h + h_k) / (h * h_k))
        return 2 * (math.sqrt(g * h) - math.sqrt(g * h_k))

    def _behind_left(self, state: Values, s: Scalar, velocity: float) -> Sampled:
        (h, v), depth = state, self.star[0]
        wave = math.sqrt(self.gravity * h)
        if depth > h:
            shock = v - wave * math.sqrt((depth + h) * depth / 2) / h
            return [jnp.where(s < shock, a, b) for a, b in zip(state, (depth, velocity), strict=True)]
        inside = jnp.clip(s, v - wave, velocity - math.sqrt(self.gravity * depth))
        return [((v + 2 * wave - inside) / 3) ** 2 / self.gravity, (v + 2 * wave + 2 * inside) / 3]

    def _conserved(self, w: Float[Array, " c"]) -> Float[Array, " c"]:
        return ShallowWater(self.gravity, 1).conserved(w)


def _mirrored(state: Values) -> Values:
    return (state[0], -state[1], *state[2:])


def _star(speed_gained, left: Values, right: Values, scale: float) -> tuple[float, float]:
    """Strength and velocity of the star state: f_L(q) + f_R(q) + v_R - v_L = 0, an increasing function of q."""
    excess = lambda q: speed_gained(left, q) + speed_gained(right, q) + right[1] - left[1]
    upper = scale
    while excess(upper) < 0:
        upper *= 2
    strength = float(brentq(excess, 0.0, upper, xtol=1e-300, rtol=1e-14))
    return strength, (left[1] + right[1] + speed_gained(right, strength) - speed_gained(left, strength)) / 2


def _check_no_void(escape: float, left: Values, right: Values) -> None:
    if right[1] - left[1] >= escape:
        raise ArgumentError(
            f"The states {left} and {right} part faster than their waves can follow ({right[1] - left[1]:g} against "
            f"{escape:g}): a void would open between them; bring the velocities closer together."
        )
