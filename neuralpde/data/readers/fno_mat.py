"""The MATLAB files of the FNO paper (Li et al., "Fourier neural operator", ICLR 2021).

- Burgers: ``a`` and ``u``, (sample, x), initial and final state on the periodic unit interval;
- Darcy flow: ``coeff`` and ``sol``, (sample, x, y), at the centres of cells of the unit square;
- Navier-Stokes: ``a`` (sample, x, y), ``u`` (sample, x, y, time) and the times ``t``: vorticity on the torus.

Files up to version 7 hold them like this. Those of version 7.3 are HDF5, where all axes are stored in reverse.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from neuralpde.data.dataset import Dataset
from neuralpde.spaces import AbstractBoundaryCondition, Box, Dirichlet, FunctionSpace

from .arrays import SAMPLE, TIME, StoredArray
from .datasets import Pairing, listed, make_dataset
from .files import HDF5File, MatFile, children, unfit
from .foreign import ForeignSource
from .simulations import Home, Part, Simulations

SCHEMA = "FNO"
_MAGIC_HDF5 = b"MATLAB 7.3"


class _Layout(NamedTuple):
    """The arrays of one of the problems."""

    inputs: str
    targets: str
    names: tuple[str, str]
    dim: int
    in_time: bool
    periodic: bool
    condition: AbstractBoundaryCondition | None = None


_BURGERS = _Layout("a", "u", ("u0", "u"), 1, False, True)
_DARCY = _Layout("coeff", "sol", ("a", "u"), 2, False, False, Dirichlet(0.0))
_NAVIER_STOKES = _Layout("a", "u", ("w", "w"), 2, True, True)


def fno_mat(
    path: str | Sequence[str],
    pairs: Pairing | None = None,
    train: int = 1000,
    test: int = 200,
    stride: int = 1,
    time_stride: int = 1,
    test_path: str | None = None,
    test_strides: Sequence[int] = (),
) -> Dataset:
    """A file of the FNO paper: its first ``train`` samples to learn from, its last ``test`` to be judged by.

    ``test_path`` names another file whose first ``test`` samples are the test set, as for Darcy flow. The same test
    functions come at each of ``test_strides`` too; on the cells of Darcy flow these and ``stride`` divide the number
    of points less one (420), so that all of them have one box.
    ``pairs``, ``stride`` and ``time_stride`` as for `pdebench`; only Navier-Stokes has trajectories. Raises
    `DataError`, also where the two sets would overlap.
    """
    whole = open_fno_mat(path)
    source = whole.every(stride, time_stride)
    if test_path is None:
        if train + test > source.count:
            raise unfit(
                source.where,
                f"holds {source.count} samples",
                f"at least train + test = {train} + {test}",
                "Ask for fewer samples.",
            )
        held = whole.part(source.count - test, None)
    else:
        held = open_fno_mat(test_path)
    splits = {"train": source, "test": held.every(stride, time_stride)}
    others = [held.every(other, time_stride) for other in test_strides if other != stride]
    return make_dataset("fno", splits, {"train": train, "test": test}, pairs, others)


def open_fno_mat(path: str | os.PathLike | Sequence[str]) -> ForeignSource:
    """The samples of files, unread. Raises `DataError`."""
    files = []
    for one in listed(path):
        with one.open("rb") as head:
            home: Home = HDF5File(one) if head.read(10) == _MAGIC_HDF5 or is_hdf5(one) else MatFile(one)
        with home.open() as opened:
            files.append(_understood(home, opened))
    return ForeignSource(files)


def is_hdf5(path: os.PathLike) -> bool:
    """Whether a file is HDF5, by its signature."""
    import h5py

    return bool(h5py.is_hdf5(path))


def is_fno(opened: Any) -> bool:
    """Whether an open file has the arrays of one of the problems."""
    keys = set(children(opened))
    return {"coeff", "sol"} <= keys or {"a", "u"} <= keys


def _understood(home: Home, opened: Any) -> Simulations:
    keys, where = set(children(opened)), str(home.path)
    if not is_fno(opened):
        raise unfit(where, f"has the arrays {sorted(keys)}", "coeff and sol, or a and u")
    layout = _DARCY if {"coeff", "sol"} <= keys else _NAVIER_STOKES if len(_shape(home, opened, "u")) == 4 else _BURGERS
    axes = (SAMPLE, *"xy"[: layout.dim])
    shape = _shape(home, opened, layout.inputs)
    if len(shape) != len(axes):
        raise unfit(where, f"has shape {shape} in {layout.inputs!r}", f"the axes {axes}")
    count, *grid = shape
    box = Box.cube(layout.dim, periodic=layout.periodic)
    on = box.grid(*grid)
    source, target = (
        FunctionSpace(box, (name,), condition)
        for name, condition in zip(layout.names, (None, layout.condition), strict=True)
    )
    targets = (*axes, TIME) if layout.in_time else axes
    file = Simulations(
        schema=SCHEMA,
        home=home,
        on=on,
        count=count,
        inputs=Part(source, (_stored(home, layout.inputs, axes),)),
        targets=Part(target, (_stored(home, layout.targets, targets),), in_time=layout.in_time),
        steps=_shape(home, opened, layout.targets)[-1] if layout.in_time else 1,
        times=_times(opened, where) if layout.in_time else (),
    )
    return file.check(opened)


def _times(opened: Any, where: str) -> tuple[float, ...]:
    if "t" not in opened:
        raise unfit(where, f"has the arrays {children(opened)}", "the times 't' of the states")
    return tuple(np.ravel(np.asarray(opened["t"], np.float64)).tolist())


def _stored(home: Home, key: str, axes: tuple[str, ...]) -> StoredArray:
    return StoredArray(key, axes[::-1] if isinstance(home, HDF5File) else axes)


def _shape(home: Home, opened: Any, key: str) -> tuple[int, ...]:
    """The shape of an array as MATLAB has it."""
    shape = opened[key].shape
    return shape[::-1] if isinstance(home, HDF5File) else shape
