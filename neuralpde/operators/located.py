"""Operators that are told where they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from neuralpde.nn import waves
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace

from .operator import AbstractOperator


def located_space(source: FunctionSpace) -> FunctionSpace:
    """``source`` with two more components for each axis: ``cos x`` and ``sin x`` of `neuralpde.nn.waves`."""
    turns = [f"{wave} {name}" for wave in ("cos", "sin") for name in source.domain.names]
    return FunctionSpace(source.domain, (*source.names, *turns), source.boundary)


class Located(AbstractOperator):
    """``operator(u, cos x, sin x)``: an operator on `located_space`, as one on ``source``.

    Convolutions with periodic padding cannot tell one place from another, and so cannot learn an equation with a force
    or a coefficient that is fixed in space and is not among the inputs.
    """

    operator: AbstractOperator
    source: FunctionSpace = eqx.field(static=True)

    @property
    def target(self) -> FunctionSpace:
        return self.operator.target

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        places = waves(u.space.domain.bounds, u.on.coords(), 1).astype(u.values.dtype)
        return self.operator(Field(jnp.concatenate([u.values, places], -1), u.on, self.operator.source), at, key)

    def given(self, parameters: Mapping[str, Array]) -> Located:
        return dataclasses.replace(self, operator=self.operator.given(parameters))
