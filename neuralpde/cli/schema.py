"""Types of the configuration's stable parts; Hydra refuses an unknown key or a value of another type there.

Models, datasets and optimisers stay open: their arguments are checked against their constructors
(`building`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, get_type_hints

from omegaconf import MISSING

from .refusal import UsageError, suggestion


@dataclasses.dataclass
class OperatorTaskConfig:
    """Learn a map between functions from pairs."""

    _target_: str = "neuralpde.training.OperatorTask"
    _partial_: bool = True
    loss: Any = "relative_l2"
    batch_size: int = 16


@dataclasses.dataclass
class PhysicsInformedTaskConfig:
    """Learn a map between functions from its equation; ``inputs`` is a prior of further inputs."""

    _target_: str = "neuralpde.training.PhysicsInformedTask"
    _partial_: bool = True
    terms: Any = MISSING
    data: float = 0.0
    inputs: Any = None
    loss: Any = "relative_l2"
    batch_size: int = 16


@dataclasses.dataclass
class NormalizationConfig:
    """Statistics of the training set that the operator carries: ``none``, ``channel`` or ``point``."""

    inputs: str = "channel"
    targets: str = "channel"


@dataclasses.dataclass
class TrainerConfig:
    """Arguments of `neuralpde.training.fit`; steps are optimiser steps."""

    steps: int = MISSING
    steps_per_call: int | None = None
    evaluate_every: int | None = None
    checkpoint_every: int | None = None
    ema: float | None = None
    progress: bool = True
    tensorboard: bool = True


@dataclasses.dataclass
class EvaluationConfig:
    """What is measured and drawn at the end of a run."""

    batch_size: int = 50
    plots: bool = True
    report: bool = True


@dataclasses.dataclass
class RunConfig:
    """What every verb has."""

    name: str = MISSING
    folder: str = MISSING
    seed: int = 0


@dataclasses.dataclass
class TrainConfig(RunConfig):
    """``neuralpde train``."""

    dataset: Any = MISSING
    model: Any = MISSING
    task: Any = MISSING
    optimizer: Any = MISSING
    trainer: TrainerConfig = dataclasses.field(default_factory=TrainerConfig)
    normalization: NormalizationConfig = dataclasses.field(default_factory=NormalizationConfig)
    evaluation: EvaluationConfig = dataclasses.field(default_factory=EvaluationConfig)
    resume: bool = False
    run: str | None = None
    reference: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class EvaluateConfig(RunConfig):
    """``neuralpde evaluate``."""

    run: str | None = None
    dataset: Any = None
    evaluation: EvaluationConfig = dataclasses.field(default_factory=EvaluationConfig)


@dataclasses.dataclass
class GenerateConfig(RunConfig):
    """``neuralpde generate``."""

    dataset: Any = MISSING


@dataclasses.dataclass
class ShowConfig(RunConfig):
    """``neuralpde show``; ``split`` is the first test set where left out, ``picture`` a file in the run's folder."""

    dataset: Any = MISSING
    split: str | None = None
    samples: int = 3
    frames: int = 4
    picture: str | None = None
    dpi: int = 100


SCHEMAS: dict[str, type] = {
    "train": TrainConfig,
    "evaluate": EvaluateConfig,
    "generate": GenerateConfig,
    "show": ShowConfig,
}


def check_keys(config: Mapping[str, Any], schema: type, where: str = "") -> None:
    """Refuse keys that a schema does not have; Hydra lets ``+key=value`` through. Raises `UsageError`."""
    types = get_type_hints(schema)
    for key, value in config.items():
        if key not in types:
            raise UsageError(f"There is no key {where + key!r}. {suggestion(key, types, 'keys')}")
        if dataclasses.is_dataclass(types[key]) and isinstance(value, Mapping):
            check_keys(value, types[key], f"{where}{key}.")


def register() -> None:
    """Offer the schemas to Hydra; configuration files name them in their defaults."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    for verb, schema in SCHEMAS.items():
        store.store(name=f"{verb}_schema", node=schema)
    store.store(group="task", name="operator_schema", node=OperatorTaskConfig)
    store.store(group="task", name="physics_informed_schema", node=PhysicsInformedTaskConfig)
