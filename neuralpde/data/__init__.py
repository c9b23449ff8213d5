"""Datasets: the store, readers of others' files, generation, and loading."""

from .darcy import darcy
from .dataset import DataError, Dataset, as_field, count_samples
from .description import describe, restore
from .folders import cache_folder, dataset_folder, external_folder
from .loader import DeviceLoader
from .neuraloperator import neuraloperator_darcy
from .store import read_dataset, write_dataset
from .stream import StreamLoader
from .torch_zip import read_torch_zip

__all__ = [
    "DataError",
    "Dataset",
    "DeviceLoader",
    "StreamLoader",
    "as_field",
    "cache_folder",
    "count_samples",
    "darcy",
    "dataset_folder",
    "describe",
    "external_folder",
    "neuraloperator_darcy",
    "read_dataset",
    "read_torch_zip",
    "restore",
    "write_dataset",
]
