"""PDEBench (Takamoto et al., "PDEBench: an extensive benchmark for scientific machine learning", NeurIPS 2022).

Four layouts, told apart by their keys:

- one array ``tensor`` (sample, time, x) of advection, Burgers and reaction-diffusion, or (sample, 1, x, y) with the
  coefficient ``nu`` of Darcy flow;
- compressible flow, one array a field, (sample, time, x[, y[, z]]): ``density``, ``pressure``, ``Vx``, ...;
- one group a seed, with ``data`` (time, x[, y], component), ``grid/x``, ``grid/t`` and the attribute ``config``
  (YAML): diffusion-sorption, diffusion-reaction, shallow water;
- incompressible flow in many files: ``velocity``, ``particles``, ``force``, ``t``.

Points are the centres of cells.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuralpde.data.dataset import Dataset
from neuralpde.spaces import Axis, Box, Dirichlet, Free, FunctionSpace, Grid, Neumann, Robin

from .arrays import SAMPLE, TIME, StoredArray
from .axes import box_grid, uniform_axis
from .datasets import Pairing, listed, make_dataset
from .files import HDF5File, children, read_yaml, unfit
from .foreign import ForeignSource
from .simulations import Part, Simulations

SCHEMA = "PDEBench"
_FLOW = ("density", "pressure", "Vx", "Vy", "Vz")
_HELD_OUT = 10  # a tenth of the samples


def pdebench(
    path: str | Sequence[str],
    pairs: Pairing | None = None,
    train: int | None = None,
    test: int | None = None,
    stride: int = 1,
    time_stride: int = 1,
    periodic: bool | None = None,
) -> Dataset:
    """A file of PDEBench, or several of one layout, split as its benchmark does.

    Of files with one array a field the first tenth of the samples are the test set and the others the training set;
    of files with one group a seed the last tenth. ``train`` and ``test`` keep that many trajectories of each.
    ``pairs`` makes pairs of trajectories (`frames`, `initial_to_final`); left out, they are kept. ``stride`` and
    ``time_stride`` keep every so many-th point of an axis and state; points stay where they are, so that the box of
    wider cells may end elsewhere. ``periodic``: see `open_pdebench`.

    Raises `DataError` for a file that is missing, damaged, or of another layout.
    """
    source = open_pdebench(path, periodic).every(stride, time_stride)
    tenth = max(1, source.count // _HELD_OUT)
    last = isinstance(source.files[0].targets.arrays[0].key, tuple)
    held, rest = (slice(-tenth, None), slice(None, -tenth)) if last else (slice(tenth), slice(tenth, None))
    splits = {"train": source.part(rest.start, rest.stop), "test": source.part(held.start, held.stop)}
    return make_dataset("pdebench", splits, {"train": train, "test": test}, pairs)


def open_pdebench(path: str | os.PathLike | Sequence[str], periodic: bool | None = None) -> ForeignSource:
    """The samples of files of PDEBench, unread.

    Inputs are the initial state (and the force), targets the trajectory; of Darcy flow the coefficient ``a`` and
    the solution ``u``. Axes of the files with ``tensor`` and time are periodic; of compressible flow the files do
    not say it, ``periodic`` does (left out: nothing is known at the sides). Raises `DataError`.
    """
    files = []
    for one in listed(path):
        home = HDF5File(one)
        with home.open() as opened:
            files.append(_understood(home, opened, periodic))
    return ForeignSource(files)


def is_pdebench(opened: Any) -> bool:
    """Whether an open HDF5 file has one of the four layouts."""
    keys = set(children(opened))
    return bool(
        "tensor" in keys or {"density", "pressure", "Vx"} <= keys or {"velocity", "particles"} <= keys or _seeds(opened)
    )


def _understood(home: HDF5File, opened: Any, periodic: bool | None) -> Simulations:
    keys = set(children(opened))
    if "tensor" in keys and "nu" in keys:
        return _darcy(home, opened)
    if "tensor" in keys:
        return _tensor(home, opened)
    if {"density", "pressure", "Vx"} <= keys:
        return _compressible(home, opened, periodic)
    if {"velocity", "particles"} <= keys:
        return _incompressible(home, opened)
    if _seeds(opened):
        return _seeded(home, opened)
    raise unfit(str(home.path), f"has the keys {sorted(keys)}", "a layout of PDEBench")


def _tensor(home: HDF5File, opened: Any) -> Simulations:
    count, steps = _sizes(opened["tensor"], 3, home, "(sample, time, x)")[:2]
    on = _grid(opened, ["x-coordinate"], home, periodic=True)
    state = Part(FunctionSpace(on.domain, ("u",)), (StoredArray("tensor", (SAMPLE, TIME, "x")),), in_time=True)
    return _evolution(home, opened, on, state, count, _times(opened["t-coordinate"], steps))


def _darcy(home: HDF5File, opened: Any) -> Simulations:
    count = _sizes(opened["tensor"], 4, home, "(sample, 1, x, y)")[0]
    on = _grid(opened, ["x-coordinate", "y-coordinate"], home, periodic=False)
    file = Simulations(
        schema=SCHEMA,
        home=home,
        on=on,
        count=count,
        inputs=Part(FunctionSpace(on.domain, ("a",)), (StoredArray("nu", (SAMPLE, "x", "y")),)),
        targets=Part(
            FunctionSpace(on.domain, ("u",), Dirichlet(0.0)), (StoredArray("tensor", (SAMPLE, "component", "x", "y")),)
        ),
        parameters=_attributes(opened),
    )
    return file.check(opened)


def _compressible(home: HDF5File, opened: Any, periodic: bool | None) -> Simulations:
    names = tuple(name for name in _FLOW if name in opened)
    dim = len(names) - 2
    shape = _sizes(opened["density"], dim + 2, home, "(sample, time) and one axis a component of the velocity")
    on = _grid(opened, [f"{axis}-coordinate" for axis in "xyz"[:dim]], home, periodic)
    arrays = tuple(StoredArray(name, (SAMPLE, TIME, *on.domain.names)) for name in names)
    state = Part(FunctionSpace(on.domain, names), arrays, in_time=True)
    return _evolution(home, opened, on, state, shape[0], _times(opened["t-coordinate"], shape[1]))


def _evolution(home: HDF5File, opened: Any, on: Grid, state: Part, count: int, times: tuple[float, ...]) -> Simulations:
    file = Simulations(
        schema=SCHEMA,
        home=home,
        on=on,
        count=count,
        inputs=Part(state.space, state.arrays),
        targets=state,
        steps=len(times),
        times=times,
        parameters=_attributes(opened),
    )
    return file.check(opened)


def _seeded(home: HDF5File, opened: Any) -> Simulations:
    seeds = _seeds(opened)
    first = opened[seeds[0]]
    dim = len(children(first["grid"])) - 1
    *_, channels = _sizes(first["data"], dim + 2, home, "(time, x[, y], component)")
    on = _grid(first["grid"], list("xy"[:dim]), home, periodic=False)
    config = _config(first, home)
    names = ("u", "v") if channels == 2 else ("u",) if dim == 1 else ("h",)
    if channels != len(names):
        raise unfit(str(home.path), f"has {channels} components in {dim} dimensions", "one, or two in two dimensions")
    boundary = _sorption(config) if dim == 1 else Neumann(0.0) if channels == 2 else Free()
    array = StoredArray(tuple(f"{seed}/data" for seed in seeds), (TIME, *on.domain.names, "component"))
    state = Part(FunctionSpace(on.domain, names, boundary), (array,), in_time=True)
    times = _times(first["grid/t"], first["data"].shape[0])
    known = sorted(config)
    file = Simulations(
        schema=SCHEMA,
        home=home,
        on=on,
        count=len(seeds),
        inputs=Part(state.space, state.arrays),
        targets=state,
        steps=len(times),
        times=times,
        described=lambda opened, row: {name: _config(opened[seeds[row]], home).get(name, np.nan) for name in known},
    )
    return file.check(opened)


def _sorption(config: dict[str, float]):
    """u = 1 on the left; on the right u = D u_x, that is u - D du/dn = 0 (D = 5e-4 unless stated)."""
    return [(Dirichlet(1.0), Robin(1.0, -config.get("D", 5e-4), 0.0))]


def _incompressible(home: HDF5File, opened: Any) -> Simulations:
    count, steps, *_ = _sizes(opened["velocity"], 5, home, "(sample, time, x, y, 2)")
    text = opened.attrs.get("config")
    config = {} if text is None else read_yaml(text, str(home.path))
    size = config.get("domain_size", 1.0) if isinstance(config, dict) else 1.0
    lengths = size if isinstance(size, list) else [size, size]
    box = Box((Axis("x", 0.0, float(lengths[0])), Axis("y", 0.0, float(lengths[1]))))
    on = box.grid(*opened["velocity"].shape[2:4])
    axes = (SAMPLE, TIME, "x", "y", "component")
    states = (StoredArray("velocity", axes), StoredArray("particles", axes))
    # The velocity is zero at the walls, the particles are not: the conditions of both together are not known.
    names = ("velocity_x", "velocity_y", "particles")
    force = StoredArray("force", (SAMPLE, "x", "y", "component"))
    file = Simulations(
        schema=SCHEMA,
        home=home,
        on=on,
        count=count,
        inputs=Part(FunctionSpace(box, (*names, "force_x", "force_y")), (*states, force)),
        targets=Part(FunctionSpace(box, names), states, in_time=True),
        steps=steps,
        times=StoredArray("t", (SAMPLE, TIME)),
    )
    return file.check(opened)


def _seeds(opened: Any) -> list[str]:
    """Names of the groups of one sample each, in order."""
    seeds = [key for key in children(opened) if key.isdigit()]
    # There may be ten thousand: the first speaks for all.
    return seeds if seeds and {"data", "grid"} <= set(children(opened[seeds[0]])) else []


def _sizes(array: Any, ndim: int, home: HDF5File, expected: str) -> tuple[int, ...]:
    if len(array.shape) != ndim:
        raise unfit(str(home.path), f"has shape {array.shape} in {array.name!r}", expected)
    return array.shape


def _grid(opened: Any, keys: list[str], home: HDF5File, periodic: bool | None) -> Grid:
    axes, shape = [], []
    for key in keys:
        if key not in opened:
            raise unfit(str(home.path), f"has no coordinates {key!r} beside {children(opened)}", "one array an axis")
        coordinates = np.asarray(opened[key])
        axes.append(uniform_axis(key[0], coordinates, str(home.path), periodic))
        shape.append(coordinates.size)
    return box_grid(axes, tuple(shape))


def _times(array: Any, steps: int) -> tuple[float, ...]:
    """Times of the states; some files store the end of the last step too."""
    times = np.ravel(np.asarray(array, np.float64))
    return tuple(times[:steps].tolist() if times.size == steps + 1 else times.tolist())


def _attributes(opened: Any) -> dict[str, StoredArray | float]:
    """The attributes of a file that are one number."""
    numbers = {str(key): np.asarray(value) for key, value in opened.attrs.items()}
    return {key: float(value.item()) for key, value in numbers.items() if value.size == 1 and value.dtype.kind in "iuf"}


def _config(group: Any, home: HDF5File) -> dict[str, float]:
    """The numbers of the section ``sim`` of a run's configuration."""
    text = group.attrs.get("config")
    content = {} if text is None else read_yaml(text, f"{home.path} ({Path(group.name).name})")
    section = content.get("sim", {}) if isinstance(content, dict) else {}
    numbers = section.items() if isinstance(section, dict) else ()
    return {
        str(key): float(value)
        for key, value in numbers
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
