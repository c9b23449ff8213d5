"""Learning an operator from its equation: with few labelled pairs, or with none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.data import Dataset
from neuralpde.operators import AbstractOperator
from neuralpde.spaces import AbstractPrior, Field, Sample

from .failures import TrainingArgumentError
from .operator_task import Loss, OperatorTask
from .physics import AbstractPhysics, check_names


class PhysicsInformedTask:
    """Make ``data * (mean of loss) + sum of weight * (mean of term)`` over a batch small.

    ``terms`` say what the equation and its conditions demand of the answers (`PointwiseResidual`, `SideConditions`,
    `InitialState`, `EvolutionResidual`, `EllipticResidual`). With ``data=0``, the default, no target of the training
    set is looked at; validation and test sets are measured, and monitored, as by `OperatorTask`. Inputs of the terms are
    those of the training set, at their parameters, or with ``inputs`` new draws of a prior in every step, sampled where
    those of the training set are.

    Terms are logged by their names, without weights. Raises `TrainingArgumentError` where terms cannot be used.
    """

    def __init__(
        self,
        dataset: Dataset,
        terms: Sequence[AbstractPhysics],
        data: float | int = 0.0,
        inputs: AbstractPrior | None = None,
        loss: str | Loss = "relative_l2",
        batch_size: int = 16,
    ):
        check_names(terms)
        if inputs is not None and (inputs.space.domain, inputs.space.channels) != (
            dataset.source.domain,
            dataset.source.channels,
        ):
            raise TrainingArgumentError(
                f"inputs draws functions {inputs.space.names} on {inputs.space.domain}, those of the dataset are "
                f"{dataset.source.names} on {dataset.source.domain}; choose a prior on that domain."
            )
        self._supervised = OperatorTask(dataset, loss, batch_size)
        self._terms, self._data, self._inputs = tuple(terms), data, inputs
        self.batches, self.batch_size = self._supervised.batches, batch_size
        self.monitor = self._supervised.monitor

    def loss(self, model: Any, batch: Sample, key: PRNGKeyArray) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The weighted sum, and each of its terms."""
        key_data, key_terms = jax.random.split(key)
        keys = jax.random.split(key_terms, self.batch_size)
        values = jax.vmap(lambda sample, k: self._physics(model, sample, k))(batch, keys)
        terms = {name: jnp.mean(value) for name, value in values.items()}
        total = sum((term.weight * terms[term.name] for term in self._terms), jnp.zeros(()))
        if self._data:
            terms["data"], _ = self._supervised.loss(model, batch, key_data)
            total = total + self._data * terms["data"]
        return total, terms

    def evaluate(self, model: Any) -> dict[str, float]:
        """Errors on the held-out set."""
        return self._supervised.evaluate(model)

    def _physics(self, model: AbstractOperator, sample: Sample, key: PRNGKeyArray) -> dict[str, Float[Array, ""]]:
        key_input, *keys = jax.random.split(key, len(self._terms) + 1)
        u, operator = sample.inputs, model.given(sample.parameters)
        if self._inputs is not None:
            u = Field(self._inputs.sample(key_input, u.on).values, u.on, u.space)
        return {term.name: term(operator, u, sample.targets.on, k) for term, k in zip(self._terms, keys, strict=True)}
