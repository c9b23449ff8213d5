"""MIONet: several input functions, a branch net for each (Jin, Meng & Lu, SIAM J. Sci. Comput. 44 (2022) A3490)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import PeriodicFeatures, mlp
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace

from .about import About
from .branch_trunk import (
    AbstractDeepONet,
    Conditions,
    Expansion,
    NetworkTrunk,
    at_sensors,
    encode,
    make_branch,
    trunk_features,
)
from .exact_conditions import ExactConditions

MERGES = ("product", "sum", "concatenation")


class MIONet(AbstractDeepONet):
    """``G(v_1, ..., v_n)(y) = sum_k [b^1_k(v_1) ... b^n_k(v_n)] t_k(y) + b_0``, p = ``basis`` terms a component.

    The input functions v_i are the components of the source space, or the groups of them that ``inputs`` names:
    ``inputs=[("u", "v"), ("p",)]``; components in no group are not read. ``merge`` combines the branches' outputs, n
    vectors of c p numbers, to one: by ``product`` (the paper's), ``sum``, or ``concatenation`` and a network of the
    size of the branches. With one input function and product or sum it is a `DeepONet`, whose sensors, ``branch``,
    features, conditions and queries it has; a given ``branch`` has to be a constructor, called once for each v_i.

    Raises ``ValueError`` for a component that the source does not have.
    """

    about: ClassVar[About] = About("Jin, Meng & Lu, SIAM J. Sci. Comput. 44 (2022) A3490", "any", True)

    branches: tuple[Callable, ...]
    merger: eqx.nn.MLP | None
    trunk: eqx.nn.MLP
    b0: Float[Array, " c"]
    on: AbstractDiscretization | None
    conditions: ExactConditions | None
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    inputs: tuple[tuple[str, ...], ...] = eqx.field(static=True)
    merge: str = eqx.field(static=True)
    features: PeriodicFeatures = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        width: int = 128,
        depth: int = 3,
        basis: int = 128,
        inputs: Sequence[Sequence[str]] | None = None,
        merge: str = "product",
        activation: Callable[[Array], Array] = jax.nn.gelu,
        harmonics: int = 1,
        branch: Callable | None = None,
        conditions: Conditions | None = None,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        if merge not in MERGES:
            raise ArgumentError(f"merge={merge!r} is unknown; choose one of {', '.join(MERGES)}.")
        self.source, self.target, self.on, self.merge = source, target, on, merge
        self.inputs = _groups(source, inputs)
        self.features = trunk_features(target, harmonics)
        self.conditions = None if conditions is None else conditions(target)
        self.b0 = jnp.zeros(target.channels)
        size, terms = {"width": width, "depth": depth, "activation": activation}, basis * target.channels
        key_trunk, key_merger, *keys = jax.random.split(key, len(self.inputs) + 2)
        self.branches = tuple(
            make_branch(branch, source.renamed(*names), terms, **size, on=on, key=k)
            for names, k in zip(self.inputs, keys, strict=True)
        )
        joined = len(self.branches) * terms
        self.merger = mlp(joined, terms, **size, key=key_merger) if merge == "concatenation" else None
        self.trunk = mlp(self.features.size, terms, **size, final_activation=activation, key=key_trunk)

    def as_function(self, u: Field) -> Expansion:
        sensed = at_sensors(self, u, self.on)
        codes = [
            encode(branch, _components(sensed, names)) for branch, names in zip(self.branches, self.inputs, strict=True)
        ]
        b = self._merged(jnp.stack(codes)).reshape(self.target.channels, -1)
        trunk = NetworkTrunk(self.trunk, self.features, self.target.channels)
        return Expansion(b=b, trunk=trunk, b0=self.b0, conditions=self.conditions, u=u, space=self.target)

    def _merged(self, codes: Float[Array, "n terms"]) -> Float[Array, " terms"]:
        if self.merger is not None:
            return self.merger(codes.reshape(-1))
        return jnp.prod(codes, axis=0) if self.merge == "product" else jnp.sum(codes, axis=0)


def _groups(source: FunctionSpace, inputs: Sequence[Sequence[str]] | None) -> tuple[tuple[str, ...], ...]:
    groups = tuple((name,) for name in source.names) if inputs is None else tuple(map(tuple, inputs))
    unknown = {name for group in groups for name in group} - set(source.names)
    if unknown or not groups or not all(groups):
        raise ArgumentError(
            f"inputs={inputs} has to list groups of the components {source.names} of the source"
            + (f"; {sorted(unknown)} are not among them." if unknown else ", at least one in each.")
        )
    return groups


def _components(u: Field, names: tuple[str, ...]) -> Field:
    index = jnp.asarray([u.space.names.index(name) for name in names])
    return Field(u.values[..., index], u.on, u.space.renamed(*names))
