"""DGenNO: a code of the input, and functions that are decoded from it: the answer, and the input itself.

Zang & Koutsourelakis, "DGenNO: a novel physics-aware neural operator for solving forward and inverse PDE problems",
J. Comput. Phys. 538 (2025) 114137; with their deterministic encoder.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import LayerStates, PeriodicFeatures, mlp, tanh_sin
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace

from .about import About
from .branch_trunk import AbstractDeepONet, Conditions, Expansion, NetworkTrunk, at_sensors, encode, trunk_features
from .exact_conditions import ExactConditions


class Decoder(eqx.Module):
    """``v(y) = 1/l sum_k w_k <t_k(y), b_k(beta)> + b_0``: the layers of a `MultiONet` whose branch reads a code beta.

    For spaces of several components A takes the place of w, as there.
    """

    branch: LayerStates
    trunk: LayerStates
    A: Float[Array, "c l width"]
    b0: Float[Array, " c"]
    features: PeriodicFeatures = eqx.field(static=True)
    space: FunctionSpace = eqx.field(static=True)

    def __init__(self, latent: int, space: FunctionSpace, *, width, depth, last, activation, key: PRNGKeyArray):
        key_branch, key_trunk, key_map = jax.random.split(key, 3)
        size = {"width": width, "depth": depth, "last": last, "activation": activation}
        self.features, self.space = trunk_features(space, 1), space
        self.branch = LayerStates(latent, **size, key=key_branch)
        self.trunk = LayerStates(self.features.size, **size, key=key_trunk)
        if space.channels == 1:
            self.A = jnp.ones((1, last, 1))
        else:
            self.A = jax.nn.initializers.glorot_normal()(key_map, (space.channels, width), float)[:, None, :]
        self.b0 = jnp.zeros(space.channels)

    def __call__(self, beta: Float[Array, " latent"], u: Field, conditions: ExactConditions | None) -> Expansion:
        b = self.A * self.branch(beta)[None] / self.branch.last
        trunk = NetworkTrunk(self.trunk, self.features, 1)
        b = b.reshape(self.space.channels, -1)
        return Expansion(b=b, trunk=trunk, b0=self.b0, conditions=conditions, u=u, space=self.space)


class DGenNO(AbstractDeepONet):
    """The input at its sensors becomes a code ``beta = tanh(MLP(a))``; two `Decoder`s make of it the answer u and a again.

    Trained without labels by `WeakResidual` and `Reconstruction`; then `neuralpde.training.invert` finds the code, and
    with it a and u, of measurements of u alone. latent: numbers of a code. ``encoder_width``, ``encoder_depth``: of the
    network that makes it; ``width``, ``depth``, ``last``: of the decoders, see `MultiONet`. conditions: as of `DeepONet`.
    """

    about: ClassVar[About] = About("Zang & Koutsourelakis, J. Comput. Phys. 538 (2025) 114137", "any", True)

    encoder: Callable[[Array], Array]
    solution: Decoder
    medium: Decoder
    on: AbstractDiscretization
    conditions: ExactConditions | None
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        latent: int = 128,
        encoder_width: int = 256,
        encoder_depth: int = 2,
        width: int = 100,
        depth: int = 6,
        last: int | None = None,
        activation: Callable[[Array], Array] = tanh_sin,
        conditions: Conditions | None = None,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        if on is None:
            raise ArgumentError("DGenNO reads its input at sensors: pass on=Grid(...) or on=Points(...).")
        key_encoder, key_solution, key_medium = jax.random.split(key, 3)
        sensors, hidden = math.prod(on.shape) * source.channels, {"width": encoder_width, "depth": encoder_depth}
        self.encoder = mlp(sensors, latent, **hidden, activation=jax.nn.silu, key=key_encoder)
        size = {"width": width, "depth": depth, "last": max(depth - 1, 1) if last is None else last}
        self.solution = Decoder(latent, target, **size, activation=activation, key=key_solution)
        self.medium = Decoder(latent, source, **size, activation=activation, key=key_medium)
        self.source, self.target, self.on = source, target, on
        self.conditions = None if conditions is None else conditions(target)

    def as_function(self, u: Field) -> Expansion:
        return self.decoded(self.code(u), u)

    def code(self, u: Field) -> Float[Array, " latent"]:
        """beta, between -1 and 1."""
        return jnp.tanh(encode(self.encoder, at_sensors(self, u, self.on)))

    def decoded(self, beta: Float[Array, " latent"], u: Field | None = None) -> Expansion:
        """The answer that a code stands for; u, the input, where the exact conditions depend on it."""
        return self.solution(beta, self._blank() if u is None else u, self.conditions)

    def decoded_input(self, beta: Float[Array, " latent"]) -> Expansion:
        """The input that a code stands for."""
        return self.medium(beta, self._blank(), None)

    def reconstruct(self, u: Field) -> Expansion:
        """The input again, from its code."""
        return self.decoded_input(self.code(u))

    def _blank(self) -> Field:
        return Field(jnp.zeros((*self.on.shape, self.source.channels)), self.on, self.source)
