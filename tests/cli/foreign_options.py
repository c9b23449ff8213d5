"""Options of ``dataset`` that read files of others: what writes a small one, and the overrides that suit it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import foreign_files

SIZES = {"train": 4, "test": 1, "validation": 1}
HISTORY = {"pairs.history": 2}


def _splits(write: Callable[..., Any]) -> Callable[[Path], Any]:
    return lambda path: [write(path, split) for split in ("train", "valid", "test")]


WRITERS: dict[str, tuple[Callable[[Path], Any], dict[str, Any]]] = {
    "pdebench": (foreign_files.pdebench_tensor, SIZES),
    "pdebench_darcy": (foreign_files.pdebench_darcy, SIZES | {"stride": 1}),
    "pdearena_smoke": (_splits(foreign_files.pdearena_smoke), SIZES | HISTORY),
    "pdearena_ks": (_splits(foreign_files.pdearena_ks), SIZES),
    "the_well": (
        lambda path: [foreign_files.the_well(path / split / "a") for split in ("train", "valid", "test")],
        HISTORY | {"train": 2, "test": 1},
    ),
    "fno_burgers": (lambda path: foreign_files.fno_burgers(path, n=64), SIZES),
    "fno_darcy": (lambda path: foreign_files.fno_darcy(path, n=40), SIZES),
    "fno_navier_stokes": (lambda path: foreign_files.fno_navier_stokes(path, hdf5=True), SIZES | HISTORY),
    "deepxde": (foreign_files.deepxde_aligned, {"train": 4}),
    "comsol": (lambda path: foreign_files.comsol(path, settings=[f"t={i}" for i in range(9)]), {"train": 4}),
}
NEED_A_FILE = {("dataset", name) for name in WRITERS}
