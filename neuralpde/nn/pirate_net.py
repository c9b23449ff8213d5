"""PirateNets: residual networks that start as a linear map of their embedding and grow deep while they train.

Wang, Li, Chen & Perdikaris, "PirateNets: physics-informed deep learning with residual adaptive networks", 2024,
arXiv 2402.00326.
"""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import Value, propagate

from .coordinate_network import AbstractCoordinateNetwork
from .mlp import dense
from .modified_mlp import Gates, gated


class PirateBlock(eqx.Module):
    """``f = s(W_1 x + b_1)``, ``z_1 = f U + (1 - f) V``, ``g = s(W_2 z_1 + b_2)``, ``z_2 = g U + (1 - g) V``,
    ``h = s(W_3 z_2 + b_3)``, and out ``a h + (1 - a) x`` with a trainable number a that starts at zero.
    """

    layers: tuple[Callable, Callable, Callable]
    alpha: Float[Array, ""]
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(self, size: int, width: int, activation: Callable[[Array], Array], *, key: PRNGKeyArray):
        sizes = ((size, width), (width, width), (width, size))
        first, second, third = (dense(i, o, key=k) for (i, o), k in zip(sizes, jax.random.split(key, 3), strict=True))
        self.layers = (first, second, third)
        self.alpha, self.activation = jnp.zeros(()), activation

    def propagate(self, x: Value, U: Value, V: Value) -> Value:
        """The block, gated by U and V."""
        first, second, third = (
            lambda z, layer=layer: propagate(self.activation, propagate(layer, z)) for layer in self.layers
        )
        h = third(gated(second(gated(first(x), U, V)), U, V))
        return self.alpha * h + (1 - self.alpha) * x


class PirateNet(AbstractCoordinateNetwork):
    """``blocks`` residual blocks on an embedding of ``in_size`` numbers, and a linear head without bias.

    At the start the network is the head of the embedding: chain `FourierFeatures` or the like before it. The head can
    then be fitted to initial and boundary data (`neuralpde.pinn.fit_head`). ``width``, by default that of the embedding,
    is that of the gates.
    """

    gates: Gates
    blocks: tuple[PirateBlock, ...]
    head: Callable

    def __init__(
        self,
        in_size: int,
        out_size: int,
        *,
        blocks: int = 3,
        width: int | None = None,
        activation: Callable[[Array], Array] = jnp.tanh,
        key: PRNGKeyArray,
    ):
        key_gates, key_head, *keys = jax.random.split(key, blocks + 2)
        width = in_size if width is None else width
        self.gates = Gates(in_size, width, activation, key=key_gates)
        self.blocks = tuple(PirateBlock(in_size, width, activation, key=k) for k in keys)
        self.head = dense(in_size, out_size, use_bias=False, key=key_head)

    def propagate(self, x: Value) -> Value:
        U, V = self.gates.encode(x)
        for block in self.blocks:
            x = block.propagate(x, U, V)
        return propagate(self.head, x)
