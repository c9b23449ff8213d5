"""The finished parts of a dataset on the disk, so that a generation that was killed goes on where it stopped."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from .atomic import written_whole

_DAMAGED = (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile)


class Parts:
    """Trees of arrays by name, each a file in one folder, whole or not there."""

    def __init__(self, folder: Path):
        self.folder = folder

    def save(self, name: str, tree: PyTree) -> None:
        """Raises `DataError` where the disk refuses the file."""
        leaves = {f"leaf{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(tree))}
        with written_whole(self._path(name)) as file:
            np.savez(file, **leaves)

    def load(self, name: str, like: PyTree) -> Any:
        """The tree saved under ``name`` with the structure and the shapes of ``like``; None where there is no such part
        or it cannot be used."""
        leaves, structure = jax.tree.flatten(like)
        try:
            with np.load(self._path(name), allow_pickle=False) as file:
                found = [file[f"leaf{i}"] for i in range(len(leaves))]
        except _DAMAGED:
            return None
        fits = [a.shape == b.shape and a.dtype == b.dtype for a, b in zip(found, leaves, strict=True)]
        return jax.tree.unflatten(structure, found) if all(fits) else None

    def remove(self) -> None:
        """Forget all parts."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"
