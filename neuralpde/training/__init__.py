"""Training: tasks, one compiled loop, optimisers, checkpoints and metrics. `fit` knows of a problem only its task."""

from .checkpoint import restore_model
from .devices import default_mesh, make_mesh
from .ensemble_task import EnsembleTask
from .failures import CheckpointError, CheckpointMismatch, TrainingArgumentError, TrainingDiverged, TrainingInterrupted
from .loop import fit
from .operator_task import OperatorTask
from .optimizers import adam, adamw, lion, muon, sgd
from .physics import AbstractPhysics, InitialState, PointwiseResidual, SideConditions
from .physics_grid import EllipticResidual, EvolutionResidual
from .physics_task import PhysicsInformedTask
from .refiner_task import RefinerTask
from .residual_batches import CollocationBatches, ResidualBatch
from .residual_task import ResidualTask
from .result import FitResult
from .rollout_task import RolloutTask
from .schedules import constant, cosine, onecycle, step_decay
from .task import Batches, Task

__all__ = [
    "AbstractPhysics",
    "Batches",
    "CheckpointError",
    "CheckpointMismatch",
    "CollocationBatches",
    "EllipticResidual",
    "EnsembleTask",
    "EvolutionResidual",
    "FitResult",
    "InitialState",
    "OperatorTask",
    "PhysicsInformedTask",
    "PointwiseResidual",
    "RefinerTask",
    "ResidualBatch",
    "ResidualTask",
    "RolloutTask",
    "SideConditions",
    "Task",
    "TrainingArgumentError",
    "TrainingDiverged",
    "TrainingInterrupted",
    "adam",
    "adamw",
    "constant",
    "cosine",
    "default_mesh",
    "fit",
    "lion",
    "make_mesh",
    "muon",
    "onecycle",
    "restore_model",
    "sgd",
    "step_decay",
]
