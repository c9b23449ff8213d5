"""MultiONet: several layers of branch and trunk contribute (Zang & Koutsourelakis, J. Comput. Phys. 538 (2025) 114137)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import LayerStates, PeriodicFeatures, tanh_sin
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace

from .about import About
from .branch_trunk import AbstractDeepONet, Conditions, Expansion, NetworkTrunk, at_sensors, encode, trunk_features
from .exact_conditions import ExactConditions


class MultiONet(AbstractDeepONet):
    """``G(u)(y) = 1/l sum_k w_k <t_k(y), b_k(u)> + b_0``, the sum over the ``last`` = l of ``depth`` layers.

    b_k and t_k are the activated states, ``width`` numbers, of layer k of a branch net on the sensors and a trunk net
    on the point, which have equal sizes. A target of several components has one matrix A in place of the weights w:
    ``G(u)(y) = A 1/l sum_k t_k(y) * b_k(u) + b_0``. w starts at one (at zero, the first steps would train w
    alone), b_0 at zero. Sensors, features, conditions and queries are those of `DeepONet`.
    """

    about: ClassVar[About] = About("Zang & Koutsourelakis, J. Comput. Phys. 538 (2025) 114137", "any", True)

    branch: LayerStates
    trunk: LayerStates
    w: Float[Array, " l"] | None
    A: Float[Array, "c width"] | None
    b0: Float[Array, " c"]
    on: AbstractDiscretization
    conditions: ExactConditions | None
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    features: PeriodicFeatures = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        width: int = 100,
        depth: int = 6,
        last: int | None = None,
        activation: Callable[[Array], Array] = tanh_sin,
        harmonics: int = 1,
        conditions: Conditions | None = None,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        if on is None:
            raise ArgumentError("MultiONet reads its input at sensors: pass on=Grid(...) or on=Points(...).")
        key_branch, key_trunk, key_map = jax.random.split(key, 3)
        last = max(depth - 1, 1) if last is None else last
        size = {"width": width, "depth": depth, "last": last, "activation": activation}
        self.source, self.target, self.on = source, target, on
        self.features = trunk_features(target, harmonics)
        self.conditions = None if conditions is None else conditions(target)
        self.branch = LayerStates(math.prod(on.shape) * source.channels, **size, key=key_branch)
        self.trunk = LayerStates(self.features.size, **size, key=key_trunk)
        scalar = target.channels == 1
        self.w = jnp.ones(last) if scalar else None
        self.A = None if scalar else jax.nn.initializers.glorot_normal()(key_map, (target.channels, width), float)
        self.b0 = jnp.zeros(target.channels)

    def as_function(self, u: Field) -> Expansion:
        b = encode(self.branch, at_sensors(self, u, self.on)) / self.branch.last
        if self.w is not None:
            b = (self.w[:, None] * b)[None]
        if self.A is not None:
            b = self.A[:, None, :] * b
        trunk = NetworkTrunk(self.trunk, self.features, 1)
        b = b.reshape(self.target.channels, -1)
        return Expansion(b=b, trunk=trunk, b0=self.b0, conditions=self.conditions, u=u, space=self.target)
