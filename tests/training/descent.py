"""Optimisers on functions of a vector, without `fit`."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from neuralpde.training.stopping import StopReason, stop_reason


def minimise(optimizer, x, steps, value=None, residuals=None):
    """Iterates (steps + 1, n) up to a stop, its reason, and the last state; the loss is that of the residuals if given."""
    value = value or (lambda x: jnp.sum(residuals(x) ** 2))

    @jax.jit
    def step(x, state):
        loss, g = jax.value_and_grad(value)(x)
        update, state = optimizer.update(g, state, x, value=loss, grad=g, value_fn=value, residual_fn=residuals)
        return optax.apply_updates(x, update), state, stop_reason(state)

    x, state, iterates, reason = jnp.asarray(x), optimizer.init(jnp.asarray(x)), [np.asarray(x)], StopReason.NONE
    while len(iterates) <= steps and reason == StopReason.NONE:
        x, state, reason = step(x, state)
        iterates.append(np.asarray(x))
    return np.stack(iterates), StopReason(int(reason)), state


def rosenbrock_residuals(x):
    """Zero at (1, 1)."""
    return jnp.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def rosenbrock(x):
    return jnp.sum(rosenbrock_residuals(x) ** 2)
