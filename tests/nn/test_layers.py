"""Activations, networks, features, frozen arrays and normalisers."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.stats
from jax.test_util import check_grads

from neuralpde.nn import (
    FourierFeatures,
    Frozen,
    PeriodicFeatures,
    Pointwise,
    PointwiseMLP,
    Standardize,
    gelu,
    mlp,
    trainable,
)
from neuralpde.spaces import Box, Field, FunctionSpace


def test_gelu_is_x_times_the_normal_distribution():
    x = jnp.linspace(-6, 6, 41)
    np.testing.assert_allclose(gelu(x), x * scipy.stats.norm.cdf(x), atol=1e-14)


def test_gelu_derivatives_in_both_modes_to_second_order():
    check_grads(lambda x: gelu(jnp.asarray(x)), (jnp.linspace(-3, 3, 13),), order=2, modes=("fwd", "rev"))


def test_mlp_has_glorot_weights_and_zero_biases(key):
    net = mlp(400, 300, width=200, depth=2, key=key)
    assert [layer.weight.shape for layer in net.layers] == [(200, 400), (200, 200), (300, 200)]
    for layer in net.layers:
        variance = 2 / sum(layer.weight.shape)
        assert float(jnp.var(layer.weight)) == pytest.approx(variance, rel=0.05)
        assert not layer.bias.any()


def test_mlp_final_activation(key):
    net = mlp(2, 50, width=8, depth=1, final_activation=jax.nn.relu, key=key)
    assert float(jax.vmap(net)(jax.random.normal(key, (20, 2))).min()) == 0


def test_pointwise_maps_act_alike_at_every_point(key):
    net = PointwiseMLP(3, 8, 2, key=key)
    x = jax.random.normal(key, (5, 7, 3))
    np.testing.assert_allclose(net(x)[2, 4], net(x[2, 4]), atol=1e-14)
    linear = Pointwise(3, 2, use_bias=False, key=key)
    np.testing.assert_allclose(linear(2 * x), 2 * linear(x), atol=1e-14)


@pytest.mark.parametrize("harmonics", [1, 3])
def test_periodic_features_repeat_where_the_box_does(harmonics):
    box = Box.of(periodic=["x"], x=(1.0, 3.0), t=(0.0, 1.0))
    features = PeriodicFeatures(box, harmonics)
    x = jnp.asarray([1.3, 0.4])
    assert features(x).shape == (features.size,) == (2 * harmonics + 1,)
    np.testing.assert_allclose(features(x), features(x + jnp.asarray([2.0, 0.0])), atol=1e-12)
    assert not np.allclose(features(x), features(x + jnp.asarray([0.0, 0.5])))


def test_fourier_features_have_a_gaussian_kernel_on_average(key):
    features = FourierFeatures(2, 20_000, scale=0.3, key=key)
    x, y = jnp.asarray([0.2, 0.5]), jnp.asarray([0.6, 0.1])
    kernel = features(x) @ features(y) / 20_000
    expected = np.exp(-2 * (np.pi * 0.3) ** 2 * float(jnp.sum((x - y) ** 2)))
    assert float(kernel) == pytest.approx(expected, abs=0.02)


def test_optimisers_leave_frozen_arrays_alone(key):
    model = (Frozen({"mean": jnp.ones(3)}), jnp.ones(2), "static", jnp.arange(3))
    assert jax.tree.leaves(trainable(model)) == [False, True, False, False]
    params, rest = eqx.partition(model, trainable(model))
    optimizer = optax.adamw(0.1, weight_decay=0.5)
    updates, _ = optimizer.update(params, optimizer.init(params), params)
    moved = eqx.combine(optax.apply_updates(params, updates), rest)
    np.testing.assert_array_equal(moved[0].value["mean"], 1)
    assert not np.allclose(moved[1], 1)


@pytest.fixture
def fields(key):
    box = Box.cube(2)
    space = FunctionSpace(box, ("a", "b"))
    scale = jnp.asarray([3.0, 0.01])
    return Field.stack(5 + scale * jax.random.normal(key, (40, 8, 8, 2)), box.grid(8), space)


@pytest.mark.parametrize("per_point", [False, True])
def test_standardised_fields_have_zero_mean_and_unit_deviation(fields, per_point):
    normalizer = Standardize.fit(fields, per_point)
    encoded = jax.vmap(normalizer.encode)(fields)
    axes = 0 if per_point else (0, 1, 2)
    np.testing.assert_allclose(encoded.values.mean(axes), 0, atol=1e-8)
    np.testing.assert_allclose(encoded.values.std(axes), 1, atol=1e-8)
    np.testing.assert_allclose(jax.vmap(normalizer.decode)(encoded).values, fields.values, atol=1e-12)


def test_a_constant_channel_is_only_shifted(fields):
    constant = eqx.tree_at(lambda f: f.values, fields, jnp.full_like(fields.values, 7.0))
    encoded = jax.vmap(Standardize.fit(constant).encode)(constant)
    np.testing.assert_array_equal(encoded.values, 0)


def test_pointwise_statistics_serve_other_resolutions(fields):
    normalizer = Standardize.fit(fields, per_point=True)
    fine = fields.on.with_shape(16)
    u = Field(jnp.ones((16, 16, 2)), fine, fields.space)
    np.testing.assert_allclose(normalizer.decode(normalizer.encode(u)).values, 1, atol=1e-12)


def test_statistics_are_not_trained(fields):
    normalizer = Standardize.fit(fields)
    one = jax.tree.map(lambda a: a[0], fields)
    gradient = jax.grad(lambda n: n.encode(one).values.sum())(normalizer)
    assert all(not leaf.any() for leaf in jax.tree.leaves(gradient))
    assert not any(jax.tree.leaves(trainable(normalizer)))
