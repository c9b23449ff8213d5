"""Batches of collocation points: drawn anew on the device, or held for some steps."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from neuralpde.pinn import Balanced, Collocation, Term


class ResidualBatch(eqx.Module):
    """The points of every condition and the weights of their mean squares, by the names of the conditions.

    A weight is one number, or one number a point.
    """

    points: dict[str, Collocation]
    weights: dict[str, Float[Array, ...]]


class CarriedBatch(ResidualBatch):
    """A batch that comes from the one before it, looked at last at ``step``; ``balanced`` is what the scheme of weights
    carries along."""

    step: Int[Array, ""]
    balanced: Balanced | None = None


class CollocationBatches(eqx.Module):
    """The batch of any step, a pure function of step and key: new points every ``every`` steps, for None never."""

    terms: dict[str, Term]
    weights: dict[str, float]
    every: int | None = eqx.field(static=True)

    def batch(self, step: Int[Array, ""] | int, key: PRNGKeyArray) -> ResidualBatch:
        """The points of ``step``."""
        drawn = jnp.asarray(0 if self.every is None else step // self.every)
        keys = jax.random.split(jax.random.fold_in(key, drawn), len(self.terms))
        points = {name: term.points(k) for (name, term), k in zip(self.terms.items(), keys, strict=True)}
        return ResidualBatch(points, {name: jnp.asarray(weight, float) for name, weight in self.weights.items()})
