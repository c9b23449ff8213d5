"""Errors and speed of a trained operator on the test sets of a dataset."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree, Shaped

from neuralpde.data import Dataset
from neuralpde.operators import answer
from neuralpde.spaces import Field, Sample

from .metrics import METRICS, Metric, SampleError

Operator = Callable[..., Field]
Stacked = TypeVar("Stacked", bound=Any)

REFUSALS = (ValueError, TypeError)
"""What an operator raises on a grid that it cannot take; JAX's own shape errors are ``TypeError``."""


def evaluate_operator(
    operator: Operator,
    dataset: Dataset,
    batch_size: int = 16,
    metrics: Iterable[Metric] = tuple(METRICS.values()),
) -> dict[str, float]:
    """Every metric on every test set, with flat keys, and the inference speed.

    The first test set, at the training resolution, has the keys ``test/<metric>``; each other one
    ``test/<metric>@<label>``. ``test/samples_per_second`` is measured on the first. An operator answers
    natively at the grid of each test set; where it refuses a grid other than the first, its keys are left out
    and a warning repeats the reason.
    """
    metrics = tuple(metrics)
    results: dict[str, float] = {}
    for label, samples in dataset.test.items():
        suffix = key_suffix(dataset, label)
        try:
            errors = per_sample_errors(operator, samples, batch_size, {metric.error for metric in metrics})
        except REFUSALS as refusal:
            if not suffix:
                raise
            warnings.warn(f"The test set {label!r} is left out of the results: {refusal}", stacklevel=2)
            continue
        known = [metric for metric in metrics if metric.error.name in errors]
        results |= {f"test/{metric.name}{suffix}": metric(errors[metric.error.name]) for metric in known}
        if not suffix:
            results["test/samples_per_second"] = samples_per_second(operator, samples, batch_size)
    return results


def key_suffix(dataset: Dataset, label: str) -> str:
    """What follows the metric's name in a key: nothing for the first test set, ``@label`` for the others."""
    return "" if label == next(iter(dataset.test)) else f"@{label}"


def per_sample_errors(
    operator: Operator,
    samples: Sample,
    batch_size: int = 16,
    errors: Iterable[SampleError] = tuple({metric.error for metric in METRICS.values()}),
) -> dict[str, Shaped[np.ndarray, " sample"]]:
    """The error of each sample, by the name of the error, in the order of the samples.

    Batches have one shape (the last is filled up with repeated samples, whose errors are dropped), so each
    test grid is compiled once. Errors that are not defined where the targets live (derivatives on points) are
    left out.
    """
    _, targets = fields_of(samples)
    chosen = {error.name: error.function for error in errors if error.applies(targets.on)}
    parts = []
    for batch, count in batches_of(samples, batch_size):
        values = _errors(_apply(operator, batch), fields_of(batch)[1], chosen)
        parts.append(jax.tree.map(lambda a, n=count: a[:n], values))
    return {name: np.concatenate([np.asarray(part[name]) for part in parts]) for name in chosen}


def predict(operator: Operator, samples: Sample, batch_size: int = 16) -> Field:
    """Stacked predictions of the targets, arrays on the host."""
    fields_of(samples)
    parts = []
    for batch, count in batches_of(samples, batch_size):
        parts.append(jax.tree.map(lambda a, n=count: np.asarray(a)[:n], _apply(operator, batch)))
    return jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)


def samples_per_second(operator: Operator, samples: Sample, batch_size: int = 16, seconds: float = 0.2) -> float:
    """Inference throughput: compiled forward passes over one device-resident batch for at least ``seconds``.

    Compilation, the transfer to the device and the metrics are not counted.
    """
    fields_of(samples)
    batch, _ = next(batches_of(samples, batch_size))
    batch = jax.device_put(batch)
    size = _count(batch)
    jax.block_until_ready(_apply(operator, batch))
    calls, start = 0, time.perf_counter()
    while calls < 3 or time.perf_counter() - start < seconds:
        jax.block_until_ready(_apply(operator, batch))
        calls += 1
    return calls * size / (time.perf_counter() - start)


@eqx.filter_jit
def _apply(operator: Operator, batch: Sample) -> Field:
    return jax.vmap(lambda sample: answer(operator, sample))(batch)


@eqx.filter_jit
def _errors(
    predictions: Field, truths: Field, functions: Mapping[str, Callable[[Field, Field], Array]]
) -> dict[str, Float[Array, " batch"]]:
    return {name: jax.vmap(function)(predictions, truths) for name, function in functions.items()}


def _count(samples: PyTree) -> int:
    return jax.tree.leaves(samples)[0].shape[0]


def batches_of(samples: Stacked, batch_size: int) -> Iterator[tuple[Stacked, int]]:
    """Batches of one shape with the number of samples that count; the last repeats the last sample.

    Floating-point arrays get the default float, whatever the file held: that of the operator's parameters.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}.")
    total = _count(samples)
    size = min(batch_size, total)
    for start in range(0, total, size):
        index = np.minimum(np.arange(start, start + size), total - 1)
        yield jax.tree.map(lambda a, i=index: _default_float(a[i]), samples), min(size, total - start)


def _default_float(array: Shaped[Array | np.ndarray, ...]) -> Shaped[Array | np.ndarray, ...]:
    return array.astype(jnp.zeros((), float).dtype) if jnp.issubdtype(array.dtype, jnp.floating) else array


def fields_of(samples: Sample) -> tuple[Field, Field]:
    """Stacked inputs and targets; refuses trajectories and empty sets."""
    if not (isinstance(samples.inputs, Field) and isinstance(samples.targets, Field)):
        raise TypeError(
            f"Metrics of an operator compare fields with fields, got {type(samples.inputs).__name__} to "
            f"{type(samples.targets).__name__}; take one time of a trajectory."
        )
    if _count(samples) == 0:
        raise ValueError("The test set holds no samples; give it at least one.")
    return samples.inputs, samples.targets
