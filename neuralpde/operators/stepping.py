"""How a network makes a time step: what it predicts, and in which units."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from jaxtyping import Array, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import Standardize
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace

from .history import newest
from .located import Located, located_space
from .operator import AbstractOperator
from .refinement import AbstractRefinement
from .refiner import Refiner, refiner_source
from .wrappers import Normalized

PREDICTIONS = ("state", "residual", "difference")


class Increment(AbstractOperator):
    """``u_0 + operator(u)``, u_0 the newest state of the input: the operator answers with the change of the state."""

    operator: AbstractOperator

    @property
    def source(self) -> FunctionSpace:
        return self.operator.source

    @property
    def target(self) -> FunctionSpace:
        return self.operator.target

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        change = self.operator(u, at, key)
        return change.with_values(newest(u, self.target).resample(change.on).values + change.values)

    def given(self, parameters: Mapping[str, Array]) -> Increment:
        return dataclasses.replace(self, operator=self.operator.given(parameters))


@dataclasses.dataclass(frozen=True)
class Stepping:
    """What a network predicts of the next state, and how an operator is made of it.

    - ``"state"``: the next state itself, in units of the states' mean and deviation;
    - ``"residual"``: the change of the state, in units of the states' deviation;
    - ``"difference"``: the change of the state, in units of its own mean and deviation (``delta`` in The Well).

    With a ``refinement`` the network first predicts that, then removes noise from it (`Refiner`). With ``coordinates``
    it is told the place (`Located`), where an equation has a force that is fixed in space.
    """

    predict: str = "residual"
    refinement: AbstractRefinement | None = None
    coordinates: bool = False

    def __post_init__(self):
        if self.predict not in PREDICTIONS:
            raise ArgumentError(f"predict={self.predict!r} is unknown; choose one of {', '.join(PREDICTIONS)}.")

    def network_source(self, source: FunctionSpace, target: FunctionSpace) -> FunctionSpace:
        """What the network takes, where the operator takes ``source``."""
        given = self._given(source, target)
        return located_space(given) if self.coordinates else given

    def operator(
        self,
        network: AbstractOperator,
        source: FunctionSpace,
        inputs: Standardize | None = None,
        outputs: Standardize | None = None,
    ) -> AbstractOperator:
        """The operator that steps from ``source``; ``outputs`` are statistics of what is predicted."""
        if self.coordinates:
            network = Located(network, self._given(source, network.target))
        inner = network if self.refinement is None else Refiner(network, self.refinement, source)
        if inputs is not None or outputs is not None:
            inner = Normalized(operator=inner, input_normalizer=inputs, output_normalizer=outputs)
        return inner if self.predict == "state" else Increment(inner)

    def _given(self, source: FunctionSpace, target: FunctionSpace) -> FunctionSpace:
        """What the network takes besides coordinates."""
        return source if self.refinement is None else refiner_source(source, target)


def in_standard_units(operator: AbstractOperator, u: Field, truth: Field) -> tuple[AbstractOperator, Field, Field]:
    """The innermost operator of a step, and its input and target where the operator has ``u`` and ``truth``.

    ``operator(u) = truth`` where the one that is given back maps the input to the target.
    """
    if isinstance(operator, Increment):
        change = truth.with_values(truth.values - newest(u, truth.space).values)
        return in_standard_units(operator.operator, u, change)
    if isinstance(operator, Normalized):
        inputs, outputs = operator.input_normalizer, operator.output_normalizer
        u = u if inputs is None else inputs.encode(u)
        return in_standard_units(operator.operator, u, truth if outputs is None else outputs.encode(truth))
    return operator, u, truth
