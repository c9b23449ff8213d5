"""Fields that move in time: operators as vector fields of differential equations on function spaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import diffrax
import equinox as eqx
import jax.numpy as jnp
import lineax
from jaxtyping import Array, Float

from neuralpde.equations import AbstractEquation
from neuralpde.equations.semilinear import AbstractSemilinear
from neuralpde.operators import AbstractOperator
from neuralpde.spaces import Field
from neuralpde.spaces.fourier import act

from .closure import Closure
from .q_wiener import Amplitude, QWiener

Tendency = Callable[[Field], Field]
Rate = Tendency | AbstractOperator | AbstractEquation
Parameters = Mapping[str, Array] | None

TIME = "time"
"""The parameter by which an operator is told the time."""


class FieldODE(eqx.Module):
    """``du/dt = rate(u)``: an operator, an equation by its tendency, or a `Closure`, as a vector field of diffrax.

    A `Field` is the state: ``solve(FieldODE(operator), u0, times, method)``. An operator that is conditioned on
    parameters, also that of a closure, is given those in ``args``, by name, and the time as ``"time"``. The answer is
    taken as the rate of u, component by component, whatever its components are called.
    """

    rate: Rate

    def __call__(self, t: Float[Array, ""] | float, u: Field, args: Parameters = None) -> Field:
        return u.with_values(_tendency(_given(self.rate, t, args))(u).values)


class FieldSDE(eqx.Module):
    """``du = rate(u) dt + amplitude(u) dW`` with the noise W of a `QWiener`, in space and time.

    ``amplitude`` is a number (additive noise), a field, or a function of u whose values multiply the noise point by
    point. ``drift`` and ``diffusion`` are vector fields of diffrax; the Brownian motions have the shape
    ``noise.shape``. Additive noise means the same in the sense of Ito and of Stratonovich; otherwise the solver decides.
    """

    rate: Rate
    noise: QWiener
    amplitude: Amplitude | AbstractOperator = 1.0

    def drift(self, t: Float[Array, ""] | float, u: Field, args: Parameters = None) -> Field:
        """``rate(u)``, as `FieldODE` has it."""
        return FieldODE(self.rate)(t, u, args)

    def diffusion(
        self, t: Float[Array, ""] | float, u: Field, args: Parameters = None
    ) -> lineax.FunctionLinearOperator:
        """The map from increments of Brownian motions to those of u."""
        return self.noise.factor(u, _given(self.amplitude, t, args))


def implicit_explicit(equation: AbstractSemilinear) -> diffrax.MultiTerm:
    """``u_t = N(u) + L u`` split for the IMEX methods of diffrax (KenCarp3/4/5, Sil3): N explicit, L implicit.

    These form the Jacobian of L, so that grids should be small; on larger ones `neuralpde.solvers.ETDRK` solves L
    exactly at the price of transforms.
    """

    def linear(t, u: Field, args) -> Field:
        fourier = equation.transform(u)
        return fourier.synthesise(act(equation.symbol(fourier), fourier.analyse(u)), u.space)

    def nonlinear(t, u: Field, args) -> Field:
        fourier = equation.transform(u)
        n = equation.nonlinear(fourier)
        return u * 0 if n is None else fourier.synthesise(n(fourier.analyse(u)), u.space)

    return diffrax.MultiTerm(diffrax.ODETerm(nonlinear), diffrax.ODETerm(linear))


def _tendency(rate: Rate) -> Tendency:
    return rate.tendency if isinstance(rate, AbstractEquation) else rate


def _given(part: Any, t: Float[Array, ""] | float, args: Parameters) -> Any:
    """An operator or a closure at its parameters and the time, anything else as it is."""
    if not isinstance(part, AbstractOperator | Closure):
        return part
    return part.given({**(args or {}), TIME: jnp.asarray(t)})
