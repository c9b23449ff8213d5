"""Datasets: the store, readers of others' files, generation, and loading."""

from .darcy import darcy
from .dataset import DataError, Dataset, as_field, count_samples
from .description import describe, restore
from .evolution import Evolution, evolution
from .folders import cache_folder, dataset_folder, external_folder
from .generator import Generation, generated
from .helmholtz import HelmholtzRecipe, helmholtz
from .inspection import AxisReport, Inspection, PartReport, first_samples, inspect_file
from .loader import DeviceLoader
from .neuraloperator import neuraloperator_darcy
from .pairs import frames, initial_to_final, paired
from .readers import (
    ForeignSource,
    comsol,
    comsol_source,
    comsol_units,
    deepxde_npz,
    detect,
    fno_mat,
    open_fno_mat,
    open_foreign,
    open_pdearena,
    open_pdebench,
    open_well,
    pdearena,
    pdebench,
    read_comsol,
    read_deepxde,
    read_foreign,
    the_well,
    well_normalizer,
)
from .recipe import AbstractRecipe, ResolutionWarning
from .response import Response, response
from .source import InMemory, SampleSource, TrajectorySource
from .spacetime import SpaceTime, spacetime
from .stationary import AbstractStationary, Stationary, stationary
from .store import read_dataset, write_dataset
from .stream import StreamLoader
from .torch_zip import read_torch_zip
from .validation import Finding, Validation, validate_file

__all__ = [
    "AbstractRecipe",
    "AbstractStationary",
    "AxisReport",
    "DataError",
    "Dataset",
    "DeviceLoader",
    "Evolution",
    "Finding",
    "ForeignSource",
    "Generation",
    "HelmholtzRecipe",
    "InMemory",
    "Inspection",
    "PartReport",
    "ResolutionWarning",
    "Response",
    "SampleSource",
    "SpaceTime",
    "Stationary",
    "StreamLoader",
    "TrajectorySource",
    "Validation",
    "as_field",
    "cache_folder",
    "comsol",
    "comsol_source",
    "comsol_units",
    "count_samples",
    "darcy",
    "dataset_folder",
    "deepxde_npz",
    "describe",
    "detect",
    "evolution",
    "external_folder",
    "first_samples",
    "fno_mat",
    "frames",
    "generated",
    "helmholtz",
    "initial_to_final",
    "inspect_file",
    "neuraloperator_darcy",
    "open_fno_mat",
    "open_foreign",
    "open_pdearena",
    "open_pdebench",
    "open_well",
    "paired",
    "pdearena",
    "pdebench",
    "read_comsol",
    "read_dataset",
    "read_deepxde",
    "read_foreign",
    "read_torch_zip",
    "response",
    "restore",
    "spacetime",
    "stationary",
    "the_well",
    "validate_file",
    "well_normalizer",
    "write_dataset",
]
