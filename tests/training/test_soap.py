"""SOAP against Adam and against its equivariance under rotations."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from training.linear_regression import Linear, Regression, distance

from neuralpde.training import TrainingArgumentError, fit, soap
from neuralpde.training.soap import scale_by_soap

pytestmark = pytest.mark.slow  # many small programs, each compiled


def directions(gradients, **options):
    """What a stream of gradients (step, ...) is turned into."""
    method = scale_by_soap(**{"b1": 0.9, "b2": 0.8, "eps": 1e-12, "refresh": 2, "largest": 100, **options})

    def step(state, g):
        direction, state = method.update(g, state)
        return state, direction

    return jax.lax.scan(step, method.init(gradients[0]), gradients)[1]


def test_rotated_gradients_give_rotated_directions(key):
    """Rows of different sizes keep the eigenvalues apart, as bases need."""
    gradients = jax.random.normal(key, (6, 3, 3)) * jnp.asarray([1.0, 3.0, 9.0])[:, None]
    u, v = (np.linalg.qr(np.random.default_rng(i).normal(size=(3, 3)))[0] for i in range(2))
    plain, rotated = directions(gradients), directions(u @ gradients @ v.T)
    np.testing.assert_allclose(rotated, u @ plain @ v.T, atol=1e-8)
    assert float(jnp.abs(plain[1:]).min()) > 0 and not jnp.any(plain[0])


def test_vectors_and_long_sides_are_those_of_adam(key):
    """But for the first gradient, which makes the bases."""
    gradients = jax.random.normal(key, (5, 4, 3))
    adam = optax.scale_by_adam(0.9, 0.8, 1e-12)
    state, expected = adam.init(gradients[0]), []
    for g in gradients[1:]:
        direction, state = adam.update(g, state)
        expected.append(direction)
    np.testing.assert_allclose(directions(gradients, largest=2)[1:], jnp.stack(expected), rtol=1e-9)
    flat = directions(gradients.reshape(5, 12))[1:]
    np.testing.assert_allclose(flat, jnp.stack(expected).reshape(4, 12), rtol=1e-9)


def test_soap_finds_the_minimiser(key):
    fitted = fit(Linear(), Regression(), soap(800, 5e-2), steps=800, key=key, progress=False)
    assert distance(fitted.model) < 2e-3


def test_unusable_arguments_are_refused():
    with pytest.raises(TrainingArgumentError, match="refresh=0"):
        soap(10, refresh=0)
    with pytest.raises(TrainingArgumentError, match="real parameters"):
        soap(10).init(jnp.zeros((2, 2), complex))
