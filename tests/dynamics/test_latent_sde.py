"""Latent SDEs: what the encoder sees, bounds of the noise, missing values, and the stochastic Lorenz system."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuralpde.dynamics import LatentSDE, Method, solve_sde
from neuralpde.equations import StochasticLorenz

TIMES = np.linspace(0.0, 1.0, 6)


def small(key):
    return eqx.filter_jit(lambda key: LatentSDE(3, latent=2, context=4, hidden=8, noise=0.1, key=key))(key)


def test_context_knows_this_observation_and_later_ones(key):
    model, values = small(key), jax.random.normal(key, (6, 3))
    contexts = jax.jit(lambda values: model.contexts(values))
    before, after = contexts(values), contexts(values.at[2].add(1.0))
    np.testing.assert_array_equal(before[3:], after[3:])
    assert (np.abs(before[:3] - after[:3]).max(1) > 1e-6).all()


@pytest.mark.slow
def test_posterior_between_two_observations_looks_at_the_next(key):
    model = small(key)
    contexts = jnp.arange(6.0)[:, None] * jnp.ones(4)
    drift = lambda t: model._posterior(t, jnp.zeros(2), (jnp.asarray(TIMES), contexts))
    at = lambda i: model.posterior(jnp.concatenate([jnp.zeros(2), contexts[i]]))
    for t, following in ((0.0, 1), (0.19, 1), (0.2, 2), (1.0, 5)):
        np.testing.assert_allclose(drift(t), at(following), atol=1e-12)


@pytest.mark.slow
def test_noise_keeps_its_bounds_and_components_apart(key):
    model = small(key)
    g = lambda z: model._diffusion(0.0, z, None)
    extreme = jax.vmap(g)(jnp.asarray([[1e4, -1e4], [-1e4, 1e4], [0.0, 0.0]]))
    assert float(extreme.min()) >= 0.01 and float(extreme.max()) <= 1.0
    off_diagonal = jax.jacfwd(g)(jnp.asarray([0.3, -0.2])) * (1 - jnp.eye(2))
    np.testing.assert_array_equal(off_diagonal, 0.0)


@pytest.mark.slow
def test_missing_values_count_for_nothing(key):
    """With all of the series missing the bound is what the divergence takes; gradients stay numbers."""
    model, values = small(key), jax.random.normal(key, (6, 3))
    none = jnp.full_like(values, jnp.nan)
    bound = eqx.filter_jit(eqx.filter_value_and_grad(lambda m, x: m.elbo(TIMES, x, key=key)))
    path = jax.jit(lambda x: model(TIMES, x, key=key))(none)
    assert float(bound(model, none)[0]) == pytest.approx(-float(path.kl))
    _, slope = bound(model, values.at[2, 1].set(jnp.nan).at[0, 0].set(jnp.nan))
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(slope))
    # One entry is one normal density, around what the path says, and one more input of the encoder.
    seen = none.at[5, 2].set(0.4)
    path = jax.jit(lambda x: model(TIMES, x, key=key))(seen)
    density = jax.scipy.stats.norm.logpdf(0.4, path.means[5, 2], 0.1)
    assert float(bound(model, seen)[0]) == pytest.approx(float(density - path.kl))


def test_bounds_must_be_positive(key):
    with pytest.raises(ValueError, match="smallest=0"):
        LatentSDE(1, smallest=0.0, key=key)


def lorenz_paths(key, count: int, times):
    """From standard normal states, each component normalised."""
    equation, method = StochasticLorenz(), Method(diffrax.Euler(), substeps=10)

    def path(key):
        key_start, key_path = jax.random.split(key)
        start = jax.random.normal(key_start, (3,))
        return solve_sde(equation.drift, equation.diffusion, start, times, method, key=key_path).states

    paths = jax.jit(jax.vmap(path))(jax.random.split(key, count))
    return (paths - paths.mean((0, 1))) / paths.std((0, 1))


@pytest.mark.slow
def test_prior_learns_mean_and_spread_of_the_stochastic_lorenz_system():
    """Li et al. 2020, section 7.1, with fewer steps: paths of the prior have the marginals of the data."""
    times, steps, batch = np.linspace(0.0, 1.0, 41), 1000, 128
    values = lorenz_paths(jax.random.key(0), 1024, times).astype(jnp.float32)
    values = values + 0.01 * jax.random.normal(jax.random.key(5), values.shape, jnp.float32)
    model = jax.tree.map(
        lambda leaf: leaf.astype(jnp.float32) if eqx.is_inexact_array(leaf) else leaf,
        LatentSDE(3, latent=4, context=32, hidden=64, noise=0.1, key=jax.random.key(1)),
    )
    params, static = eqx.partition(model, eqx.is_inexact_array)
    optimizer = optax.adam(optax.exponential_decay(1e-2, 1, 0.997))

    def step(carry, i):
        params, state, key = carry
        key, key_rows, key_paths = jax.random.split(key, 3)
        rows = values[jax.random.randint(key_rows, (batch,), 0, len(values))]
        weight = jnp.minimum(i / (0.3 * steps), 1.0).astype(jnp.float32)

        def loss(params):
            elbo = lambda x, k: eqx.combine(params, static).elbo(times, x, key=k, kl_weight=weight)
            return -jnp.mean(jax.vmap(elbo)(rows, jax.random.split(key_paths, batch)))

        value, slope = jax.value_and_grad(loss)(params)
        update, state = optimizer.update(slope, state, params)
        return (optax.apply_updates(params, update), state, key), value

    start = (params, optimizer.init(params), jax.random.key(2))
    (params, _, _), losses = jax.jit(lambda c: jax.lax.scan(step, c, jnp.arange(steps)))(start)
    model = eqx.combine(params, static)
    drawn = jax.jit(jax.vmap(lambda k: model.sample(times, key=k).means))(jax.random.split(jax.random.key(3), 1024))
    # In units of the data's deviation, which is one over all times.
    mean_error = float(jnp.sqrt(jnp.mean((drawn.mean(0) - values.mean(0)) ** 2)))
    spread_error = float(jnp.sqrt(jnp.mean((drawn.std(0) - values.std(0)) ** 2)))
    print(f"loss {losses[0]:.4g} to {losses[-20:].mean():.4g}; mean {mean_error:.3f}, spread {spread_error:.3f}")
    assert mean_error < 0.15 and spread_error < 0.2
