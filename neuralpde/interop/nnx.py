"""Operators of ours in Flax code: an NNX module whose parameters are ``nnx.Param``."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
from flax import nnx
from jaxtyping import PRNGKeyArray, PyTree

from neuralpde.nn import trainable
from neuralpde.operators import AbstractOperator
from neuralpde.spaces import AbstractDiscretization, Field

from .parameters import name_of


class Fixed(nnx.Variable):
    """An array of an operator that is not trained: statistics of a normaliser, sensors."""


class NNXOperator(nnx.Module):
    """An operator as a Flax NNX module: ``parameters`` by their names, trained by ``nnx.grad`` and ``nnx.Optimizer``.

    ``fixed`` holds the arrays that are not trained. `operator` is the operator with the parameters as they are.
    """

    def __init__(self, operator: AbstractOperator):
        parameters, rest = eqx.partition(operator, trainable(operator))
        fixed = eqx.filter(rest, eqx.is_array)
        self.parameters = nnx.Dict({name: nnx.Param(leaf) for name, leaf in _named(parameters)})
        self.fixed = nnx.Dict({name: Fixed(leaf) for name, leaf in _named(fixed)})
        self._skeleton = nnx.static(_Skeleton(operator))

    @property
    def operator(self) -> AbstractOperator:
        """The operator, with the parameters that the module has now."""
        arrays = {name: variable[...] for held in (self.parameters, self.fixed) for name, variable in held.items()}
        return self._skeleton.filled(arrays)

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        """Apply the operator to one function; ``vmap`` or ``nnx.vmap`` makes batches."""
        return self.operator(u, at, key)


class _Skeleton:
    """The structure of an operator without its arrays; compared and hashed by value, as Flax asks of what is static."""

    def __init__(self, operator: AbstractOperator):
        self.structure = jax.tree.structure(operator)
        self.static = tuple(None if eqx.is_array(leaf) else leaf for leaf in jax.tree.leaves(operator))
        self.names = tuple(name_of(path) for path, _ in jax.tree_util.tree_leaves_with_path(operator))

    def filled(self, arrays: dict[str, Any]) -> AbstractOperator:
        leaves = [arrays.get(name, leaf) for name, leaf in zip(self.names, self.static, strict=True)]
        return jax.tree.unflatten(self.structure, leaves)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Skeleton) and (self.structure, self.static, self.names) == (
            other.structure,
            other.static,
            other.names,
        )

    def __hash__(self) -> int:
        return hash((self.structure, self.static, self.names))


def to_nnx(operator: AbstractOperator) -> NNXOperator:
    """An operator as a Flax NNX module with the same parameters; ``module.operator`` is the way back."""
    return NNXOperator(operator)


def _named(tree: PyTree) -> list[tuple[str, Any]]:
    return [(name_of(path), leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(tree)]
