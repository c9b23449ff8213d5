"""A task with a known minimiser: least squares on exact data, sampled anew at every step."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

SLOPES = np.array([[1.0, -2.0], [0.5, 3.0], [-1.5, 0.25]])
OFFSET = np.array([0.3, -0.7])


class Linear(eqx.Module):
    weight: jax.Array
    bias: jax.Array

    def __init__(self, rows: int = 3):
        self.weight, self.bias = jnp.zeros((rows, 2)), jnp.zeros(2)

    def __call__(self, x):
        return x @ self.weight + self.bias


class Cloud(eqx.Module):
    """Stored points; the batch of a step is drawn from them."""

    x: jax.Array
    y: jax.Array
    batch_size: int = eqx.field(static=True)

    def batch(self, step, key):
        index = jax.random.choice(jax.random.fold_in(key, step), len(self.x), (self.batch_size,), replace=False)
        return self.x[index], self.y[index]


class Regression:
    """Mean squared error of ``y = x W + b``; ``poison`` is the step at which a loss becomes NaN."""

    monitor = "validation/error"

    def __init__(self, batch_size: int = 16, poison: int | None = None, noise: float = 0.0):
        x = np.random.default_rng(0).normal(size=(64, 3))
        self.batches = Cloud(jnp.asarray(x), jnp.asarray(x @ SLOPES + OFFSET), batch_size)
        self.batch_size, self.poison, self.noise = batch_size, poison, noise
        self.evaluated = 0

    def loss(self, model, batch, key):
        x, y = batch
        error = model(x) - y + self.noise * jax.random.normal(key, y.shape)
        loss = jnp.mean(error**2)
        return loss, {"largest": jnp.max(jnp.abs(error))}

    def evaluate(self, model):
        self.evaluated += 1
        return {"validation/error": distance(model)}


def distance(model) -> float:
    """How far a model is from the minimiser."""
    weight, bias = jax.device_get((model.weight, model.bias))
    return float(np.sqrt(np.sum((weight - SLOPES) ** 2) + np.sum((bias - OFFSET) ** 2)))
