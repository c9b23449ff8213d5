"""Ensembles: several operators of one family with different parameters, as one operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace

from .operator import AbstractOperator


class Ensemble(AbstractOperator):
    """``size`` operators of one family, drawn with different keys; its answer is the mean of theirs.

    ``member`` makes one: ``member(source, target, on=..., key=...)``, such as ``functools.partial(FNO, width=16)``.
    ``members`` is one operator whose arrays have an axis of members in front: one program computes, and one training
    step moves, all of them. `answers` gives every answer, `spread` their mean and standard deviation.

    Lakshminarayanan, Pritzel & Blundell, "Simple and scalable predictive uncertainty estimation using deep ensembles",
    NeurIPS 2017.
    """

    members: AbstractOperator
    size: int = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        member: Callable[..., AbstractOperator],
        size: int = 4,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        if size < 1:
            raise ArgumentError(f"An ensemble has at least one member, got size={size}.")
        make = lambda k: member(source, target, on=on, key=k)
        self.members = eqx.filter_vmap(make)(jax.random.split(key, size))
        self.size = size

    @property
    def source(self) -> FunctionSpace:
        return self.members.source

    @property
    def target(self) -> FunctionSpace:
        return self.members.target

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        answers = self.answers(u, at, key)
        return _reduced(answers, jnp.mean(answers.values, axis=0))

    def answers(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        """The answers of all members to one function, stacked along a leading axis."""
        keys = None if key is None else jax.random.split(key, self.size)
        return eqx.filter_vmap(lambda member, k: member(u, at, k), in_axes=(eqx.if_array(0), 0))(self.members, keys)

    def spread(self, u: Field, at: AbstractDiscretization | None = None) -> tuple[Field, Field]:
        """Mean and standard deviation of the members' answers, point by point; the divisor is size - 1.

        Raises `ArgumentError` for an ensemble of one.
        """
        if self.size < 2:
            raise ArgumentError("One operator has no spread; make the ensemble of two or more.")
        answers = self.answers(u, at)
        mean, deviation = jnp.mean(answers.values, axis=0), jnp.std(answers.values, axis=0, ddof=1)
        return _reduced(answers, mean), _reduced(answers, deviation)

    def given(self, parameters: Mapping[str, Array]) -> Ensemble:
        given = eqx.filter_vmap(lambda member: member.given(parameters), in_axes=eqx.if_array(0))(self.members)
        return eqx.tree_at(lambda e: e.members, self, given)


def _reduced(answers: Field, values: Array) -> Field:
    """One field where the answers are; the points that they share are taken from the first."""
    first = jax.tree.map(lambda leaf: leaf[0], answers)
    return eqx.tree_at(lambda field: field.values, first, values)
