"""Datasets at rest: one HDF5 file a dataset.

The training set is the root of the file, in the public schema of The Well (see `schema`), so that a reader
of that schema opens the file as it is; the group ``validation`` and the groups ``test/LABEL`` have the same
layout. Root attributes beyond the schema: ``provenance`` (JSON), ``version`` (of this package) and
``tests`` (labels in order). Every split carries the SHA-256 of its arrays in the attribute ``sha256``.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import jax
import jax.numpy as jnp

import neuralpde
from neuralpde.errors import NeuralPDEError
from neuralpde.spaces import Sample

from .appending import append_sample
from .atomic import written_whole
from .dataset import DataError, Dataset
from .placement import host_memory
from .schema import write_sample
from .stored import StoredSample


def write_dataset(path: str | os.PathLike, dataset: Dataset) -> Path:
    """Write a dataset to ``path``, all or nothing: an earlier file stays as it was until the new one is
    complete.

    Raises `DataError` where arrays hold NaN or infinity, where a space holds code (see `describe`), where
    ``provenance`` is not JSON, and where the disk refuses the file.
    """
    with writing(path, dataset.name, dataset.provenance) as append:
        for name, sample in dataset.splits().items():
            append(name, sample)
    return Path(path)


@contextlib.contextmanager
def writing(path: str | os.PathLike, name: str, provenance: dict) -> Iterator[Callable[[str, Sample], None]]:
    """Gives ``append(split, samples)``, by which a file larger than memory is written part by part.

    ``split`` is ``train`` (which comes first), ``validation`` or ``test/LABEL``. The file is there, whole, when the
    context ends without an error; otherwise as in `write_dataset`.
    """
    path = Path(path)
    splits: list[str] = []
    with written_whole(path) as partial, h5py.File(partial, "w") as file:
        file.attrs["provenance"] = _json(provenance, path)
        file.attrs["version"] = neuralpde.__version__

        def append(split: str, sample: Sample) -> None:
            if split in splits:
                append_sample(_split_group(file, split), sample)
            else:
                splits.append(split)
                group = file if split == "train" else file.create_group(split)
                write_sample(group, sample, name, _constants(provenance))
            partial.check()

        yield append
        file.attrs["tests"] = json.dumps([split.removeprefix("test/") for split in splits if split.startswith("test/")])
        for split in splits:
            group = _split_group(file, split)
            group.attrs["sha256"] = StoredSample(group, f"{path} ({split})").digest()


def _split_group(file: h5py.File, name: str) -> Any:
    return file if name == "train" else file[name]


def read_dataset(path: str | os.PathLike, verify: bool = True) -> Dataset:
    """Read a dataset into the memory of the host; its arrays go to a device when they are used there.

    ``verify`` compares the arrays with the checksums in the file. Raises `DataError` where the file is
    missing, not HDF5, truncated, not in the schema, changed since it was written, or holds NaN or infinity.
    """
    with reading(path) as file:
        tests = json.loads(str(file.attrs["tests"]))
        validation = ["validation"] if "validation" in file else []
        splits = {}
        for name in ("train", *validation, *(f"test/{label}" for label in tests)):
            sample = open_split(file, name, verify).read()
            with host_memory():
                splits[name] = jax.tree.map(jnp.asarray, sample)
        return Dataset(
            name=str(file.attrs["dataset_name"]),
            train=splits["train"],
            validation=splits.get("validation"),
            test={label: splits[f"test/{label}"] for label in tests},
            provenance=json.loads(str(file.attrs["provenance"])),
        )


@contextlib.contextmanager
def reading(path: str | os.PathLike) -> Iterator[h5py.File]:
    """An open dataset file; whatever goes wrong inside is a `DataError` that names the file."""
    path = Path(path)
    if not path.is_file():
        raise DataError(
            f"There is no dataset file {path}; expected an HDF5 file. Check the path, or generate the "
            "dataset (neuralpde generate)."
        )
    try:
        with h5py.File(path, "r") as file:
            yield file
    except NeuralPDEError:
        raise
    except (OSError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read as a dataset: {error}. Expected a complete HDF5 file as "
            "neuralpde.data.write_dataset writes it; this one is truncated, damaged or of another kind. "
            "Delete it and generate or copy it again."
        ) from error


def open_split(file: h5py.File, name: str, verify: bool = True) -> StoredSample:
    """One split of an open file: ``train``, ``validation`` or ``test/LABEL``. Raises `DataError` if there
    is none.
    """
    if name != "train" and name not in file:
        raise DataError(
            f"{file.filename} has no split {name!r}; it has train, validation where one was made, and "
            f"{json.loads(str(file.attrs['tests']))} under test/."
        )
    stored = StoredSample(_split_group(file, name), f"{file.filename} ({name})")
    if verify:
        stored.verify()
    return stored


def _json(provenance: dict, path: Path) -> str:
    try:
        return json.dumps(provenance, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{path}: the provenance cannot be written as JSON: {error}. Give numbers, strings, lists and dicts."
        ) from error


def _constants(provenance: dict) -> dict[str, float]:
    """The parameters of the equation that are plain numbers."""
    parameters = provenance.get("parameters", {})
    return {
        name: float(value)
        for name, value in (parameters.items() if isinstance(parameters, dict) else ())
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
