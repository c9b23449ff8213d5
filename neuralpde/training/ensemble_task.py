"""Training the members of an ensemble together: one compiled step for all of them."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from neuralpde.data import DeviceLoader
from neuralpde.data.loader import batch_indices
from neuralpde.operators import Ensemble

from .failures import TrainingArgumentError
from .task import Batches, Task


class EnsembleTask:
    """A task for a model that is an `Ensemble` (or holds one, within `Normalized`), member by member.

    The loss is the sum over members of the loss of ``task``: every member has the gradient that it would have alone.
    Each sees the training set in an order of its own; with ``bootstrap`` each also has a training set of its own, as
    many samples drawn from that of ``task`` with replacement. ``members`` is the size of the ensemble. Metrics are means
    over members; what ``task`` evaluates, and monitors, is the mean answer.

    The step of an optimiser that looks at an array as a whole (Muon, clipping by a norm) sees that of all members.
    Raises `TrainingArgumentError` for a size that is not the ensemble's, and for a bootstrap of batches that are not
    drawn from stored samples.
    """

    def __init__(self, task: Task, members: int, bootstrap: bool = False):
        if members < 1:
            raise TrainingArgumentError(f"members={members} trains nothing; give the size of the ensemble.")
        if bootstrap and not isinstance(task.batches, DeviceLoader):
            raise TrainingArgumentError(
                f"A bootstrap draws from stored samples, and this task makes its batches by {type(task.batches).__name__}; "
                "leave bootstrap off."
            )
        self._task, self._members = task, members
        self.batches = Bootstrapped(task.batches, members) if bootstrap else Ordered(task.batches, members)
        self.batch_size, self.monitor = task.batch_size, task.monitor

    def loss(self, model: Any, batch: PyTree, key: PRNGKeyArray) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The sum of the members' losses; ``member_loss`` is their mean."""
        self._check(model)

        def one(arrays, member_batch, member_key):
            return self._task.loss(_each_alone(eqx.combine(arrays, shared)), member_batch, member_key)

        stacked, shared = eqx.partition(model, _stacked(model))
        keys = jax.random.split(key, self._members)
        losses, metrics = jax.vmap(one, in_axes=(0, 1, 0))(stacked, batch, keys)
        return jnp.sum(losses), {"member_loss": jnp.mean(losses)} | jax.tree.map(jnp.mean, metrics)

    def evaluate(self, model: Any) -> dict[str, float]:
        """Measures of the mean answer."""
        return self._task.evaluate(model)

    def _check(self, model: Any) -> None:
        sizes = [node.size for node in jax.tree.leaves(model, is_leaf=_is_ensemble) if _is_ensemble(node)]
        if sizes != [self._members]:
            raise TrainingArgumentError(
                f"EnsembleTask with members={self._members} was given a model with "
                f"{f'ensembles of {sizes}' if sizes else 'no Ensemble'}; train one Ensemble, and state its size."
            )


class Ordered(eqx.Module):
    """The batches of another sampler, for each member in an order of its own: (batch, member, ...)."""

    batches: Batches
    members: int = eqx.field(static=True)

    def batch(self, step: Int[Array, ""], key: PRNGKeyArray) -> PyTree:
        keys = jax.random.split(key, self.members)
        return jax.vmap(lambda k: self.batches.batch(step, k), out_axes=1)(keys)


class Bootstrapped(eqx.Module):
    """Batches of as many draws with replacement as there are samples, others for each member: (batch, member, ...)."""

    loader: DeviceLoader
    members: int = eqx.field(static=True)

    def batch(self, step: Int[Array, ""], key: PRNGKeyArray) -> PyTree:
        rows = jax.vmap(lambda k: self._rows(step, k), out_axes=1)(jax.random.split(key, self.members))
        return jax.tree.map(lambda leaf: leaf[rows], self.loader.samples)

    def _rows(self, step: Int[Array, ""], key: PRNGKeyArray) -> Int[Array, " batch"]:
        key_drawn, key_order = jax.random.split(key)
        count = self.loader.count
        drawn = jax.random.randint(key_drawn, (count,), 0, count)
        return drawn[batch_indices(step, key_order, count, self.loader.batch_size)]


def _is_ensemble(node: Any) -> bool:
    return isinstance(node, Ensemble)


def _stacked(model: Any) -> PyTree:
    """For each leaf, whether it is an array with an axis of members."""

    def mark(node):
        return jax.tree.map(eqx.is_array, node) if _is_ensemble(node) else False

    return jax.tree.map(mark, model, is_leaf=_is_ensemble)


def _each_alone(model: Any) -> Any:
    """The model with its ensemble, of which one member is left, replaced by that member."""
    return jax.tree.map(lambda node: node.members if _is_ensemble(node) else node, model, is_leaf=_is_ensemble)
