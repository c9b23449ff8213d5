"""Datasets: the store, readers of others' files, generation, and loading."""

from .darcy import darcy
from .dataset import DataError, Dataset, as_field, count_samples
from .description import describe, restore
from .evolution import Evolution, evolution
from .folders import cache_folder, dataset_folder, external_folder
from .generator import Generation, generated
from .loader import DeviceLoader
from .neuraloperator import neuraloperator_darcy
from .recipe import AbstractRecipe
from .stationary import Stationary, stationary
from .store import read_dataset, write_dataset
from .stream import StreamLoader
from .torch_zip import read_torch_zip

__all__ = [
    "AbstractRecipe",
    "DataError",
    "Dataset",
    "DeviceLoader",
    "Evolution",
    "Generation",
    "Stationary",
    "StreamLoader",
    "as_field",
    "cache_folder",
    "count_samples",
    "darcy",
    "dataset_folder",
    "describe",
    "evolution",
    "external_folder",
    "generated",
    "neuraloperator_darcy",
    "read_dataset",
    "read_torch_zip",
    "restore",
    "stationary",
    "write_dataset",
]
