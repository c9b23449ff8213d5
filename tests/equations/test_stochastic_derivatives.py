"""Estimates of second-order operators: without bias, with the variance of theory, exact where all axes are drawn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations.derivatives import laplacian
from neuralpde.equations.stochastic_derivatives import (
    axis_probes,
    sampled_laplacian,
    sampled_second_order,
    sign_probes,
)
from neuralpde.nn import mlp

pytestmark = pytest.mark.slow  # many small programs, each compiled

DIM, COUNT, DRAWS = 6, 2, 4000


@pytest.fixture
def net(key):
    return mlp(DIM, 2, width=8, depth=2, activation=jnp.tanh, key=key)


@pytest.fixture
def x(key):
    return jax.random.normal(key, (DIM,))


def mean_and_error(samples):
    return samples.mean(0), samples.std(0, ddof=1) / np.sqrt(len(samples))


@pytest.mark.parametrize("probes", [axis_probes, sign_probes])
def test_laplacian_is_estimated_without_bias(probes, net, x, key):
    keys = jax.random.split(key, DRAWS)
    estimate = lambda k: sampled_laplacian(net, k, COUNT, range(DIM), probes)(x)
    samples = np.asarray(jax.jit(jax.vmap(estimate))(keys))
    mean, error = mean_and_error(samples)
    exact = np.asarray(laplacian(net, range(DIM))(x))
    assert np.all(np.abs(mean - exact) < 4 * error)
    hessian = np.asarray(jax.hessian(net)(x))
    diagonal = np.diagonal(hessian, axis1=1, axis2=2)
    if probes is sign_probes:
        variance = 2 / COUNT * ((hessian**2).sum((1, 2)) - (diagonal**2).sum(1))
    else:
        # Of the mean of m of d numbers drawn without replacement, times d.
        variance = DIM**2 / COUNT * (DIM - COUNT) / (DIM - 1) * diagonal.var(1)
    np.testing.assert_allclose(samples.var(0), variance, rtol=0.15)


def test_second_order_operator_is_estimated_without_bias(net, x, key):
    sigma = jax.random.normal(key, (DIM, 3))
    exact = np.einsum("ir,jr,cij->c", sigma, sigma, jax.hessian(net)(x))
    keys = jax.random.split(key, DRAWS)
    samples = jax.jit(jax.vmap(lambda k: sampled_second_order(net, sigma, k, 1)(x)))(keys)
    mean, error = mean_and_error(np.asarray(samples))
    assert np.all(np.abs(mean - exact) < 4 * error)
    every = sampled_second_order(net, sigma, key, 3)(x)
    np.testing.assert_allclose(every, exact, atol=1e-12)


def test_all_axes_leave_no_error_and_time_is_not_space(net, x, key):
    found = sampled_laplacian(net, key, DIM - 1)(x)
    np.testing.assert_allclose(found, laplacian(net)(x), atol=1e-12)


def test_more_axes_than_there_are_is_refused(key):
    with pytest.raises(ValueError, match="From 3 axes 1 to 3 different ones"):
        axis_probes(key, 3, 4)


def test_the_work_does_not_grow_with_the_dimension(key):
    """m + 2 vectors through the hidden layers, in 10 dimensions as in 200."""
    width, points, count = 128, 16, 4

    def flops(dim):
        net = mlp(dim, 1, width=width, depth=3, activation=jnp.tanh, key=key)
        x = jnp.ones((points, dim))
        program = jax.jit(jax.vmap(sampled_laplacian(net, key, count, range(dim)))).lower(x).compile()
        first_layer = 2 * width * dim * (points + count)
        return program.cost_analysis()["flops"] - first_layer

    products = 2 * points * 2 * width**2 * (count + 2)
    assert 1 <= flops(10) / products < 1.2
    assert flops(200) / flops(10) < 1.05
