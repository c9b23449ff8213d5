"""Continuous normalising flows: densities against closed forms, and traces against each other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.dynamics import ContinuousFlow, Method, bottleneck_trace, exact_trace, hutchinson_trace

KEY = jax.random.key(0)
FINE = Method(rtol=1e-8, atol=1e-8)
A = jnp.asarray([[-0.3, 2.0], [-1.0, 0.6]])


def linear(t, z, args):
    return A @ z + jnp.asarray([1.0, 0.0])


def linear_log_prob(x):
    """A linear field carries the standard normal density to N(m, E E^T): E = exp(A T), m = int exp(A s) b ds."""
    e = jax.scipy.linalg.expm(A)
    m = jnp.linalg.solve(A, (e - jnp.eye(2)) @ jnp.asarray([1.0, 0.0]))
    return jax.scipy.stats.multivariate_normal.logpdf(x, m, e @ e.T)


def test_log_likelihood_of_a_linear_flow_is_that_of_its_gaussian():
    flow = ContinuousFlow(2, field=linear, method=FINE, key=KEY)
    points = jax.random.normal(KEY, (4, 2))
    np.testing.assert_allclose(jax.vmap(flow.log_prob)(points), jax.vmap(linear_log_prob)(points), atol=1e-6)


@pytest.mark.slow
def test_density_of_a_network_integrates_to_one():
    flow = ContinuousFlow(2, widths=(8,), method=Method(rtol=1e-5, atol=1e-5), key=KEY)
    flow = jax.tree.map(lambda x: 2 * x if isinstance(x, jax.Array) else x, flow)
    axis = jnp.linspace(-8, 8, 41)
    grid = jnp.stack(jnp.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    density = jnp.exp(jax.jit(jax.vmap(flow.log_prob))(grid))
    np.testing.assert_allclose(density.sum() * (axis[1] - axis[0]) ** 2, 1.0, atol=2e-3)


@pytest.mark.slow
def test_samples_have_the_moments_of_the_density():
    flow = ContinuousFlow(2, field=linear, method=Method(rtol=1e-5), key=KEY)
    samples = jax.jit(jax.vmap(flow.sample))(jax.random.split(KEY, 4000))
    e = jax.scipy.linalg.expm(A)
    np.testing.assert_allclose(jnp.cov(samples.T), e @ e.T, rtol=0.12, atol=0.05)


@pytest.mark.slow
def test_what_is_carried_forward_comes_back_to_the_base():
    flow = ContinuousFlow(2, widths=(8, 8), method=FINE, key=KEY)
    z0 = jnp.asarray([0.4, -1.1])
    x = flow.carried(z0).last
    _, back = flow.evaluate(x)
    np.testing.assert_allclose(back.last[0], z0, atol=1e-6)


@pytest.mark.slow
def test_traces_agree_in_the_mean():
    """All signs of four components: the estimates' mean over them is the exact trace, and theirs is another function."""
    flow = ContinuousFlow(4, widths=(2, 5), key=KEY)
    z, t = jnp.asarray([0.3, -0.5, 1.0, 0.1]), 0.3
    f = lambda z: flow.field(t, z)
    _, expected = exact_trace(f, z)
    np.testing.assert_allclose(expected, jnp.trace(jax.jacobian(f)(z)), rtol=1e-12)
    signs = lambda n: jnp.asarray(list(np.ndindex(*[2] * n))) * 2.0 - 1
    whole = jax.vmap(lambda e: hutchinson_trace(f, z, e)[1])(signs(4))
    narrow = jax.vmap(
        lambda e: bottleneck_trace(lambda z: flow.field.narrow(t, z), lambda h: flow.field.widened(t, h), z, e)[1]
    )(signs(2))
    np.testing.assert_allclose([whole.mean(), narrow.mean()], expected, rtol=1e-10)
    assert float(jnp.ptp(whole)) > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("trace", ["hutchinson", "bottleneck"])
def test_estimated_likelihoods_are_near_the_exact_ones(trace):
    make = lambda trace: ContinuousFlow(3, widths=(2,), trace=trace, method=Method(rtol=1e-6), key=KEY)
    x = jnp.asarray([0.3, -0.5, 1.0])
    estimates = jax.jit(jax.vmap(lambda key: make(trace).log_prob(x, key)))(jax.random.split(KEY, 64))
    deviation = float(estimates.std()) / 8
    assert abs(float(estimates.mean() - make("exact").log_prob(x))) < 4 * deviation + 1e-5


def test_flows_that_cannot_work_are_refused():
    with pytest.raises(ValueError, match="end is positive"):
        ContinuousFlow(2, widths=(2,), end=-1.0, key=KEY)
    with pytest.raises(ValueError, match="ConcatSquashField"):
        ContinuousFlow(2, trace="bottleneck", field=linear, key=KEY)
    with pytest.raises(ValueError, match="pass key="):
        ContinuousFlow(2, widths=(2,), trace="hutchinson", key=KEY).log_prob(jnp.zeros(2))
