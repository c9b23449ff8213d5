"""Optimisers whose parameters stay in a set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import optax


def projected(projection: Callable[[Any], Any]) -> optax.GradientTransformation:
    """Replaces an update by the one that leads to ``projection(parameters + update)``; the last of a chain.

    ``projection`` maps parameters to parameters of the same structure, such as `neuralpde.dynamics.clipped`. Raises
    ``ValueError`` where the optimiser is not given the parameters.
    """

    def update(updates, state, params=None):
        if params is None:
            raise ValueError("projected needs the parameters: call update(gradients, state, parameters).")
        moved = projection(jax.tree.map(lambda p, u: p + u, params, updates))
        return jax.tree.map(lambda new, old: new - old, moved, params), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)
