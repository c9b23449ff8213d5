"""The operator of a run: built from its configuration, described beside it, and given back by `load_run`."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray, PyTree

from neuralpde.data import Dataset, as_field
from neuralpde.nn import Standardize
from neuralpde.operators import AbstractFittedOperator, AbstractOperator
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Sample
from neuralpde.training.normalizers import NORMALIZERS, fitted_normalizer
from neuralpde.training.rollout_base import AbstractRolloutTask

from .building import SLOTS, build
from .learned import LearnedMap, learned_map, restored_map
from .refusal import UsageError, suggestion
from .run_folder import CHECKPOINTS, read_config
from .series_model import SERIES, load_series_model

OPERATOR = "operator.json"


def make_operator(config: Mapping[str, Any], dataset: Dataset, key: PRNGKeyArray, task: Any = None) -> AbstractOperator:
    """The model of ``config["model"]`` for the map that a task learns, with normalisers, and its own parts that are
    not trained, fitted to the training set.
    """
    learned = learned_map(dataset, task)
    build_model = build(config["model"], SLOTS["model"])
    network = _initialized(functools.partial(build_model, learned.network_source, learned.target, on=learned.on), key)
    chosen = check_normalization(config)
    if isinstance(task, AbstractRolloutTask):
        _refuse_fitted(network)
        return learned.operator(network, *task.normalizers(chosen["inputs"], chosen["targets"]))
    inputs = fitted_normalizer(chosen["inputs"], as_field(dataset.train.inputs))
    targets = fitted_normalizer(chosen["targets"], as_field(dataset.train.targets))
    return learned.operator(_fitted(network, inputs, targets, dataset.train), inputs, targets)


def load_run(folder: str | Path, checkpoint: str = "best") -> AbstractOperator | eqx.Module:
    """The trained operator of a run folder, normalisers included, or the model of time series.

    ``checkpoint`` is ``"best"`` (of the validation error; the last one where there was no validation) or
    ``"last"``. Nothing in the folder is executed: the configuration passes the list of allowed targets and
    the checkpoint holds arrays only. Raises `NeuralPDEError` where the folder holds no run, or one of
    another model.
    """
    from neuralpde.training import restore_model

    folder = Path(folder)
    if (folder / SERIES).is_file():
        return load_series_model(folder, checkpoint)
    skeleton = eqx.filter_eval_shape(lambda: _skeleton(read_config(folder), _read_map(folder)))
    return restore_model(folder / CHECKPOINTS, skeleton, which=checkpoint)


def places_of_run(folder: str | Path) -> tuple[AbstractDiscretization, AbstractDiscretization]:
    """Where the inputs and the targets of the training set of a run lived."""
    learned = _read_map(Path(folder))
    return learned.on, learned.target_on


def _skeleton(config: Mapping[str, Any], learned: LearnedMap) -> AbstractOperator:
    """An operator with the structure and shapes of the trained one."""
    build_model = build(config["model"], SLOTS["model"])
    network = build_model(learned.network_source, learned.target, on=learned.on, key=jax.random.key(0))
    chosen = check_normalization(config)
    inputs = _blank(chosen["inputs"], learned.on, learned.source)
    targets = _blank(chosen["targets"], learned.target_on, learned.target)
    blank = Sample(_zero(learned.on, learned.source), _zero(learned.target_on, learned.target))
    return learned.operator(_fitted(network, inputs, targets, blank), inputs, targets)


def _initialized(make: Callable[..., AbstractOperator], key: PRNGKeyArray) -> AbstractOperator:
    """The operator with all its random numbers drawn by one program, which is faster to compile than many."""
    static = None

    def arrays(key: PRNGKeyArray) -> PyTree[Array]:
        nonlocal static
        drawn, static = eqx.partition(make(key=key), eqx.is_array)
        return drawn

    # A program that runs once is best compiled without optimisation.
    options = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
    drawn = jax.jit(arrays).lower(key).compile(compiler_options=options)(key)
    return eqx.combine(drawn, static)


def _fitted(
    network: AbstractOperator, inputs: Standardize | None, targets: Standardize | None, samples: Sample
) -> AbstractOperator:
    """A network that has parts which are fitted to data, fitted to samples as it sees them within its normalisers."""
    if not isinstance(network, AbstractFittedOperator):
        return network
    seen = Sample(_encoded(inputs, as_field(samples.inputs)), _encoded(targets, as_field(samples.targets)))
    return network.fitted_to(seen)


def _refuse_fitted(network: AbstractOperator) -> None:
    if isinstance(network, AbstractFittedOperator):
        raise UsageError(
            f"{type(network).__name__} is fitted to pairs of functions; to step in time, train it with task=operator on a "
            "dataset of pairs (neuralpde.data.frames)."
        )


def _encoded(normalizer: Standardize | None, fields: Field) -> Field:
    return fields if normalizer is None else jax.vmap(normalizer.encode)(fields)


def _zero(on: AbstractDiscretization, space: FunctionSpace) -> Field:
    """One zero function, with the sample axis of a training set."""
    return jax.tree.map(lambda leaf: leaf[None], Field(jnp.zeros((*on.shape, space.channels)), on, space))


def check_normalization(config: Mapping[str, Any]) -> dict[str, str]:
    """The chosen normalisers of inputs and targets; raises `UsageError` for an unknown one."""
    chosen = {"inputs": "none", "targets": "none", **config.get("normalization", {})}
    for side, kind in chosen.items():
        if kind not in NORMALIZERS:
            raise UsageError(f"normalization.{side}={kind} is unknown. {suggestion(str(kind), NORMALIZERS, 'choices')}")
    return chosen


def _blank(kind: str, on: AbstractDiscretization, space: FunctionSpace) -> Standardize | None:
    if kind == "none":
        return None
    if kind == "channel":
        return Standardize(jnp.zeros(space.channels), jnp.ones(space.channels))
    values = jnp.ones((*on.shape, space.channels))
    return Standardize(Field(values, on, space), Field(values, on, space))


def _read_map(folder: Path) -> LearnedMap:
    path = folder / OPERATOR
    try:
        return restored_map(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path} does not describe the spaces of an operator ({type(error).__name__}: {error}); "
            "restore it, or train the run again."
        ) from error
