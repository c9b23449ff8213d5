"""The model of a run on time series: built from its configuration for series of a shape, and given back."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
from jaxtyping import PRNGKeyArray

from neuralpde.data.series import SeriesDataset
from neuralpde.training import SeriesTask, Trajectories, restore_model

from .building import SLOTS, build
from .refusal import UsageError
from .run_folder import CHECKPOINTS, read_config

SERIES = "series.json"


def shape_of(dataset: SeriesDataset, task: SeriesTask) -> dict[str, Any]:
    """What a model must know of a dataset: sizes. One of trajectories answers with its own channels."""
    return {
        "channels": dataset.channels,
        "outputs": None if isinstance(task.objective, Trajectories) else dataset.outputs,
        "statics": dataset.statics,
        "names": list(dataset.names),
        "classes": None if dataset.classes is None else list(dataset.classes),
    }


def make_model(config: Mapping[str, Any], shape: Mapping[str, Any], key: PRNGKeyArray) -> eqx.Module:
    """The model of ``config["model"]`` for series of this shape."""
    sizes = [shape["channels"]] if shape["outputs"] is None else [shape["channels"], shape["outputs"]]
    statics = {"statics": shape["statics"]} if shape["statics"] else {}
    return build(config["model"], SLOTS["model"])(*sizes, **statics, key=key)


def load_series_model(folder: Path, checkpoint: str) -> eqx.Module:
    """The trained model of a run folder; see `load_run`."""
    path, config = folder / SERIES, read_config(folder)
    try:
        shape = json.loads(path.read_text(encoding="utf-8"))
        skeleton = eqx.filter_eval_shape(functools.partial(make_model, config, shape, jax.random.key(0)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} does not describe series ({type(error).__name__}: {error}); restore it, or train the run again."
        ) from error
    return restore_model(folder / CHECKPOINTS, skeleton, which=checkpoint)
