"""Operators made of another operator: with normalisers, or held at one resolution."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import equinox as eqx
from jaxtyping import Array, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import Standardize
from neuralpde.spaces import AbstractDiscretization, AbstractFunction, Field, FunctionSpace, Grid

from .operator import AbstractOperator, delivered


class Normalized(AbstractOperator):
    """``decode . operator . encode``: takes and gives physical units, and carries its statistics with it.

    Raises ``ValueError`` for normalised outputs of an operator with `ExactConditions`: they would hold no more.
    """

    operator: AbstractOperator
    input_normalizer: Standardize | None = None
    output_normalizer: Standardize | None = None

    def __check_init__(self):
        conditions = getattr(self.operator, "conditions", None)
        takes_input = conditions is not None and conditions.initial == "input" and self.input_normalizer is not None
        if takes_input or (conditions is not None and self.output_normalizer is not None):
            raise ArgumentError(
                "The operator meets its exact conditions in physical units: leave its targets as they are, and its "
                "inputs where they are the initial value (normalization.targets=none, normalization.inputs=none)."
            )

    @property
    def source(self) -> FunctionSpace:
        return self.operator.source

    @property
    def target(self) -> FunctionSpace:
        return self.operator.target

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        v = self.operator(self.encoded_input(u), at, key)
        return v if self.output_normalizer is None else self.output_normalizer.decode(v)

    def as_function(self, u: Field) -> AbstractFunction:
        return self.physical_output(self.operator.as_function(self.encoded_input(u)))

    def reconstruct(self, u: Field) -> AbstractFunction:
        return self.physical_input(self.operator.reconstruct(self.encoded_input(u)))

    def physical_output(self, v: AbstractFunction) -> AbstractFunction:
        """An answer of the operator within, in physical units."""
        return v if self.output_normalizer is None else _Decoded(v, self.output_normalizer)

    def physical_input(self, u: AbstractFunction) -> AbstractFunction:
        """What the operator within takes for an input, in physical units."""
        return u if self.input_normalizer is None else _Decoded(u, self.input_normalizer)

    def given(self, parameters: Mapping[str, Array]) -> Normalized:
        return dataclasses.replace(self, operator=self.operator.given(parameters))

    def encoded_input(self, u: Field) -> Field:
        """What the operator within is given for an input in physical units."""
        return u if self.input_normalizer is None else self.input_normalizer.encode(u)


class _Decoded(AbstractFunction):
    """A function in standard units, read in physical ones."""

    function: AbstractFunction
    normalizer: Standardize

    @property
    def space(self) -> FunctionSpace:
        return self.function.space

    def __call__(self, x):
        mean, std = self.normalizer.at_point(x)
        return self.function(x) * std + mean


class AtResolution(AbstractOperator):
    """Resample the input to one grid, apply the operator there, and resample its output.

    The baseline to beat for operators that claim to work at every resolution (Berner et al., arXiv 2506.10973).
    """

    operator: AbstractOperator
    on: Grid = eqx.field(static=True)

    @property
    def source(self) -> FunctionSpace:
        return self.operator.source

    @property
    def target(self) -> FunctionSpace:
        return self.operator.target

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        return delivered(self.operator(u.resample(self.on), None, key), u, at)

    def given(self, parameters: Mapping[str, Array]) -> AtResolution:
        return dataclasses.replace(self, operator=self.operator.given(parameters))
