"""Darcy flow as neuraloperator publishes it: two-phase coefficients and pressures at 16 x 16 and at 32 x 32.

The files hold ``x``, a flag for the phase, and ``y``, the pressure, each (sample, n, n), as torch tensors
in Fortran order. Where the points lie can be seen in the numbers: the functions at 16 are, to the last bit,
every second row and column of those at 32, from the first; the pressure is about zero in the first row and
column, and the mean pressure reaches zero again one spacing after the last. So point i lies at
x = i / n, i = 0, ..., n - 1, and the upper walls of the unit square are left out.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace, Sample

from .checks import check_finite
from .dataset import DataError, Dataset
from .folders import external_folder
from .placement import host_memory
from .torch_zip import read_torch_zip

_SQUARE = Box.cube(2)
_SOURCE = FunctionSpace(_SQUARE, ("phase",))
_TARGET = FunctionSpace(_SQUARE, ("pressure",), Dirichlet(0.0))
_LAYOUTS = ("cells", "nodes")


def neuraloperator_darcy(folder: str | os.PathLike | None = None, layout: str = "cells") -> Dataset:
    """1000 training samples at 16 x 16; 50 test functions, ``"16"`` and, the same ones, ``"32"``.

    The input is the phase (0 or 1), the target the pressure, which carries interpolation noise of a few
    percent (values below zero occur). No layout of a Grid has points at i / n on an axis that is not
    periodic, so choose:

    - ``"cells"``: the arrays as they are, n x n, with equal weights, as in others' results on these data.
      Every function appears moved by half a cell, by 1/32 at 16 and by 1/64 at 32.
    - ``"nodes"``: (n + 1) x (n + 1) nodes at their true places; the upper walls are added, where the
      pressure is zero and the phase that of its neighbour.

    ``folder`` holds ``darcy_train_16.pt``, ``darcy_test_16.pt`` and ``darcy_test_32.pt``, or a folder
    ``neuraloperator`` with them; see `external_folder` for the default. Raises `DataError` for a missing or
    bad file.
    """
    if layout not in _LAYOUTS:
        raise DataError(f"neuraloperator_darcy: unknown layout {layout!r}; choose one of {_LAYOUTS}.")
    home = _home(external_folder(folder))
    with host_memory():
        train, test_16, test_32 = (
            read_darcy_pair(home / f"darcy_{name}.pt", layout) for name in ("train_16", "test_16", "test_32")
        )
    provenance = {
        "equation": "-div(a grad u) = f on the unit square, u = 0 on its boundary",
        "source": "neuraloperator 2.0, darcy_train_16.pt, darcy_test_16.pt, darcy_test_32.pt",
        "layout": layout,
    }
    return Dataset("neuraloperator_darcy", train, None, {"16": test_16, "32": test_32}, provenance)


def _home(folder: Path) -> Path:
    homes = (folder, folder / "neuraloperator")
    for home in homes:
        if (home / "darcy_train_16.pt").is_file():
            return home
    raise DataError(
        f"There is no darcy_train_16.pt in {homes[0]} or {homes[1]}. Place the Darcy files of neuraloperator "
        "(darcy_train_16.pt, darcy_test_16.pt, darcy_test_32.pt, part of its package) in a folder, and name "
        "it by the argument `folder` or the variable NEURALPDE_EXTERNAL_DATA."
    )


def read_darcy_pair(path: Path, layout: str = "cells") -> Sample:
    """The stacked pairs of one of the files; see `neuraloperator_darcy` for the layouts."""
    content = read_torch_zip(path)
    if not isinstance(content, dict) or not {"x", "y"} <= set(content):
        raise DataError(f"{path} holds {_kind(content)}; expected a dict with the tensors 'x' and 'y'. Fetch it again.")
    x, y = content["x"], content["y"]
    shapes = [getattr(array, "shape", None) for array in (x, y)]
    if shapes[0] != shapes[1] or shapes[0] is None or len(shapes[0]) != 3 or shapes[0][1] != shapes[0][2]:
        raise DataError(f"{path} holds x and y of shapes {shapes}; expected twice (sample, n, n). Fetch it again.")
    x, y = np.asarray(x, np.float32), np.asarray(y, np.float32)
    check_finite(x, "x", str(path))
    check_finite(y, "y", str(path))
    if layout == "nodes":
        upper = ((0, 0), (0, 1), (0, 1))
        x, y = np.pad(x, upper, mode="edge"), np.pad(y, upper)
    on = _SQUARE.grid(*x.shape[1:], layout=layout)
    return Sample(Field.stack(x[..., None], on, _SOURCE), Field.stack(y[..., None], on, _TARGET), {})


def _kind(content) -> str:
    return f"a dict with {sorted(map(str, content))}" if isinstance(content, dict) else f"a {type(content).__name__}"
