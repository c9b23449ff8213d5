"""Advection with a velocity that varies in space, and the problems of it that operators are trained on."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractFunction, Axis, Box, ClosedForm, FunctionSpace

from .derivatives import partial, rate
from .equation import AbstractEquation, Coefficient, PointFunction, coefficient_at
from .exact import ExactSolution

ADVECTION_CASES = ("carried", "I", "II", "III", "IV")


class VariableAdvection(AbstractEquation):
    """s_t + a(x) s_x = 0,  s(x, 0) = initial(x),  on an interval.

    initial: a function of x of one component; its space says whether the interval is a period. velocity: a(x) > 0, a
    length a unit of time, a function of one component or a number. inflow: s at the lower end, a function of time,
    (1,) -> (1,), or a number; not read on a period.
    """

    names: ClassVar[tuple[str, ...]] = ("s",)
    initial: AbstractFunction
    velocity: Coefficient = 1.0
    inflow: Coefficient | PointFunction = 0.0

    def residual(self, u: PointFunction, x: Float[Array, " 2"]) -> Float[Array, " 1"]:
        """s_t + a(x) s_x at x = (x, t)."""
        return rate(u)(x) + coefficient_at(self.velocity, x[:1]) * partial(u, 0)(x)


def advection_case(case: str, v: AbstractFunction) -> tuple[AbstractFunction, VariableAdvection]:
    """The input of an operator, made of a function v on (0, 1), and the equation whose solution is its output.

    - ``carried``: a = 1 on a period, v is the input and the initial value;
    - ``I``: the same with v(sin(pi x)^2);
    - ``II``: a = 1, initial value and input x v(x), inflow 0;
    - ``III``: velocity and input 1 + v(x) / 10, initial value x^2, inflow sin(pi t);
    - ``IV``: velocity and input 1 + (v(x) + v(1 - x)) / 20, initial value sin(2 pi x), on a period.

    I to IV are the cases of Lu, Jin, Pang, Zhang & Karniadakis, Nature Machine Intelligence 3 (2021) 218 (in their
    program the input of III and IV is v itself). Raises ``ValueError`` for another case.
    """
    if case not in ADVECTION_CASES:
        raise ArgumentError(f"Unknown case of advection {case!r}; choose one of {ADVECTION_CASES}.")
    interval = FunctionSpace(Box((Axis("x", periodic=case not in ("II", "III")),)), ("u",))
    velocities = interval.free(("a",))
    if case == "carried":
        return v, VariableAdvection(v)
    if case == "I":
        folded = ExactSolution(_folded, (v,), interval)
        return folded, VariableAdvection(folded)
    if case == "II":
        ramped = ExactSolution(_ramped, (v,), interval)
        return ramped, VariableAdvection(ramped)
    if case == "III":
        velocity = ExactSolution(_velocity, (v,), velocities)
        return velocity, VariableAdvection(ClosedForm(jnp.square, interval), velocity, _half_wave)
    velocity = ExactSolution(_symmetric_velocity, (v,), velocities)
    return velocity, VariableAdvection(ClosedForm(_wave, interval), velocity)


def _folded(x, v):
    return v(jnp.sin(jnp.pi * x) ** 2)


def _ramped(x, v):
    return x * v(x)


def _velocity(x, v):
    return 1 + v(x) / 10


def _symmetric_velocity(x, v):
    return 1 + (v(x) + v(1 - x)) / 20


def _wave(x):
    return jnp.sin(2 * jnp.pi * x)


def _half_wave(t):
    return jnp.sin(jnp.pi * t)
