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

from neuralpde.data import Dataset, as_field, describe, restore
from neuralpde.nn import Standardize
from neuralpde.operators import AbstractOperator, Normalized
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Points

from .building import SLOTS, build
from .refusal import UsageError, suggestion
from .run_folder import CHECKPOINTS, read_config

OPERATOR = "operator.json"
NORMALIZERS = ("none", "channel", "point")


def make_operator(config: Mapping[str, Any], dataset: Dataset, key: PRNGKeyArray) -> AbstractOperator:
    """The model of ``config["model"]`` between the dataset's spaces, with normalisers fitted to its
    training set.
    """
    model = functools.partial(build(config["model"], SLOTS["model"]), dataset.source, dataset.target, on=dataset.on)
    normalization = check_normalization(config)
    return _normalized(
        _initialized(model, key),
        _fitted(normalization["inputs"], as_field(dataset.train.inputs)),
        _fitted(normalization["targets"], as_field(dataset.train.targets)),
    )


def describe_operator(dataset: Dataset) -> dict[str, Any]:
    """What `load_run` needs beside configuration and checkpoint: the spaces, and where training fields
    live.
    """
    target_on = jax.tree.map(lambda leaf: leaf[0], as_field(dataset.train.targets).on)
    return {
        "source": describe(dataset.source),
        "target": describe(dataset.target),
        "on": _describe_place(dataset.on),
        "target_on": _describe_place(target_on),
    }


def load_run(folder: str | Path, checkpoint: str = "best") -> AbstractOperator:
    """The trained operator of a run folder, normalisers included.

    ``checkpoint`` is ``"best"`` (of the validation error; the last one where there was no validation) or
    ``"last"``. Nothing in the folder is executed: the configuration passes the list of allowed targets and
    the checkpoint holds arrays only. Raises `NeuralPDEError` where the folder holds no run, or one of
    another model.
    """
    from neuralpde.training import restore_model

    folder = Path(folder)
    skeleton = eqx.filter_eval_shape(lambda: _skeleton(read_config(folder), _read_description(folder)))
    return restore_model(folder / CHECKPOINTS, skeleton, which=checkpoint)


def places_of_run(folder: str | Path) -> tuple[AbstractDiscretization, AbstractDiscretization]:
    """Where the inputs and the targets of the training set of a run lived."""
    description = _read_description(Path(folder))
    return _restore_place(description["on"]), _restore_place(description["target_on"])


def _skeleton(config: Mapping[str, Any], description: Mapping[str, Any]) -> AbstractOperator:
    """An operator with the structure and shapes of the trained one."""
    source, target = restore(description["source"]), restore(description["target"])
    on, target_on = _restore_place(description["on"]), _restore_place(description["target_on"])
    model = build(config["model"], SLOTS["model"])(source, target, on=on, key=jax.random.key(0))
    normalization = check_normalization(config)
    return _normalized(
        model,
        _blank(normalization["inputs"], on, source),
        _blank(normalization["targets"], target_on, target),
    )


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


def _normalized(model: AbstractOperator, inputs: Standardize | None, targets: Standardize | None) -> AbstractOperator:
    return (
        model
        if inputs is None and targets is None
        else Normalized(operator=model, input_normalizer=inputs, output_normalizer=targets)
    )


def check_normalization(config: Mapping[str, Any]) -> dict[str, str]:
    """The chosen normalisers of inputs and targets; raises `UsageError` for an unknown one."""
    chosen = {"inputs": "none", "targets": "none", **config.get("normalization", {})}
    for side, kind in chosen.items():
        if kind not in NORMALIZERS:
            raise UsageError(f"normalization.{side}={kind} is unknown. {suggestion(str(kind), NORMALIZERS, 'choices')}")
    return chosen


def _fitted(kind: str, fields: Field) -> Standardize | None:
    if kind == "none":
        return None
    # Statistics are parameters of the model: of the default float, whatever the file held.
    fields = eqx.tree_at(lambda f: f.values, fields, jnp.asarray(fields.values, float))
    return Standardize.fit(fields, per_point=kind == "point")


def _blank(kind: str, on: AbstractDiscretization, space: FunctionSpace) -> Standardize | None:
    if kind == "none":
        return None
    if kind == "channel":
        return Standardize(jnp.zeros(space.channels), jnp.ones(space.channels))
    values = jnp.ones((*on.shape, space.channels))
    return Standardize(Field(values, on, space), Field(values, on, space))


def _read_description(folder: Path) -> dict[str, Any]:
    path = folder / OPERATOR
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {key: content[key] for key in ("source", "target", "on", "target_on")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} does not describe the spaces of an operator ({type(error).__name__}: {error}); "
            "restore it, or train the run again."
        ) from error


def _describe_place(on: AbstractDiscretization) -> dict[str, Any]:
    if not isinstance(on, Points):
        return describe(on)
    return {
        "type": "Points",
        "x": on.x.tolist(),
        "weights": on.w.tolist(),
        "mask": None if on.mask is None else on.mask.tolist(),
        "domain": describe(on.domain),
    }


def _restore_place(described: Mapping[str, Any]) -> AbstractDiscretization:
    if described.get("type") != "Points":
        return restore(described)
    return Points(described["x"], restore(described["domain"]), described["weights"], described["mask"])
