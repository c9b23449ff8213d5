"""Learning an operator from pairs of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from neuralpde.data import Dataset, DeviceLoader
from neuralpde.operators import answer
from neuralpde.spaces import Field, Sample, mgno_h1, relative_h1, relative_l2

from .failures import TrainingArgumentError

Loss = Callable[[Field, Field], Float[Array, ""]]

LOSSES: dict[str, Loss] = {"mgno_h1": mgno_h1, "relative_h1": relative_h1, "relative_l2": relative_l2}
Stacked = TypeVar("Stacked", bound=Any)
DTYPES = ("bfloat16", "float16", "float32", "float64")


class OperatorTask:
    """Make the mean over the batch of ``loss(operator(u), truth)`` small.

    ``loss`` is a norm of `neuralpde.spaces` by name, or a function of one prediction and one truth. `evaluate` gives its
    mean and that of the relative L2 error over the validation set, and the latter is monitored. Without a validation
    set the first test set is measured, the keys start with ``test/``, and nothing is monitored: which model is best
    must not be decided by the data that judges it.

    ``compute`` is the dtype of the operator's arithmetic, such as ``"bfloat16"`` on accelerators; parameters, updates
    and losses stay in the default float. Raises `TrainingArgumentError` where a name is unknown.
    """

    def __init__(
        self,
        dataset: Dataset,
        loss: str | Loss = "relative_l2",
        batch_size: int = 16,
        compute: str | None = None,
    ):
        self.loss_name, self._loss = _named_loss(loss)
        if compute is not None and compute not in DTYPES:
            raise TrainingArgumentError(f"compute={compute!r} is unknown; choose one of {', '.join(DTYPES)}, or None.")
        self._compute = compute
        self.batch_size = batch_size
        self.batches = DeviceLoader(dataset.train, batch_size)
        split, samples = held_out_split(dataset)
        self._split = split
        self._held_out = None if samples is None else in_batches(samples, batch_size)
        self.monitor = "validation/relative_l2" if split == "validation" else None

    def loss(self, model: Any, batch: Sample, key: PRNGKeyArray) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The mean of the loss over a batch."""
        keys = jax.random.split(key, self.batch_size)
        predictions = jax.vmap(lambda s, k: predict(model, s, k, self._compute))(batch, keys)
        return jnp.mean(jax.vmap(self._loss)(predictions, batch.targets)), {}

    def evaluate(self, model: Any) -> dict[str, float]:
        """Means over the held-out set."""
        if self._held_out is None:
            return {}
        losses = {"relative_l2": relative_l2, self.loss_name: self._loss}
        samples, counts = self._held_out
        means = jax.device_get(_mean_losses(model, samples, counts, tuple(losses.values()), self._compute))
        return {f"{self._split}/{name}": float(mean) for name, mean in zip(losses, means, strict=True)}


def predict(model: Any, sample: Sample, key: PRNGKeyArray | None = None, compute: str | None = None) -> Field:
    """The operator's answer to the inputs of one sample, where the targets live, in the dtype of the targets.

    With ``compute``, every floating-point array of the model and the values of the input are cast to that dtype first.
    """
    if compute is not None:
        values = sample.inputs.values.astype(compute)
        model, sample = _cast(model, compute), eqx.tree_at(lambda s: s.inputs.values, sample, values)
    prediction = answer(model, sample, key)
    return eqx.tree_at(lambda f: f.values, prediction, prediction.values.astype(sample.targets.values.dtype))


def in_batches(samples: Stacked, batch_size: int) -> tuple[Stacked, Bool[Array, "batches batch"]]:
    """Stacked samples on the device as ``(batches, batch, ...)``, the last batch filled up with the last sample.

    Beside them which samples count. Floating-point arrays get the default float.
    """
    total = jax.tree.leaves(samples)[0].shape[0]
    batches = -(-total // batch_size)
    index = np.arange(batches * batch_size).reshape(batches, batch_size)

    def fold(leaf):
        folded = np.asarray(leaf)[np.minimum(index, total - 1)]
        return folded.astype(jnp.zeros((), float).dtype) if np.issubdtype(folded.dtype, np.floating) else folded

    return jax.device_put((jax.tree.map(fold, samples), index < total))


def batch_of(stacked: Stacked, index: Int[Array, ""] | int) -> Stacked:
    """One of the batches of `in_batches`."""
    return jax.tree.map(lambda leaf: leaf[index], stacked)


def _mean_losses(
    model: Any,
    samples: Sample,
    counts: Bool[Array, "batches batch"],
    losses: tuple[Loss, ...],
    compute: str | None,
) -> Float[Array, " losses"]:
    # The host drives the loop: it waits for nothing, and see `operators.loops`.
    sums = [_batch_sums(model, samples, counts, np.asarray(i), losses, compute) for i in range(len(counts))]
    return sum(sums[1:], sums[0]) / jnp.sum(counts)


@eqx.filter_jit
def _batch_sums(
    model: Any,
    samples: Sample,
    counts: Bool[Array, "batches batch"],
    index: Int[Array, ""],
    losses: tuple[Loss, ...],
    compute: str | None,
) -> Float[Array, " losses"]:
    batch, counted = batch_of((samples, counts), index)
    predictions = jax.vmap(lambda s: predict(model, s, None, compute))(batch)
    errors = jnp.stack([jax.vmap(loss)(predictions, batch.targets) for loss in losses])
    return jnp.sum(errors, axis=1, where=counted)


def _named_loss(loss: str | Loss) -> tuple[str, Loss]:
    if not isinstance(loss, str):
        return getattr(loss, "__name__", "loss"), loss
    if loss not in LOSSES:
        raise TrainingArgumentError(f"loss={loss!r} is unknown; choose one of {', '.join(LOSSES)}, or pass a function.")
    return loss, LOSSES[loss]


def held_out_split(dataset: Dataset) -> tuple[str, Sample | None]:
    """What is measured during training, and the prefix of its keys."""
    if dataset.validation is not None:
        return "validation", dataset.validation
    return "test", next(iter(dataset.test.values()), None)


def _cast(tree: PyTree, dtype: str) -> PyTree:
    def cast(leaf):
        return leaf.astype(dtype) if eqx.is_array(leaf) and jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

    return jax.tree.map(cast, tree)
