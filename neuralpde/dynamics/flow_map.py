"""The state one step later, as an operator: equations and closures where operators that step in time are asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.equations.semilinear import AbstractSemilinear
from neuralpde.errors import ArgumentError
from neuralpde.operators import AbstractOperator
from neuralpde.operators.operator import check_source, delivered
from neuralpde.operators.rollout import TIME_STEP
from neuralpde.solvers.etdrk import METHODS, exponential_step
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace

from .closure import Closure
from .field_dynamics import FieldODE
from .method import Method
from .solve import solve


class FlowMap(AbstractOperator):
    """``u(t) -> u(t + time_step)`` by du/dt = rate(u), solved with ``method``; the rate does not depend on time.

    `given` reads the parameter ``time_step`` and passes all on to the operators in ``field``. So what moves a field is
    trained by `neuralpde.training.RolloutTask` through its time steps, and is unrolled, measured and exported as an
    operator. Methods of fixed steps say ``substeps``, since a step that is given is not known beforehand.
    """

    field: FieldODE
    target: FunctionSpace = eqx.field(static=True)
    method: Method
    time_step: Float[Array, ""] | float = 1.0
    parameters: dict[str, Array] = eqx.field(default_factory=dict)

    @property
    def source(self) -> FunctionSpace:
        """The state's, as the target."""
        return self.target

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        check_source(self, u)
        step = jnp.asarray(self.time_step, u.values.dtype)
        state = Field(u.values, u.on, self.target)
        times = jnp.stack([jnp.zeros_like(step), step])
        return delivered(solve(self.field, state, times, self.method, args=self.parameters).last, u, at)

    def given(self, parameters: Mapping[str, Array]) -> FlowMap:
        given = {**self.parameters, **parameters}
        return dataclasses.replace(self, parameters=given, time_step=given.get(TIME_STEP, self.time_step))


class ExponentialFlow(AbstractOperator):
    """`FlowMap` of a semilinear equation or of its `Closure`, in ``substeps`` exponential Runge-Kutta steps, which no
    stiffness of the linear part limits; ``order`` and ``dealias`` are those of `neuralpde.solvers.ETDRK`.

    Raises ``ValueError`` for an order that the methods do not have and, when called, for a grid that is not periodic.

    Raises ``ValueError`` for an order that the methods do not have and, when called, for a grid that is not periodic.
    """

    equation: AbstractSemilinear
    target: FunctionSpace = eqx.field(static=True)
    time_step: Float[Array, ""] | float = 1.0
    substeps: int = eqx.field(static=True, default=1)
    order: int = eqx.field(static=True, default=4)
    dealias: float = eqx.field(static=True, default=2 / 3)

    def __check_init__(self):
        if self.order not in METHODS or self.substeps < 1:
            raise ArgumentError(
                f"ExponentialFlow makes at least one substep of the orders {list(METHODS)}; got substeps={self.substeps}, "
                f"order={self.order}."
            )

    @property
    def source(self) -> FunctionSpace:
        """The state's, as the target."""
        return self.target

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        check_source(self, u)
        fourier = self.equation.transform(u, self.dealias)
        h = self.time_step / self.substeps
        symbol, nonlinear = self.equation.symbol(fourier), self.equation.nonlinear(fourier)
        step = exponential_step(self.order, symbol, nonlinear, h, fourier.dim)
        spectrum = jax.lax.fori_loop(0, self.substeps, lambda _, s: step(s), fourier.analyse(u))
        return delivered(fourier.synthesise(spectrum, self.target), u, at)

    def given(self, parameters: Mapping[str, Array]) -> ExponentialFlow:
        closed = isinstance(self.equation, Closure)
        equation = self.equation.given(parameters) if closed else self.equation
        return dataclasses.replace(self, equation=equation, time_step=parameters.get(TIME_STEP, self.time_step))
