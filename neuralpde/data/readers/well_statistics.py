"""The statistics that come with a dataset of The Well, as a normaliser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from neuralpde.nn import Standardize
from neuralpde.spaces import FunctionSpace

from .datasets import found
from .files import read_yaml, reading_file, unfit


def well_normalizer(path: str | os.PathLike, space: FunctionSpace) -> Standardize:
    """The means and standard deviations of ``stats.yaml`` for the components of ``space``.

    ``path`` is the file or the folder that holds it. Vectors and tensors have nested lists there and components
    ``velocity_x``, ``stress_xy`` in a space; a history ``u@-1`` has the statistics of ``u``.

    Raises `DataError` where a component is missing.
    """
    place = found(path)
    file = place / "stats.yaml" if place.is_dir() else place
    with reading_file(file, "the statistics of The Well (stats.yaml)"):
        content = read_yaml(Path(file).read_text(encoding="utf-8"), str(file))
    mean, std = (_components(content, kind, space, str(file)) for kind in ("mean", "std"))
    return Standardize(jnp.asarray(mean, float), jnp.asarray(std, float))


def _components(content: Any, kind: str, space: FunctionSpace, where: str) -> list[float]:
    table = content.get(kind) if isinstance(content, dict) else None
    if not isinstance(table, dict):
        raise unfit(where, f"has no section {kind!r}", "mean and std of every field")
    known = _flat(table, space.domain.names)
    names = [name.partition("@")[0] for name in space.names]
    missing = [name for name in names if name not in known]
    if missing:
        raise unfit(where, f"has no {kind} of {missing} beside {sorted(known)}", "one of every component")
    return [known[name] for name in names]


def _flat(table: dict, dims: tuple[str, ...]) -> dict[str, float]:
    """Numbers by the names of components."""
    flat = {}
    for name, value in table.items():
        array = np.asarray(value, float)
        if any(n != len(dims) for n in array.shape):
            continue
        for index in np.ndindex(array.shape):
            suffix = "".join(dims[i] for i in index)
            flat[f"{name}_{suffix}" if suffix else str(name)] = float(array[index])
    return flat
