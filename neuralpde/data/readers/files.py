"""Files of others, opened to look at or to read from: HDF5, MATLAB up to v7, numpy archives.

A file is open only while something is read from it, so a source holds no handles and any thread may use it. Nothing in
a file is ever run: object arrays and cells are refused, YAML is read by the safe loader.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import yaml

from neuralpde.data.dataset import DataError
from neuralpde.errors import NeuralPDEError

NUMBERS = "biufc"
_INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
_MAT_CLASSES = {"double": "float64", "single": "float32", "logical": "bool"} | {name: name for name in _INTEGERS}


def unfit(where: str, found: str, expected: str, advice: str = "Fetch the file again, or name another.") -> DataError:
    """The paragraph that refuses a file."""
    return DataError(f"{where} {found}; expected {expected}. {advice}")


@contextlib.contextmanager
def reading_file(path: Path, kind: str) -> Iterator[None]:
    """Whatever goes wrong inside is a `DataError` that names the file and what it should be."""
    if not path.is_file():
        raise DataError(f"There is no file {path}; expected {kind}. Check the path.")
    try:
        yield
    except (NeuralPDEError, MemoryError):
        raise
    except Exception as error:  # damaged files provoke any exception in the libraries that parse them
        raise DataError(
            f"{path} cannot be read as {kind}: {type(error).__name__}: {error}. It is truncated, damaged or of "
            "another kind; fetch it again."
        ) from error


@dataclasses.dataclass(frozen=True)
class HDF5File:
    """An HDF5 file (MATLAB v7.3 is one too, with the axes of its arrays reversed)."""

    path: Path

    @contextlib.contextmanager
    def open(self) -> Iterator[h5py.File]:
        with reading_file(self.path, "a complete HDF5 file"), h5py.File(self.path, "r") as file:
            yield file


@dataclasses.dataclass(frozen=True)
class MatFile:
    """A MATLAB file up to version 7; an array is read whole, once, when it is first asked for."""

    path: Path

    @contextlib.contextmanager
    def open(self) -> Iterator[Mapping[str, Any]]:
        with reading_file(self.path, "a MATLAB file of version 7 or earlier"):
            yield _LoadedWhole(self.path)


class _LoadedWhole(Mapping):
    """The numeric arrays of a MATLAB file by name, unread."""

    def __init__(self, path: Path):
        self._path, self._changed = path, path.stat().st_mtime_ns
        self._listed = _mat_listing(path, self._changed)

    def __getitem__(self, name: str) -> MatArray:
        return MatArray(self._path, self._changed, name, *self._listed[name])

    def __iter__(self):
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


@dataclasses.dataclass(frozen=True)
class MatArray:
    """An array of a MATLAB file that is read when a part of it is asked for."""

    path: Path
    changed: int
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype

    def __getitem__(self, index: Any) -> np.ndarray:
        return _mat_array(self.path, self.changed, self.name)[index]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.asarray(self[...], dtype)


@functools.lru_cache(maxsize=32)
def _mat_listing(path: Path, _changed: int) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    """Shapes and types of the numeric arrays, without reading them; cells, structures and objects are left out."""
    import scipy.io

    listing = [(name, tuple(shape), _MAT_CLASSES.get(kind, kind)) for name, shape, kind in scipy.io.whosmat(path)]
    return {name: (shape, np.dtype(kind)) for name, shape, kind in listing if kind in _MAT_CLASSES.values()}


@functools.lru_cache(maxsize=4)
def _mat_array(path: Path, _changed: int, name: str) -> np.ndarray:
    import scipy.io

    array = scipy.io.loadmat(path, variable_names=[name])[name]
    array.flags.writeable = False
    return array


def read_npz(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays of a numpy archive. Raises `DataError` where one of them holds Python objects."""
    path = Path(path)
    with reading_file(path, "an archive of numpy (.npz)"), np.load(path, allow_pickle=False) as archive:
        held = {name: _npz_dtype(path, name) for name in archive.files}
        objects = sorted(name for name, dtype in held.items() if dtype.hasobject)
        if objects:
            raise DataError(
                f"{path} holds Python objects in {objects}, which only running code of the file could read; "
                "nothing in a file is ever run. Save the arrays by themselves: np.savez(path, X0=X[0], X1=X[1], y=y)."
            )
        return {name: archive[name] for name in archive.files}


def _npz_dtype(path: Path, name: str) -> np.dtype:
    """The type of one array of an archive, from its header."""
    with zipfile.ZipFile(path) as members, members.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        return header(member)[2]


def read_yaml(text: str | bytes, where: str) -> Any:
    """YAML by the safe loader: numbers, strings, lists and mappings, never objects."""
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise unfit(where, f"holds YAML that cannot be read ({' '.join(str(error).split())})", "plain YAML") from error


def children(item: Any) -> list[str]:
    """Names in an HDF5 group or an archive, sorted; none of what is no group."""
    return sorted(map(str, item)) if isinstance(item, Mapping | h5py.Group) else []
