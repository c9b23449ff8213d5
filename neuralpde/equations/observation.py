"""What is kept of the states of an equation: other variables than a solver computes with, or some of them."""

from __future__ import annotations

import abc

import equinox as eqx

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Field

from .equation import AbstractEquation
from .gas import AbstractGas


class AbstractObservation(eqx.Module):
    """A map of the states of an equation, such as those of a dataset, with its options as fields of the class."""

    @abc.abstractmethod
    def __call__(self, equation: AbstractEquation, state: Field) -> Field:
        """What is kept of a state, at the same points; ``ValueError`` for an equation that has no such thing."""


class Primitive(AbstractObservation):
    """Density, velocity and pressure of a gas, of which a solver computes density, momentum and energy."""

    def __call__(self, equation: AbstractEquation, state: Field) -> Field:
        if not isinstance(equation, AbstractGas):
            raise ArgumentError(
                f"The primitive variables are those of a gas, such as CompressibleNavierStokes, and the equation is "
                f"{type(equation).__name__}; leave the observation out, or choose another one."
            )
        return equation.to_primitive(state)


class Components(AbstractObservation):
    """Some components of a state, in the order of ``names``."""

    names: tuple[str, ...] = eqx.field(static=True, converter=tuple)

    def __call__(self, equation: AbstractEquation, state: Field) -> Field:
        unknown = [name for name in self.names if name not in state.space.names]
        if unknown:
            raise ArgumentError(f"Components {unknown} are not among those of the state, {state.space.names}.")
        chosen = [state.space.names.index(name) for name in self.names]
        return Field(state.values[..., chosen], state.on, state.space.renamed(*self.names))
