"""A physics-informed network by second-order methods: -u'' = f on (0, 1), u = 0 at both ends, in double precision."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.training import Phase, Phases, adam, fit, levenberg_marquardt, natural_gradient, ssbroyden

pytestmark = pytest.mark.slow  # many small programs, each compiled

WIDTH = 12


class Network(eqx.Module):
    """One layer of tanh; x -> u."""

    a: jax.Array
    b: jax.Array
    c: jax.Array
    d: jax.Array

    def __init__(self, key):
        keys = jax.random.split(key, 3)
        self.a, self.b = 3 * jax.random.normal(keys[0], (WIDTH,)), jax.random.normal(keys[1], (WIDTH,))
        self.c, self.d = jax.random.normal(keys[2], (WIDTH,)) / WIDTH**0.5, jnp.zeros(())

    def __call__(self, x):
        return self.c @ jnp.tanh(self.a * x + self.b) + self.d


class Fixed(eqx.Module):
    """The same points in every step."""

    def batch(self, step, key):
        return jnp.linspace(0, 1, 40)


def exact(x):
    return jnp.sin(jnp.pi * x) + 0.3 * jnp.sin(2 * jnp.pi * x)


class Poisson:
    """Mean square of the residual, and 100 times that of the values at the ends."""

    batches, batch_size, monitor = Fixed(), 40, None

    def residuals(self, model, batch, key):
        def inside(x):
            slope = jax.grad(model)
            return jax.grad(slope)(x) + (jnp.pi**2 * (exact(x) + 0.9 * jnp.sin(2 * jnp.pi * x)))

        ends = 10 * jax.vmap(model)(jnp.asarray([0.0, 1.0])) / 2**0.5
        return jnp.concatenate([jax.vmap(inside)(batch) / len(batch) ** 0.5, ends])

    def loss(self, model, batch, key):
        return jnp.sum(self.residuals(model, batch, key) ** 2), {}

    def evaluate(self, model):
        return {}


def error(model):
    """Relative L2 error."""
    x = jnp.linspace(0, 1, 401)
    return float(jnp.linalg.norm(jax.vmap(model)(x) - exact(x)) / jnp.linalg.norm(exact(x)))


def train(optimizer, steps, key):
    return fit(Network(key), Poisson(), optimizer, steps=steps, key=key, steps_per_call=50, progress=False)


def test_levenberg_marquardt_reaches_what_adam_does_not(key):
    """300 steps against 3000 of Adam, which cost more: a step of 37 parameters makes a Jacobian of 37 columns."""
    second, first = train(levenberg_marquardt(300), 300, key), train(adam(3000, 1e-2), 3000, key)
    assert error(second.model) < 1e-6
    assert error(first.model) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "bound"),
    [
        (natural_gradient(300, damping=1e-10), 1e-6),
        (Phases(3000, [Phase(adam(500, 1e-2), 500), Phase(ssbroyden)]), 1e-5),
    ],
    ids=["natural_gradient", "adam, ssbroyden"],
)
def test_other_methods_reach_their_errors(optimizer, bound, key):
    steps = 3000 if isinstance(optimizer, Phases) else 300
    assert np.isfinite(error(Network(key))) and error(train(optimizer, steps, key).model) < bound
