"""Attention as an integral over the domain: every sum over points carries their quadrature weights.

Written so, attention is one operator on functions, which its sums approach as the points are refined, and a point
that is given twice with half its weight changes nothing (Berner et al., arXiv 2506.10973).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .channel_norm import ChannelNorm
from .pointwise import Pointwise, PointwiseMLP


def softmax_attention(
    q: Float[Array, "m *h c"], k: Float[Array, "n *h c"], v: Float[Array, "n *h e"], weights: Float[Array, " n"]
) -> Float[Array, "m *h e"]:
    """``y(x) = int e^s(x,x') v(x') dx' / int e^s(x,x') dx'`` with ``s(x, x') = q(x) . k(x') / sqrt(c)``.

    ``weights`` are the quadrature weights D_j of the points of k and v; head axes ``h`` run along.
    """
    scores = jnp.einsum("m...c,n...c->...mn", q, k) / math.sqrt(q.shape[-1])
    # A constant in the exponent cancels; the largest score keeps it finite.
    largest = jax.lax.stop_gradient(jnp.max(scores, axis=-1, keepdims=True))
    density = jnp.exp(scores - largest) * weights.astype(scores.dtype)
    y = jnp.einsum("...mn,n...e->m...e", density, v)
    return y / jnp.moveaxis(jnp.sum(density, axis=-1), -1, 0)[..., None]


def galerkin_attention(
    q: Float[Array, "m *h c"], k: Float[Array, "n *h c"], v: Float[Array, "n *h e"], weights: Float[Array, " n"]
) -> Float[Array, "m *h e"]:
    """``y(x) = q(x) . int k(x') v(x') dx' / |domain|``: no softmax, and a cost linear in the number of points.

    Cao, NeurIPS 2021, arXiv 2105.14995, equation 6, with quadrature weights D_j in place of 1/n.
    """
    share = (weights / jnp.sum(weights)).astype(v.dtype)
    return jnp.einsum("m...c,...ce->m...e", q, jnp.einsum("n,n...c,n...e->...ce", share, k, v))


KERNELS = {"softmax": softmax_attention, "galerkin": galerkin_attention}


class MultiHeadAttention(eqx.Module):
    """Attention of a function with itself: ``heads`` kernels on ``width / heads`` channels each, then a linear map.

    ``kind`` is ``softmax`` or ``galerkin``; the latter normalises the channels of keys and values in each head.

    Raises ``ValueError`` on an unknown kind and where the heads do not divide the width.
    """

    W_q: Pointwise
    W_k: Pointwise
    W_v: Pointwise
    W_o: Pointwise
    key_norm: ChannelNorm | None
    value_norm: ChannelNorm | None
    heads: int = eqx.field(static=True)
    kind: str = eqx.field(static=True)

    def __init__(self, width: int, heads: int, kind: str = "softmax", *, key: PRNGKeyArray):
        if kind not in KERNELS:
            raise ArgumentError(f"Attention is one of {', '.join(map(repr, KERNELS))}; got {kind!r}.")
        check_heads(width, heads)
        self.heads, self.kind = heads, kind
        self.W_q, self.W_k, self.W_v, self.W_o = (Pointwise(width, width, key=k) for k in jax.random.split(key, 4))
        norm = ChannelNorm(width // heads) if kind == "galerkin" else None
        self.key_norm = self.value_norm = norm

    def __call__(self, x: Float[Array, "n width"], weights: Float[Array, " n"]) -> Float[Array, "n width"]:
        q, k, v = (f(x).reshape(len(x), self.heads, -1) for f in (self.W_q, self.W_k, self.W_v))
        if self.key_norm is not None and self.value_norm is not None:
            k, v = self.key_norm(k), self.value_norm(v)
        return self.W_o(KERNELS[self.kind](q, k, v, weights).reshape(x.shape))


class AttentionBlock(eqx.Module):
    """``x <- x + A(norm x)``, then ``x <- x + M(norm x)``: attention A and a pointwise network M, each normed before."""

    norm_attention: ChannelNorm
    attention: Callable[[Float[Array, "n width"], Float[Array, " n"]], Float[Array, "n width"]]
    norm_mixing: ChannelNorm
    mixing: PointwiseMLP

    def __init__(self, attention: Callable, width: int, hidden: int, *, key: PRNGKeyArray):
        self.attention = attention
        self.mixing = PointwiseMLP(width, hidden, width, key=key)
        self.norm_attention, self.norm_mixing = ChannelNorm(width), ChannelNorm(width)

    def __call__(self, x: Float[Array, "n width"], weights: Float[Array, " n"]) -> Float[Array, "n width"]:
        x = x + self.attention(self.norm_attention(x), weights)
        return x + self.mixing(self.norm_mixing(x))


def check_heads(width: int, heads: int) -> None:
    """Raise ``ValueError`` unless the heads share the channels evenly."""
    if heads < 1 or width % heads:
        raise ArgumentError(f"The heads share the channels evenly: width={width} is no multiple of heads={heads}.")
