"""PDEArena (Gupta & Brandstetter, "Towards multi-spatiotemporal-scale generalized PDE modeling", TMLR 2023).

An HDF5 file holds one group a split (``train``, ``valid``, ``test``):

- buoyant smoke in a closed box: ``u`` (smoke), ``vx``, ``vy``, each (sample, time, x, y), coordinates ``x``, ``y``,
  times ``t``, and the numbers ``dt``, ``dx``, ``dy``, ``buo_y`` of each sample;
- Kuramoto-Sivashinsky (Lippe et al., "PDE-Refiner", NeurIPS 2023): one array ``pde_...`` (sample, time, x), and
  ``dt``, ``dx`` and perhaps the viscosity ``v`` of each sample.

The velocity of the smoke is that of a staggered grid without its last faces: ``vx`` and ``vy`` lie half a cell below
``u`` along their own axes. The arrays are given as they are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from neuralpde.data.dataset import DataError, Dataset
from neuralpde.spaces import Axis, FunctionSpace, Grid

from .arrays import SAMPLE, TIME, StoredArray
from .axes import box_grid, uniform_axis
from .datasets import Pairing, listed, make_dataset
from .files import HDF5File, children, unfit
from .foreign import ForeignSource
from .simulations import Part, Simulations

SCHEMA = "PDEArena"
SPLITS = {"train": "train", "validation": "valid", "test": "test"}
"""Our names of the splits, and those of the groups."""

_SMOKE = ("u", "vx", "vy")
_NUMBERS = ("dt", "dx", "dy", "buo_y", "v")


def pdearena(
    path: str | Sequence[str],
    pairs: Pairing | None = None,
    train: int | None = None,
    validation: int | None = None,
    test: int | None = None,
    stride: int = 1,
    time_stride: int = 1,
) -> Dataset:
    """A file or folder of PDEArena, split by its groups; the training set must be there, the others may be.

    ``train``, ``validation`` and ``test`` keep that many trajectories; ``pairs``, ``stride`` and ``time_stride`` as
    for `pdebench`. The published sets use every fourth state. Raises `DataError`.
    """
    splits = {}
    for name in SPLITS:
        source = _opened(path, name, required=name == "train")
        if source is not None:
            splits[name] = source.every(stride, time_stride)
    return make_dataset("pdearena", splits, {"train": train, "validation": validation, "test": test}, pairs)


def open_pdearena(path: str | os.PathLike | Sequence[str], split: str = "train") -> ForeignSource:
    """The samples of one split (``train``, ``validation``, ``test``) of a file, or of the files of a folder, unread.

    Inputs are the initial state, targets the trajectory; the conditioning numbers are parameters. Where samples
    differ in their spacing ``dx``, the coordinate is that over the length of the domain, in [0, 1]. Raises
    `DataError`.
    """
    if split not in SPLITS:
        raise DataError(f"PDEArena has no split {split!r}; choose one of {', '.join(SPLITS)}.")
    source = _opened(path, split, required=True)
    assert source is not None
    return source


def is_pdearena(opened: Any) -> bool:
    """Whether an open HDF5 file has this layout."""
    return any(name in opened and _fields(opened[name]) for name in SPLITS.values())


def _opened(path: str | os.PathLike | Sequence[str], split: str, required: bool) -> ForeignSource | None:
    files, group, seen = [], SPLITS[split], set()
    paths = listed(path)
    for one in paths:
        home = HDF5File(one)
        with home.open() as opened:
            seen |= set(children(opened))
            if group in opened:
                files.append(_understood(home, opened, group))
    if not files and required:
        raise unfit(str(paths[0].parent if len(paths) > 1 else paths[0]), f"has {sorted(seen)}", f"a group {group!r}")
    return ForeignSource(files) if files else None


def _fields(group: Any) -> tuple[str, ...]:
    """The arrays of a group that are fields."""
    names = children(group)
    if set(_SMOKE) <= set(names):
        return _SMOKE
    return tuple(name for name in names if name.startswith("pde_"))


def _understood(home: HDF5File, opened: Any, name: str) -> Simulations:
    group, where = opened[name], f"{home.path} ({name})"
    fields = _fields(group)
    if fields != _SMOKE and len(fields) != 1:
        raise unfit(where, f"has the arrays {children(group)}", "u, vx and vy, or one array pde_...")
    shape, dim = group[fields[0]].shape, 2 if fields == _SMOKE else 1
    if len(shape) != dim + 2:
        raise unfit(where, f"has shape {shape} in {fields[0]!r}", "(sample, time) and one axis a dimension")
    on = _smoke_grid(group, where) if dim == 2 else _periodic_grid(group, shape[2], where)
    # Components carry plain names: `pde_140-256` says how many states and points there are.
    space = FunctionSpace(on.domain, _SMOKE if dim == 2 else ("u",))
    arrays = tuple(StoredArray(f"{name}/{field}", (SAMPLE, TIME, *on.domain.names)) for field in fields)
    key, axes = ("t", (SAMPLE, TIME)[-len(group["t"].shape) :]) if "t" in group else ("dt", (SAMPLE,))
    file = Simulations(
        schema=SCHEMA,
        home=home,
        on=on,
        count=shape[0],
        inputs=Part(space, arrays),
        targets=Part(space, arrays, in_time=True),
        steps=shape[1],
        times=StoredArray(f"{name}/{key}", axes),
        parameters={key: StoredArray(f"{name}/{key}", (SAMPLE,)) for key in _NUMBERS if key in group},
    )
    return file.check(opened)


def _smoke_grid(group: Any, where: str) -> Grid:
    axes, shape = [], []
    for name in "xy":
        if name not in group:
            raise unfit(where, f"has the arrays {children(group)}", f"coordinates {name!r}")
        coordinates = np.atleast_2d(np.asarray(group[name]))
        if not np.array_equal(coordinates, np.broadcast_to(coordinates[:1], coordinates.shape)):
            raise unfit(where, f"has other coordinates {name!r} for every sample", "one grid")
        axes.append(uniform_axis(name, coordinates[0], where, periodic=False))
        shape.append(coordinates.shape[1])
    return box_grid(axes, tuple(shape))


def _periodic_grid(group: Any, n: int, where: str) -> Grid:
    if "dx" not in group:
        raise unfit(where, f"has the arrays {children(group)}", "the spacing 'dx' of each sample")
    spacing = np.ravel(np.asarray(group["dx"], np.float64))
    same = spacing.size > 0 and np.ptp(spacing) <= 1e-6 * abs(spacing[0])
    return box_grid([(Axis("x", 0.0, float(spacing[0]) * n if same else 1.0, periodic=True), "periodic")], (n,))
