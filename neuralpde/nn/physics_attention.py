"""Physics attention: attention among a few learned slices of the domain (Wu et al., ICML 2024, arXiv 2402.02366)."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .attention import check_heads, softmax_attention
from .pointwise import Pointwise


class PhysicsAttention(eqx.Module):
    """Points are gathered into G slices, the slices attend to each other, and hand back to the points.

    In each head, with the softmax over g:

    ``w_g(x) = softmax(W_s a(x) / tau)``, ``z_g = int w_g f dx / int w_g dx``, ``z' = softmax attention of z``,
    ``y(x) = sum_g w_g(x) z'_g``,

    where a and f are linear maps of the input. The integrals are sums with the quadrature weights of the points
    (equations 1-4 of the paper have weights of one), so it is one operator on grids and scattered points. W_s and
    the maps of the attention are shared by the heads, each head has its temperature tau. The cost is linear in the
    number of points.

    Raises ``ValueError`` where the heads do not divide the width.
    """

    W_a: Pointwise
    W_f: Pointwise
    W_s: Pointwise
    log_tau: Float[Array, " h"]
    W_q: Pointwise
    W_k: Pointwise
    W_v: Pointwise
    W_o: Pointwise

    def __init__(self, width: int, heads: int, slices: int, *, temperature: float = 0.5, key: PRNGKeyArray):
        check_heads(width, heads)
        c = width // heads
        keys = jax.random.split(key, 7)
        self.W_a, self.W_f = Pointwise(width, width, key=keys[0]), Pointwise(width, width, key=keys[1])
        # Orthogonal columns, so that the slices differ from the start.
        orthogonal = jax.nn.initializers.orthogonal()(keys[2], (c, slices))
        self.W_s = eqx.tree_at(lambda linear: linear.weight, Pointwise(c, slices, key=keys[2]), orthogonal)
        self.W_q, self.W_k, self.W_v = (Pointwise(c, c, use_bias=False, key=k) for k in keys[3:6])
        self.W_o = Pointwise(width, width, key=keys[6])
        self.log_tau = jnp.full(heads, jnp.log(temperature))

    def __call__(self, x: Float[Array, "n width"], weights: Float[Array, " n"]) -> Float[Array, "n width"]:
        heads = len(self.log_tau)
        a, f = (linear(x).reshape(len(x), heads, -1) for linear in (self.W_a, self.W_f))
        w = jax.nn.softmax(self.W_s(a) / jnp.exp(self.log_tau)[:, None], axis=-1)
        measure = w * weights.astype(w.dtype)[:, None, None]
        mass = jnp.sum(measure, axis=0).T[..., None]
        z = jnp.einsum("nhg,nhc->ghc", measure, f) / mass
        z = softmax_attention(self.W_q(z), self.W_k(z), self.W_v(z), jnp.ones(len(z), z.dtype))
        return self.W_o(jnp.einsum("nhg,ghc->nhc", w, z).reshape(x.shape))
