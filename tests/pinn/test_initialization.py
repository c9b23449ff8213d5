"""Least squares for last layers: against numpy, and exact where the answer is in the span of the features."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations.derivatives import laplacian
from neuralpde.nn import Chain, FourierFeatures, PeriodicFeatures, PirateNet, dense
from neuralpde.pinn import fit_head, fit_linear
from neuralpde.spaces import Axis, Box

pytestmark = pytest.mark.slow  # many small programs, each compiled


def test_a_pirate_net_starts_from_the_best_fit_of_its_embedding(key):
    features = FourierFeatures(2, 6, key=key)
    net = Chain(features, PirateNet(features.size, 2, blocks=1, key=key))
    x = jax.random.uniform(key, (40, 2))
    values = jnp.stack([x[:, 0] ** 2 * x[:, 1], jnp.exp(x[:, 0])], axis=-1)
    fitted = fit_head(net, x, values)
    basis = np.asarray(jax.vmap(features)(x))
    weight = np.linalg.lstsq(basis, np.asarray(values), rcond=None)[0].T
    np.testing.assert_allclose(fitted.head.weight, weight, atol=1e-8)
    np.testing.assert_allclose(jax.vmap(fitted)(x), basis @ weight.T, atol=1e-10)
    np.testing.assert_array_equal(fitted.parts[1].gates.U.weight, net.parts[1].gates.U.weight)


def test_a_linear_equation_is_solved_where_its_solution_is_in_the_span(key):
    """u'' = f with u(0) = 1 on the circle, in harmonics: four of them and a constant hold the solution."""
    box = Box((Axis("x", 0.0, 2.0, periodic=True),))
    features = PeriodicFeatures(box, 4)
    net = Chain(features, dense(features.size, 1, key=key))
    solution = lambda x: 1 + jnp.sin(3 * jnp.pi * x) - 0.5 * jnp.sin(jnp.pi * x)
    x = jnp.linspace(0, 2, 11)[:, None]

    def residuals(net):
        equation = jax.vmap(lambda y: laplacian(net, (0,))(y) - jax.grad(jax.grad(lambda s: solution(s)))(y[0]))(x)
        return jnp.concatenate([equation[:, 0], net(x[0]) - 1])

    fitted = fit_linear(net, lambda net: (net.head.weight, net.head.bias), residuals)
    fine = jnp.linspace(0, 2, 57)[:, None]
    np.testing.assert_allclose(jax.vmap(fitted)(fine)[:, 0], solution(fine[:, 0]), atol=1e-10)


def test_of_several_solutions_the_shortest_is_taken(key):
    net = dense(3, 1, use_bias=False, key=key)
    x = jnp.asarray([[1.0, 2.0, 2.0]])
    fitted = fit_linear(net, lambda net: net.weight, lambda net: jax.vmap(net)(x) - 9.0)
    np.testing.assert_allclose(fitted.weight, x, atol=1e-13)
