"""``neuralpde train``: from a configuration to a run folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import equinox as eqx
import jax

from neuralpde.data import Dataset
from neuralpde.data.series import SeriesDataset
from neuralpde.training import PhaseEnd, fit

from .assessment import assess
from .building import SLOTS, build, check_slots
from .learned import learned_map
from .operator import OPERATOR, check_normalization, make_operator
from .refusal import UsageError
from .run_folder import PHASES, open_run, write_json


def train(config: Mapping[str, Any], folder: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """Train and evaluate; returns the results and the objects (dataset, operator, fit result) for inspection.

    ``config`` is plain data with the keys of `TrainConfig`. Everything about the run is in ``folder``
    afterwards.
    """
    check_slots(config)
    check_normalization(config)
    open_run(folder, config)
    key_model, key_fit = jax.random.split(jax.random.key(config["seed"]))
    dataset = make_dataset(config)
    if isinstance(dataset, SeriesDataset):
        from .series import train_series

        return train_series(config, folder, dataset)
    task = build(config["task"], SLOTS["task"])(dataset)
    operator = make_operator(config, dataset, key_model, task)
    write_json(folder / OPERATOR, learned_map(dataset, task).described())
    trainer = dict(config["trainer"])
    optimizer = build(config["optimizer"], SLOTS["optimizer"])(steps=trainer["steps"])
    fitted = fit(operator, task, optimizer, **trainer, key=key_fit, folder=folder, resume=config["resume"])
    write_phases(folder, fitted.phases)
    trained = {
        "model/parameters": count_parameters(operator),
        "train/steps": fitted.steps,
        "train/seconds": fitted.seconds,
        "train/samples_per_second": fitted.samples_per_second,
    }
    results = assess(fitted.best_model, dataset, folder, config, trained)
    return results, {"dataset": dataset, "operator": fitted.best_model, "fit": fitted}


def make_dataset(config: Mapping[str, Any]) -> Dataset | SeriesDataset:
    """The dataset of ``config["dataset"]``, generated or read."""
    dataset = build(config["dataset"], SLOTS["dataset"])
    if not isinstance(dataset, Dataset | SeriesDataset):
        raise UsageError(f"dataset gives a {type(dataset).__name__}, not a Dataset; `neuralpde list` names those.")
    return dataset


def write_phases(folder: Path, phases: Sequence[PhaseEnd]) -> None:
    """``phases.json``: the steps of every phase, and in words why one stopped early; nothing for one without a story."""
    if len(phases) > 1 or any(end.reason is not None for end in phases):
        write_json(folder / PHASES, {"phases": [dataclasses.asdict(end) for end in phases]})


def count_parameters(operator: eqx.Module) -> int:
    """Number of trainable scalars."""
    from neuralpde.nn import trainable

    parameters = eqx.filter(operator, trainable(operator))
    return sum(leaf.size for leaf in jax.tree.leaves(parameters))
