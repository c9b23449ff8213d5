"""Whether the terms of a residual loss pull the parameters the same way."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray

from .residual_renewal import ResidualView
from .residual_task import ResidualTask


def gradient_alignment(task: ResidualTask, model: Any, key: PRNGKeyArray) -> Float[Array, ""]:
    """``A = 2 |(1/N) sum_i g_i / |g_i||^2 - 1`` of the gradients g_i of the mean squares of the N conditions.

    1 where all point the same way, the cosine of their angle for N = 2, -1 where they cancel; weights of conditions have no
    influence. The points are those of the batch of step 0 with this ``key``. Conditions whose gradient vanishes have no
    direction and do not count; without any other the answer is not a number. A pure function, for inside jit.

    Wang, Bhartari, Li & Perdikaris, arXiv:2502.00604 (2025).
    """
    batch = task.start(model, key) if task.carries_batches else task.batches.batch(0, key)
    gradients = ResidualView(model, task.terms, batch.points).gradients().values()
    flat = jnp.stack([ravel_pytree(gradient)[0] for gradient in gradients])
    lengths = jnp.linalg.norm(flat, axis=1, keepdims=True)
    units = jnp.where(lengths > 0, flat / jnp.where(lengths > 0, lengths, 1.0), 0.0)
    mean = jnp.sum(units, axis=0) / jnp.sum(lengths > 0)
    return 2 * jnp.sum(mean**2) - 1
