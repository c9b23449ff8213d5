"""What an optimiser tells of itself in its state, by the names of its fields."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, PyTree

LEARNING_RATE = "train/learning_rate"
TOLD = ("learning_rate", "damping")
"""Fields that are logged: the rate or length of the latest step, and the damping of a Gauss-Newton method."""


class KnownGradient(NamedTuple):
    """The gradient at the parameters that an update leads to, of the same batch; valid after the first update."""

    valid: Bool[Array, ""]
    gradient: PyTree


def told_by(state: Any) -> dict[str, Array]:
    """Metrics of the latest update: ``train/`` and the name of a field of `TOLD` that the state has.

    Found are the optimisers of this package and those made by ``optax.inject_hyperparams``.
    """
    found = {name: optax.tree.get_all_with_path(state, name) for name in TOLD}
    return {f"train/{name}": jnp.asarray(values[0][1], float) for name, values in found.items() if values}


def known_gradient(state: Any) -> KnownGradient | None:
    """What the state knows of the next gradient; None for an optimiser that searches no line."""
    found = optax.tree.get_all_with_path(state, "known_gradient")
    return found[0][1] if found else None
