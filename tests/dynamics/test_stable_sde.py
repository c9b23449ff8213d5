"""Stable neural SDEs: the forms of their equations, and what these promise."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.dynamics import Method, StableSDE
from neuralpde.errors import ArgumentError
from neuralpde.spaces import IrregularSeries, control_path


@pytest.fixture
def series() -> IrregularSeries:
    return IrregularSeries(np.linspace(0, 2, 6), np.random.default_rng(1).normal(size=(6, 2)))


def made(form: str, **options) -> StableSDE:
    return StableSDE(2, 3, form=form, hidden=4, key=jax.random.key(0), **options)


def test_states_are_the_steps_of_euler_and_maruyama(series):
    for form in ("langevin", "linear_noise", "geometric", "naive"):
        model, path = made(form), control_path(series)
        states = jax.jit(lambda k, m=model, p=path: m.solve(p, k).states)(jax.random.key(1))
        h = 2 / 5
        z = states[:-1]
        times = path.knots[:-1]
        drift = jax.jit(jax.vmap(lambda t, z, m=model, p=path: m.drift(t, z, p)))(times, z)
        noise = jax.jit(jax.vmap(lambda t, z, m=model, p=path: m.diffusion(t, z, p)))(times, z)
        # What is left is the noise, the same increments for all forms, as they have one key.
        dw = jnp.where(noise == 0, jnp.nan, (states[1:] - z - h * drift) / jnp.where(noise == 0, 1, noise))
        if form == "langevin":
            first = dw
        both = ~jnp.isnan(dw) & ~jnp.isnan(first)
        assert both.sum() > 4
        np.testing.assert_allclose(dw[both], first[both], atol=1e-8)


def test_drift_of_langevins_form_knows_no_time_but_that_of_the_path(series):
    path, z = control_path(series), jnp.arange(4.0)
    standing = eqx.tree_at(lambda p: (p.pieces.b, p.pieces.c, p.pieces.d), path, replace_fn=jnp.zeros_like)
    standing = eqx.tree_at(lambda p: p.pieces.a, standing, jnp.ones_like(path.pieces.a))
    for form, changes in (("langevin", False), ("linear_noise", True)):
        rates = jax.jit(jax.vmap(lambda t, m=made(form): m.drift(t, z, standing)))(jnp.array([0.1, 1.7]))
        assert bool((rates[0] != rates[1]).any()) is changes


def test_noise_is_linear_in_the_state_where_it_says_so(series):
    path, z, t = control_path(series), jnp.arange(1.0, 5.0), jnp.array(0.7)
    for form, power in (("langevin", 0), ("linear_noise", 1), ("geometric", 0)):
        once, twice = (made(form).diffusion(t, c * z, path) for c in (1, 2))
        np.testing.assert_allclose(twice, 2**power * once, atol=1e-12)
        assert once.max() > 0


def test_geometric_form_has_the_mean_of_its_equation(series):
    """With constant gamma and sigma, E z(T) = z(0) exp(gamma T) whatever sigma, by Ito's correction."""
    model = made("geometric")
    gamma, sigma = jnp.array([0.3, -0.2, 0.1, 0.0]), jnp.array([0.4, 0.3, 0.2, 0.5])

    class Constant(eqx.Module):
        value: jax.Array

        def __call__(self, x):
            return self.value

    model = eqx.tree_at(lambda m: (m.drift_network, m.noise_network), model, (Constant(gamma), Constant(sigma)))
    path = control_path(series)
    keys = jax.random.split(jax.random.key(0), 40_000)
    logs = jax.jit(jax.vmap(lambda k: model.solve(path, k).states[-1]))(keys)
    mean = jnp.exp(logs - model.start(path)).mean(0)
    error = jnp.sqrt((jnp.exp(2 * sigma**2) - 1) / len(keys)) * jnp.exp(2 * gamma)
    assert (jnp.abs(mean - jnp.exp(2 * gamma)) < 4 * error).all()


@pytest.mark.slow
def test_naive_form_sees_the_first_value_alone(series):
    changed = IrregularSeries(series.times, series.values.at[1:].add(1.0))
    for form, sees in (("naive", False), ("langevin", True)):
        model = made(form)
        a, b = (jax.jit(lambda s, m=model: m(s, key=jax.random.key(1)))(s) for s in (series, changed))
        assert bool((a != b).any()) is sees


def test_finer_steps_converge_for_one_path_without_noise(series):
    """The drift alone, by Euler's method: errors fall with the first power of the step."""
    path, errors = control_path(series), []
    exact = None
    for substeps in (256, 8, 16):
        model = made("langevin", method=Method(diffrax.Euler(), substeps=substeps, statistics=False))
        still = eqx.tree_at(
            lambda m: m.noise_network.layers[-1], model, replace_fn=lambda x: jax.tree.map(jnp.zeros_like, x)
        )
        end = eqx.filter_jit(lambda m: m.solve(path, jax.random.key(0)).states[-1])(still)
        exact = end if exact is None else exact
        errors.append(float(jnp.abs(end - exact).max()))
    assert 1.8 < errors[1] / errors[2] < 2.4


def test_unknown_form_is_refused():
    with pytest.raises(ArgumentError, match="langevin, linear_noise, geometric, naive"):
        made("stable")
