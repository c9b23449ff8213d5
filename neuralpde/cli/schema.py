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
class RolloutTaskConfig:
    """Learn to step in time from trajectories."""

    _target_: str = "neuralpde.training.RolloutTask"
    _partial_: bool = True
    history: int = 1
    horizon: int = 1
    stride: int = 1
    predict: str = "residual"
    loss: Any = "relative_l2"
    noise: float = 0.01
    pushforward: int = 0
    cut: int | None = None
    grow: int | None = None
    jumps: bool = False
    evaluate_steps: int | None = None
    batch_size: int = 16
    coordinates: bool = False


@dataclasses.dataclass
class RefinerTaskConfig:
    """Learn to step in time with PDE-Refiner."""

    _target_: str = "neuralpde.training.RefinerTask"
    _partial_: bool = True
    history: int = 1
    stride: int = 1
    refinements: int = 3
    sigma_min: float = 4e-7**0.5
    scheme: str = "velocity"
    predict: str = "difference"
    evaluate_steps: int | None = None
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
class ResidualTaskConfig:
    """Learn the solution of a problem from its residuals."""

    _target_: str = "neuralpde.training.ResidualTask"
    _partial_: bool = True
    points: int = 1024
    boundary_points: int = 128
    counts: Any = None
    weights: Any = None
    sampler: Any = MISSING
    resample_every: int | None = 1
    resampling: Any = None
    balance: Any = None
    evaluation_points: int = 4096


@dataclasses.dataclass
class SeriesTaskConfig:
    """Learn from time series; ``objective`` says what."""

    _target_: str = "neuralpde.training.SeriesTask"
    _partial_: bool = True
    objective: Any = None
    batch_size: int = 32
    buckets: Any = None


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
class SolveConfig(RunConfig):
    """``neuralpde solve``; ``precision`` is float32 or float64.

    windows: of time, solved one after the other with all steps of the trainer each; ``beyond`` is the share of its length
    that a window but the last goes on for, and ``snapshot`` the number of points of every axis of space at which its end
    is handed on (None: by the network itself). refit: number of steps of a second training, with the formulas that were found
    in the place of hidden networks.
    """

    problem: Any = MISSING
    network: Any = MISSING
    task: Any = MISSING
    optimizer: Any = MISSING
    trainer: TrainerConfig = dataclasses.field(default_factory=TrainerConfig)
    evaluation: EvaluationConfig = dataclasses.field(default_factory=EvaluationConfig)
    precision: str = "float64"
    windows: int = 1
    beyond: float = 0.0
    snapshot: int | None = None
    refit: int | None = None
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


@dataclasses.dataclass
class PublishedConfig:
    """A number of others that stands beside ours: whose, its value, and how it was measured."""

    model: str = MISSING
    value: float = MISSING
    protocol: str = MISSING


@dataclasses.dataclass
class ProblemConfig:
    """One table of a suite: arguments of ``neuralpde train``, or of another ``verb``, that all of its models share, and
    those of each model.

    ``error`` is the result that is compared, ``resolutions`` the labels of the test sets whose errors stand beside it,
    ``training`` that of the training grid.
    """

    title: str = MISSING
    verb: str = "train"
    arguments: list[str] = dataclasses.field(default_factory=list)
    models: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    seeds: list[int] = dataclasses.field(default_factory=lambda: [0])
    error: str = "test/relative_l2"
    resolutions: list[str] = dataclasses.field(default_factory=list)
    training: str = "training"
    published: list[PublishedConfig] = dataclasses.field(default_factory=list)
    notes: str = ""


@dataclasses.dataclass
class AbsentConfig:
    """A problem of a collection that is not here, what keeps it away, and the best that others have."""

    title: str = MISSING
    why: str = MISSING
    published: PublishedConfig = dataclasses.field(default_factory=PublishedConfig)


@dataclasses.dataclass
class SuiteConfig:
    """What ``neuralpde benchmark`` trains: problems by name.

    ``solved_below`` asks for one more table: which problems, those ``absent`` included, have a smaller error.
    """

    title: str = MISSING
    problems: dict[str, ProblemConfig] = dataclasses.field(default_factory=dict)
    solved_below: float | None = None
    absent: list[AbsentConfig] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class BenchmarkConfig(RunConfig):
    """``neuralpde benchmark``; ``problems`` and ``models`` choose some of the suite's, ``record`` is a folder for the
    JSON record and its pictures.
    """

    suite: SuiteConfig = dataclasses.field(default_factory=SuiteConfig)
    problems: list[str] | None = None
    models: list[str] | None = None
    record: str | None = None
    resume: bool = False
    run: str | None = None


SCHEMAS: dict[str, type] = {
    "train": TrainConfig,
    "solve": SolveConfig,
    "evaluate": EvaluateConfig,
    "generate": GenerateConfig,
    "show": ShowConfig,
    "benchmark": BenchmarkConfig,
}

TASKS: dict[str, type] = {
    "operator": OperatorTaskConfig,
    "refiner": RefinerTaskConfig,
    "residual": ResidualTaskConfig,
    "rollout": RolloutTaskConfig,
    "physics_informed": PhysicsInformedTaskConfig,
    "series": SeriesTaskConfig,
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
    for name, schema in TASKS.items():
        store.store(group="task", name=f"{name}_schema", node=schema)
