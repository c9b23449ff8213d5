"""Generators of paths: closed forms of constant coefficients, the Lipschitz projection, and a trained pair."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from dynamics.gan_training import Settings, adversaries, marginal_distance, process_paths

from neuralpde.dynamics import CDEDiscriminator, SDEGenerator, clipped, lipswish
from neuralpde.training import projected

TIMES = np.linspace(0.0, 1.0, 9)


def constant(field, values):
    """A field of networks that ignores time and state."""
    zero = jax.tree.map(lambda leaf: jnp.zeros_like(leaf) if eqx.is_inexact_array(leaf) else leaf, field.network)
    last = lambda net: net.layers[-1].bias
    field = eqx.tree_at(lambda f: f.network, field, eqx.tree_at(last, zero, jnp.arctanh(jnp.ravel(values))))
    return field if field.scale is None else eqx.tree_at(lambda f: f.scale, field, jnp.ones_like(field.scale))


def test_generator_of_constant_coefficients_is_a_brownian_motion_with_drift(key):
    mu, sigma = jnp.asarray([0.3, -0.2]), jnp.asarray([[0.5, 0.1, 0.0], [-0.3, 0.2, 0.4]])
    generator = SDEGenerator(1, hidden=2, noise=3, width=4, key=key)
    generator = eqx.tree_at(
        lambda g: (g.mu, g.sigma), generator, (constant(generator.mu, mu), constant(generator.sigma, sigma))
    )
    paths = jax.jit(jax.vmap(lambda k: generator(TIMES, key=k)))(jax.random.split(key, 6000))[..., 0]
    a = generator.readout.weight[0]
    increments = np.asarray(paths[:, -1] - paths[:, 2])
    variance = 0.75 * float(a @ sigma @ sigma.T @ a)
    assert increments.mean() == pytest.approx(0.75 * float(a @ mu), abs=4 * (variance / 6000) ** 0.5)
    assert increments.var() == pytest.approx(variance, rel=4 * (2 / 6000) ** 0.5)


def test_score_of_constant_coefficients_is_linear_in_the_path(key):
    f, g = jnp.asarray([0.3, -0.2]), jnp.asarray([[0.5], [-0.6]])
    score = CDEDiscriminator(1, hidden=2, width=4, key=key)
    score = eqx.tree_at(lambda s: (s.f, s.g), score, (constant(score.f, f), constant(score.g, g)))
    path = jax.random.normal(key, (len(TIMES), 1))
    h0 = score.xi(jnp.append(path[0], 0.0))
    expected = score.readout(2 * h0 + f + g @ (path[-1] - path[0]))[0]
    assert float(score(TIMES, path)) == pytest.approx(float(expected))


def test_lipswish_has_lipschitz_constant_one():
    slope = jax.vmap(jax.grad(lipswish))(jnp.linspace(-20.0, 20.0, 100001))
    assert 0.99 < float(jnp.abs(slope).max()) < 1.0


def test_projected_updates_stay_in_the_set_and_leave_others_alone(key):
    net = eqx.nn.MLP(3, 4, 5, 1, key=key)
    optimizer = optax.chain(optax.sgd(1.0), projected(clipped))
    params = eqx.filter(net, eqx.is_inexact_array)
    slope = jax.tree.map(lambda p: jax.random.normal(jax.random.key(p.size), p.shape), params)
    update, _ = optimizer.update(slope, optimizer.init(params), params)
    moved, free = optax.apply_updates(params, update), jax.tree.map(lambda p, s: p - s, params, slope)
    for layer, plain in zip(moved.layers, free.layers, strict=True):
        limit = 1 / layer.out_features
        np.testing.assert_allclose(layer.weight, np.clip(plain.weight, -limit, limit), atol=1e-15)
        np.testing.assert_allclose(layer.bias, plain.bias, atol=1e-15)
        assert float(jnp.abs(layer.weight).sum(0).max()) <= 1 + 1e-12
    with pytest.raises(ValueError, match="parameters"):
        optimizer.update(slope, optimizer.init(params))


@pytest.mark.slow
def test_generator_learns_a_process_whose_noise_grows():
    """Wasserstein-1 distance of the marginals, mean over the times, beside that of two samples of the data."""
    count, instants = 2048, np.arange(64.0)
    data, other = (process_paths(jax.random.key(i), count, instants) for i in (0, 1))
    mean, scale = data.mean(), data.std()
    values, times = ((data - mean) / scale).astype(jnp.float32), instants / 63
    distances = {}
    for name, steps in (("untrained", 1), ("trained", Settings().steps)):
        generator, _ = adversaries(values, times, Settings(steps=steps), jax.random.key(2))
        draw = jax.vmap(lambda k, generator=generator: generator(times, key=k))
        paths = jax.jit(draw)(jax.random.split(jax.random.key(3), count))
        distances[name] = float(marginal_distance(mean + scale * paths, data).mean())
    sampling = float(marginal_distance(data, other).mean())
    print(f"W1 {distances}, of two samples {sampling:.4f}, deviation of the data {float(scale):.3f}")
    assert distances["trained"] < 0.2 * distances["untrained"]
