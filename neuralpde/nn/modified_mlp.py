"""Multilayer perceptrons whose hidden layers are gated by two encoders of the input."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from neuralpde.spaces import Value, propagate

from .coordinate_network import AbstractCoordinateNetwork
from .mlp import dense


class Gates(eqx.Module):
    """Two encoders ``U = s(W_u e + b_u)``, ``V = s(W_v e + b_v)`` of an embedding e; s is the activation."""

    U: Callable
    V: Callable
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(self, in_size: int, width: int, activation: Callable[[Array], Array], *, key: PRNGKeyArray):
        self.U, self.V = (dense(in_size, width, key=k) for k in jax.random.split(key))
        self.activation = activation

    def encode(self, e: Value) -> tuple[Value, Value]:
        """U and V."""
        return propagate(self.activation, propagate(self.U, e)), propagate(self.activation, propagate(self.V, e))


def gated(h: Value, U: Value, V: Value) -> Value:
    """``h U + (1 - h) V``"""
    return h * U + (1 - h) * V


class ModifiedMLP(AbstractCoordinateNetwork):
    """``h_0 = e``, ``z = s(W_k h_{k-1} + b_k)``, ``h_k = z U + (1 - z) V`` for k = 1..depth, then a linear head.

    U and V are the `Gates` of the input e, which may be an embedding of the point: chain it before. s is the
    activation; weights start as Glorot's, biases at zero. Wang, Teng & Perdikaris, SIAM J. Sci. Comput. 43 (2021) A3055,
    who have U and V the other way round.
    """

    gates: Gates
    layers: tuple[Callable, ...]
    head: Callable
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        in_size: int,
        out_size: int,
        *,
        width: int,
        depth: int,
        activation: Callable[[Array], Array] = jnp.tanh,
        key: PRNGKeyArray,
    ):
        key_gates, key_head, *keys = jax.random.split(key, depth + 2)
        sizes = (in_size, *(width,) * depth)
        self.gates = Gates(in_size, width, activation, key=key_gates)
        self.layers = tuple(dense(i, width, key=k) for i, k in zip(sizes[:-1], keys, strict=True))
        self.head = dense(sizes[-1], out_size, key=key_head)
        self.activation = activation

    def propagate(self, x: Value) -> Value:
        U, V = self.gates.encode(x)
        for layer in self.layers:
            x = gated(propagate(self.activation, propagate(layer, x)), U, V)
        return propagate(self.head, x)
