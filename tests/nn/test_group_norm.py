"""Normalisation of features against its definition, and what it makes of scales and constants."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import ChannelNorm, GroupNorm


def affine(norm, key):
    """The layer with other gamma and beta than ones and zeros."""
    values = jax.random.normal(key, (2, *norm.gamma.shape))
    return eqx.tree_at(lambda m: [m.gamma, m.beta], norm, list(values))


@pytest.mark.parametrize("groups", [1, 3, 6])
def test_group_norm_equals_its_definition(groups, key):
    norm = affine(GroupNorm(6, groups), key)
    x = 3 + 2 * jax.random.normal(key, (4, 5, 6))
    expected, size = np.zeros(x.shape), 6 // groups
    for g in range(groups):
        part = np.asarray(x)[..., g * size : (g + 1) * size]
        expected[..., g * size : (g + 1) * size] = (part - part.mean()) / np.sqrt(part.var() + 1e-5)
    np.testing.assert_allclose(norm(x), expected * norm.gamma + norm.beta, atol=1e-12)


def test_point_norm_equals_its_definition(key):
    norm = affine(ChannelNorm(6, eps=1e-6), key)
    x = np.asarray(3 + 2 * jax.random.normal(key, (4, 5, 6)))
    expected = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(norm(jnp.asarray(x)), expected * norm.gamma + norm.beta, atol=1e-12)


@pytest.mark.parametrize("norm", [GroupNorm(4), GroupNorm(4, 2), ChannelNorm(4)])
def test_scale_and_offset_of_the_input_are_forgotten(norm, key):
    x = jax.random.normal(key, (8, 4))
    np.testing.assert_allclose(norm(100 * x - 7), norm(100 * x), atol=1e-9)
    np.testing.assert_allclose(norm(1e3 * x), norm(1e4 * x), atol=1e-5)
    assert jnp.isfinite(jax.grad(lambda v: norm(v).sum())(jnp.ones((8, 4)))).all()


def test_derivatives_agree_in_both_modes_and_with_a_difference(key):
    norm, (x, dx, dy) = affine(GroupNorm(4), key), jax.random.normal(key, (3, 8, 4))
    _, pushed = jax.jvp(norm, (x,), (dx,))
    np.testing.assert_allclose(jnp.vdot(pushed, dy), jnp.vdot(dx, jax.vjp(norm, x)[1](dy)[0]), rtol=1e-10)
    np.testing.assert_allclose(pushed, (norm(x + 1e-6 * dx) - norm(x - 1e-6 * dx)) / 2e-6, atol=1e-7)


def test_unequal_groups_are_refused():
    with pytest.raises(ValueError, match="4 groups do not divide 6"):
        GroupNorm(6, 4)
