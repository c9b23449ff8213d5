"""Equations that are known in part: the rest is learned."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from neuralpde.equations import AbstractEquation
from neuralpde.equations.semilinear import AbstractSemilinear, Nonlinearity
from neuralpde.errors import ArgumentError
from neuralpde.operators import AbstractOperator
from neuralpde.operators.operator import delivered
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace
from neuralpde.spaces.fourier import Fourier, Multiplier


class Closure(AbstractSemilinear):
    """``u_t = F(u) + G(u)``: a known equation u_t = F(u) and an operator G for what it leaves out.

    Such as the effect of scales that a coarse grid does not hold, or of physics that is not known. G runs on the grid of
    the state. `tendency` is that of the sum, for `FieldODE` and explicit steps. Where the equation is semilinear,
    ``F(u) = L u + N(u)``, so is the sum: solvers of such equations, `neuralpde.solvers.ETDRK` among them, then treat L as
    they always do, and G as a part of N.
    """

    equation: AbstractEquation
    operator: AbstractOperator

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the equation."""
        return self.equation.names

    @property
    def axes(self) -> int | None:
        """Those of the equation."""
        return self._semilinear.axes

    def symbol(self, fourier: Fourier) -> Multiplier:
        """That of the equation."""
        return self._semilinear.symbol(fourier)

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """The equation's, and the transform of G of the modes that pass."""
        known = self._semilinear.nonlinear(fourier)

        def learned(spectrum):
            u = Field(jnp.moveaxis(fourier.inverse(spectrum), 0, -1), fourier.grid, self.operator.source)
            return fourier.forward(jnp.moveaxis(self.operator(u).values, -1, 0))

        return learned if known is None else lambda spectrum: known(spectrum) + learned(spectrum)

    def tendency(self, u: Field) -> Field:
        """F(u) + G(u)."""
        return u.with_values(self.equation.tendency(u).values + self.operator(u).values)

    def given(self, parameters: Mapping[str, Array]) -> Closure:
        """This closure with its operator at the parameters of one problem."""
        return dataclasses.replace(self, operator=self.operator.given(parameters))

    @property
    def _semilinear(self) -> AbstractSemilinear:
        if not isinstance(self.equation, AbstractSemilinear):
            raise ArgumentError(
                f"Closure of {type(self.equation).__name__} has no Fourier symbol, for its equation is not semilinear; "
                "use its tendency, as FieldODE(closure) and MethodOfLines do."
            )
        return self.equation


class LearnedFlux(AbstractOperator):
    """``G(u) = div q(u)`` with an operator q: what it adds keeps the integral of each component on a periodic box.

    q has one component for each component of u and each axis, those of an axis together; on a line as many as u.

    Raises ``ValueError``, when called, where q has another number of components.
    """

    flux: AbstractOperator

    @property
    def source(self) -> FunctionSpace:
        """What the flux takes."""
        return self.flux.source

    @property
    def target(self) -> FunctionSpace:
        """The rate of change of the state."""
        return self.flux.source.free()

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        q, c = self.flux(u), u.space.channels
        if q.space.channels != c * u.space.dim:
            raise ArgumentError(
                f"LearnedFlux needs {c} components of flux along each axis of {u.space.domain.names}, its operator gives "
                f"{q.space.names}; build the operator with a target of {c * u.space.dim} components."
            )
        parts = [q.diff(axis).values[..., axis * c : (axis + 1) * c] for axis in range(u.space.dim)]
        return delivered(Field(sum(parts[1:], parts[0]), q.on, self.target), u, at)

    def given(self, parameters: Mapping[str, Array]) -> LearnedFlux:
        return dataclasses.replace(self, flux=self.flux.given(parameters))
