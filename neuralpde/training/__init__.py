"""Training: tasks, one compiled loop, optimisers, checkpoints and metrics. `fit` knows of a problem only its task."""

from .checkpoint import restore_model
from .devices import default_mesh, make_mesh
from .ensemble_task import EnsembleTask
from .failures import CheckpointError, CheckpointMismatch, TrainingArgumentError, TrainingDiverged, TrainingInterrupted
from .gradient_alignment import gradient_alignment
from .inversion import Inverted, invert
from .loop import fit
from .members import fit_members, fit_together, spread
from .meta_task import Adaptation, MetaTask
from .operator_task import OperatorTask
from .optimizers import adabelief, adam, adamw, lion, muon, sgd
from .phase_ends import PhaseEnd
from .phases import OfOneBatch, Phase, Phases
from .physics import AbstractPhysics, InitialState, PointwiseResidual, SideConditions
from .physics_grid import EllipticResidual, EvolutionResidual
from .physics_task import PhysicsInformedTask
from .physics_weak import Reconstruction, WeakResidual, weak_lack
from .posterior import Laplace, laplace
from .projection import projected
from .refiner_task import RefinerTask
from .residual_batches import CollocationBatches, ResidualBatch
from .residual_task import ResidualTask
from .residuals import Block, Residuals
from .result import FitResult
from .rollout_task import RolloutTask
from .schedules import constant, cosine, onecycle, step_decay
from .second_order import (
    bfgs,
    lbfgs,
    least_squares,
    levenberg_marquardt,
    natural_gradient,
    newton_cg,
    ssbfgs,
    ssbroyden,
)
from .series_objectives import AbstractObjective, Classification, Forecast, Interpolation, Response, Trajectories
from .series_task import SeriesTask, measured
from .soap import soap
from .stopping import StopReason
from .task import Batches, Task

__all__ = [
    "AbstractObjective",
    "AbstractPhysics",
    "Adaptation",
    "Batches",
    "Block",
    "CheckpointError",
    "CheckpointMismatch",
    "Classification",
    "CollocationBatches",
    "EllipticResidual",
    "EnsembleTask",
    "EvolutionResidual",
    "FitResult",
    "Forecast",
    "InitialState",
    "Interpolation",
    "Inverted",
    "Laplace",
    "MetaTask",
    "OfOneBatch",
    "OperatorTask",
    "Phase",
    "PhaseEnd",
    "Phases",
    "PhysicsInformedTask",
    "PointwiseResidual",
    "Reconstruction",
    "RefinerTask",
    "ResidualBatch",
    "ResidualTask",
    "Residuals",
    "Response",
    "RolloutTask",
    "SeriesTask",
    "SideConditions",
    "StopReason",
    "Task",
    "TrainingArgumentError",
    "TrainingDiverged",
    "TrainingInterrupted",
    "Trajectories",
    "WeakResidual",
    "adabelief",
    "adam",
    "adamw",
    "bfgs",
    "constant",
    "cosine",
    "default_mesh",
    "fit",
    "fit_members",
    "fit_together",
    "gradient_alignment",
    "invert",
    "laplace",
    "lbfgs",
    "least_squares",
    "levenberg_marquardt",
    "lion",
    "make_mesh",
    "measured",
    "muon",
    "natural_gradient",
    "newton_cg",
    "onecycle",
    "projected",
    "restore_model",
    "sgd",
    "soap",
    "spread",
    "ssbfgs",
    "ssbroyden",
    "step_decay",
    "weak_lack",
]
