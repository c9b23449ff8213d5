"""Attention as an integral: loops over the formulas, duplicated points, order of convergence."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order

from neuralpde.nn import ChannelNorm, MultiHeadAttention, PhysicsAttention, galerkin_attention, softmax_attention

WIDTH, HEADS = 6, 2


def smooth_channels(x):
    return jnp.stack([jnp.cos((1 + 0.3 * i) * x + i) for i in range(WIDTH)], axis=-1)


def trapezoid(n):
    x = jnp.linspace(0, 1, n)
    return x, jnp.full(n, 1 / (n - 1)).at[jnp.array([0, -1])].mul(0.5)


def layers(key):
    return {
        "softmax": MultiHeadAttention(WIDTH, HEADS, key=key),
        "galerkin": MultiHeadAttention(WIDTH, HEADS, "galerkin", key=key),
        "physics": PhysicsAttention(WIDTH, HEADS, 4, key=key),
    }


KINDS = pytest.mark.parametrize("kind", ["softmax", "galerkin", "physics"])
apply = jax.jit(lambda layer, x, weights: layer(x, weights))


def test_softmax_attention_is_its_formula(key):
    q, k, v, d = (np.asarray(jax.random.normal(s, (5, 3))) for s in jax.random.split(key, 4))
    weights = np.abs(d[:, 0])
    expected = np.zeros((5, 3))
    for i in range(5):
        e = [np.exp(q[i] @ k[j] / np.sqrt(3)) * weights[j] for j in range(5)]
        expected[i] = sum(e[j] * v[j] for j in range(5)) / sum(e)
    np.testing.assert_allclose(jax.jit(softmax_attention)(q, k, v, weights), expected, atol=1e-13)


def test_galerkin_attention_is_its_formula(key):
    q, k, v, d = (np.asarray(jax.random.normal(s, (5, 3))) for s in jax.random.split(key, 4))
    weights = np.abs(d[:, 0])
    expected = [sum(weights[j] * (q[i] @ k[j]) * v[j] for j in range(5)) / weights.sum() for i in range(5)]
    np.testing.assert_allclose(jax.jit(galerkin_attention)(q, k, v, weights), expected, atol=1e-13)


def test_heads_attend_each_to_its_own_channels(key):
    layer, (x, weights) = layers(key)["softmax"], (jax.random.normal(key, (5, WIDTH)), jnp.arange(1.0, 6.0))
    q, k, v = (np.asarray(x @ f.weight + f.bias) for f in (layer.W_q, layer.W_k, layer.W_v))
    heads = []
    for part in (slice(0, 3), slice(3, 6)):
        e = np.exp(q[:, part] @ k[:, part].T / np.sqrt(3)) * np.asarray(weights)
        heads.append(e @ v[:, part] / e.sum(1, keepdims=True))
    expected = np.concatenate(heads, axis=1) @ np.asarray(layer.W_o.weight)
    np.testing.assert_allclose(apply(layer, x, weights), expected, atol=1e-13)


def test_physics_attention_is_its_formula(key):
    layer = layers(key)["physics"]
    x, weights = np.asarray(jax.random.normal(key, (7, WIDTH))), np.arange(1.0, 8.0)
    w = lambda f: np.asarray(f.weight)
    a, f = x @ w(layer.W_a), x @ w(layer.W_f)
    heads = []
    for part in (slice(0, 3), slice(3, 6)):
        logits = a[:, part] @ w(layer.W_s) / 0.5
        share = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        z = np.zeros((4, 3))
        for g in range(4):
            mass = weights * share[:, g]
            z[g] = sum(mass[i] * f[i, part] for i in range(7)) / mass.sum()
        q, k, v = z @ w(layer.W_q), z @ w(layer.W_k), z @ w(layer.W_v)
        e = np.exp(q @ k.T / np.sqrt(3))
        heads.append(share @ (e @ v / e.sum(1, keepdims=True)))
    expected = np.concatenate(heads, axis=1) @ w(layer.W_o)
    np.testing.assert_allclose(apply(layer, x, weights), expected, atol=1e-13)


@KINDS
def test_a_point_given_twice_with_half_its_weight_changes_nothing(kind, key):
    layer = layers(key)[kind]
    x, weights = jax.random.normal(key, (6, WIDTH)), jnp.arange(1.0, 7.0)
    twice = jnp.concatenate([x, x[2:3]])
    halves = jnp.concatenate([weights.at[2].mul(0.5), weights[2:3] / 2])
    np.testing.assert_allclose(apply(layer, twice, halves)[:6], apply(layer, x, weights), atol=1e-13)


@KINDS
def test_points_without_weight_are_not_seen(kind, key):
    layer = layers(key)[kind]
    x, weights = jax.random.normal(key, (6, WIDTH)), jnp.arange(1.0, 7.0)
    padded = jnp.concatenate([x, jnp.full((1, WIDTH), 50.0)])
    seen = apply(layer, padded, jnp.append(weights, 0.0))
    np.testing.assert_allclose(seen[:6], apply(layer, x, weights), atol=1e-12)


@KINDS
def test_attention_converges_with_the_order_of_the_quadrature(kind, key):
    layer, values = layers(key)[kind], []
    for n in (9, 17, 33):
        x, weights = trapezoid(n)
        values.append(apply(layer, smooth_channels(x), weights)[:: (n - 1) // 8])
    errors = [float(jnp.abs(a - b).max()) for a, b in itertools.pairwise(values)]
    assert observed_order(errors) == pytest.approx(2, abs=0.1)


def test_large_scores_do_not_overflow():
    q = jnp.full((3, 2), 100.0)
    y = softmax_attention(q, q, jnp.arange(3.0)[:, None], jnp.ones(3))
    np.testing.assert_allclose(y, 1.0)


def test_channel_norm_gives_channels_mean_zero_and_variance_one(key):
    y = ChannelNorm(64, eps=0.0)(3 + 5 * jax.random.normal(key, (4, 64)))
    np.testing.assert_allclose(jnp.mean(y, -1), 0, atol=1e-12)
    np.testing.assert_allclose(jnp.var(y, -1), 1, atol=1e-12)


def test_unknown_kinds_and_heads_that_do_not_fit_are_refused(key):
    with pytest.raises(ValueError, match="one of 'softmax', 'galerkin'; got 'linear'"):
        MultiHeadAttention(6, 2, "linear", key=key)
    for build in (lambda: MultiHeadAttention(6, 4, key=key), lambda: PhysicsAttention(6, 4, 3, key=key)):
        with pytest.raises(ValueError, match="width=6 is no multiple of heads=4"):
            build()
