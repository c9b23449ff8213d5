"""Whose layout a file has: found from what it holds, never from its name."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuralpde.data.dataset import DataError
from neuralpde.data.neuraloperator import read_darcy_pair
from neuralpde.data.source import InMemory, SampleSource
from neuralpde.spaces import Sample

from .comsol import comsol_source, is_comsol
from .datasets import listed
from .deepxde import deepxde_source, is_deepxde
from .files import HDF5File, MatFile, children
from .fno_mat import is_fno, is_hdf5, open_fno_mat
from .pdearena import is_pdearena, open_pdearena
from .pdebench import is_pdebench, open_pdebench
from .well import is_well, open_well

_IN_HDF5 = {
    "The Well": (is_well, open_well),
    "PDEArena": (is_pdearena, open_pdearena),
    "PDEBench": (is_pdebench, open_pdebench),
    "FNO": (is_fno, open_fno_mat),
}
SCHEMAS = (*_IN_HDF5, "DeepXDE", "neuraloperator", "COMSOL")
"""The layouts that are known, by whose they are."""


def detect(path: str | os.PathLike) -> str:
    """Whose layout a file has, one of `SCHEMAS`. Raises `DataError` with what was found where it is none of them."""
    place = listed(path)[0]
    if is_hdf5(place):
        with HDF5File(place).open() as opened:
            matching = [name for name, (matches, _) in _IN_HDF5.items() if matches(opened)]
            held = _contents(opened)
    elif zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as archive:
            members = archive.namelist()
        arrays = [name.removesuffix(".npy") for name in members]
        torch = any(name.endswith("/data.pkl") for name in members)
        matching = ["neuraloperator"] if torch else ["DeepXDE"] if is_deepxde(arrays) else []
        held = ", ".join(arrays)
    elif _is_matlab(place):
        with MatFile(place).open() as opened:
            matching, held = ["FNO"] if is_fno(opened) else [], _contents(opened)
    else:
        matching, held = ["COMSOL"] if is_comsol(place) else [], "no HDF5, zip, MATLAB or COMSOL file"
    if not matching:
        raise DataError(
            f"{place} has none of the layouts that are known ({', '.join(SCHEMAS)}). It holds: {held}. Check the file, "
            "or read it yourself and make a Dataset of its arrays."
        )
    return matching[0]


def open_foreign(path: str | os.PathLike | Sequence[str], split: str = "train") -> SampleSource:
    """The samples of a file of others, or of a folder of them, in whichever of `SCHEMAS` it is; unread where the
    format allows.

    ``split`` chooses among those that one file holds (PDEArena, DeepXDE). All but the pairs of DeepXDE and of
    neuraloperator are `TrajectorySource` too. Raises `DataError`, with what was found, where no layout matches.
    """
    files = listed(path)
    schema = detect(files[0])
    if schema == "PDEArena":
        return open_pdearena([str(file) for file in files], split)
    if schema in _IN_HDF5:
        return _IN_HDF5[schema][1]([str(file) for file in files])
    if len(files) > 1:
        raise DataError(f"{files[0].parent} holds {len(files)} files in the layout of {schema}; name one of them.")
    return _single(schema, files[0], split)


def read_foreign(path: str | os.PathLike | Sequence[str], count: int | None = None, split: str = "train") -> Sample:
    """The first ``count`` samples of a file of others (all, where left out), stacked; see `open_foreign`."""
    return open_foreign(path, split).read(slice(count))


def _single(schema: str, file: Path, split: str) -> SampleSource:
    if schema == "DeepXDE":
        return deepxde_source(file, split)
    if schema == "COMSOL":
        return comsol_source(file)
    return InMemory(read_darcy_pair(file))


def _contents(opened: Any) -> str:
    """The names in a file and the shapes of its arrays."""
    names = children(opened)[:12]
    return ", ".join(f"{name} {getattr(opened[name], 'shape', '')}".strip() for name in names) or "nothing"


def _is_matlab(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(6) == b"MATLAB"
