"""The numpy archives of DeepXDE's operator examples (Lu, Meng, Mao & Karniadakis, SIAM Review 63, 2021).

Three arrays: what the branch net reads ``X0`` (sample, sensor), where the output is wanted ``X1``, and the output
``y``. Aligned data share their queries: X1 (query, d) and y (sample, query). Unaligned data have one query a sample:
X1 (sample, d) and y (sample, 1). Names may carry a split: ``X_train0``, ``X_train1``, ``y_train``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import jax
import numpy as np

from neuralpde.data.checks import check_finite
from neuralpde.data.dataset import DataError, Dataset
from neuralpde.data.source import InMemory, in_host_memory, stacked_field, unchecked
from neuralpde.spaces import Axis, Box, FunctionSpace, Points, Sample

from .datasets import found
from .files import read_npz, unfit

SCHEMA = "DeepXDE"
Interval = Sequence[float]
_SPLITS = ("train", "test")


def deepxde_npz(
    path: str,
    test_path: str | None = None,
    train: int | None = None,
    test: int | None = None,
    sensors: Interval = (0.0, 1.0),
    domain: Sequence[Interval] | None = None,
) -> Dataset:
    """The training set of ``path`` and the test set of ``test_path`` (left out: of ``path``, where it has one).

    ``train`` and ``test`` keep that many samples; for ``sensors`` and ``domain`` see `read_deepxde`. Raises
    `DataError`.
    """
    arrays = read_npz(found(path))
    held = arrays if test_path is None else read_npz(found(test_path))
    splits = {"train": (arrays, path, train)}
    if test_path is not None or _triple_names(arrays, "test"):
        splits["test"] = (held, test_path or path, test)
    triples = {name: (*_triple(held, name, str(where)), str(where), n) for name, (held, where, n) in splits.items()}
    ends = domain or _extent(*(x1 for _, x1, *_ in triples.values()))
    made = {name: in_host_memory(InMemory(_sample(*triple, sensors, ends))) for name, triple in triples.items()}
    tests = {"test": made["test"]} if "test" in made else {}
    return Dataset(
        "deepxde", made["train"], None, tests, {"source": SCHEMA, "files": sorted({p for _, p, _ in splits.values()})}
    )


def read_deepxde(
    path: str | os.PathLike,
    split: str = "train",
    sensors: Interval = (0.0, 1.0),
    domain: Sequence[Interval] | None = None,
) -> Sample:
    """The stacked samples of an archive: inputs ``v`` at sensors, targets ``u`` at the queries.

    The archive does not say where the sensors lie: they are nodes of a grid on ``sensors`` (on each axis, where X0 is
    (sample, n, m)). The queries lie in ``domain``, one interval a coordinate, left out the smallest box around them.
    An archive that names no split is read for either.

    Raises `DataError`, also where aligned and unaligned data cannot be told apart.
    """
    place = found(path)
    x0, x1, y = _triple(read_npz(place), split, str(place))
    return _sample(x0, x1, y, str(place), None, sensors, domain or _extent(x1))


def is_deepxde(names: Sequence[str]) -> bool:
    """Whether an archive with arrays of these names has this layout."""
    return any(_triple_names(dict.fromkeys(names), split) for split in _SPLITS) or {"X", "y"} <= set(names)


def _triple_names(arrays, split: str) -> tuple[str, str, str] | None:
    for names in ((f"X_{split}0", f"X_{split}1", f"y_{split}"), ("X0", "X1", "y")):
        if set(names) <= set(arrays):
            return names
    return None


def _triple(arrays: dict[str, np.ndarray], split: str, where: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    names = _triple_names(arrays, split)
    if names is None:
        raise unfit(where, f"has the arrays {sorted(arrays)}", f"X_{split}0, X_{split}1, y_{split}, or X0, X1, y")
    for name in names:
        if arrays[name].dtype.kind not in "biuf":
            raise unfit(where, f"holds {arrays[name].dtype} in {name!r}", "real numbers")
    x0, x1, y = (np.asarray(arrays[name], np.result_type(arrays[name], np.float32)) for name in names)
    if x0.ndim < 2 or x1.ndim != 2 or y.ndim != 2 or len(y) != len(x0):
        raise unfit(
            where,
            f"holds {names[0]} {x0.shape}, {names[1]} {x1.shape} and {names[2]} {y.shape}",
            "(sample, sensor), (query, coordinate) and (sample, query)",
        )
    for name, array in zip(names, (x0, x1, y), strict=True):
        check_finite(array, name, where)
    return x0, x1, y


def _sample(x0, x1, y, where: str, count: int | None, sensors: Interval, domain: Sequence[Interval]) -> Sample:
    aligned, unaligned = y.shape[1] == len(x1), y.shape[1] == 1 and len(y) == len(x1)
    if aligned == unaligned:
        found = "may be aligned or unaligned" if aligned else "is neither aligned nor unaligned"
        raise unfit(where, f"{found}: X0 {x0.shape}, X1 {x1.shape}, y {y.shape}", "y (sample, query) or (sample, 1)")
    if len(domain) != x1.shape[1]:
        raise DataError(f"{where}: domain={domain} has {len(domain)} intervals, the queries {x1.shape[1]} coordinates.")
    if count is not None and not 1 <= count <= len(x0):
        raise DataError(f"{where} holds {len(x0)} samples, {count} are asked for; ask for 1 to as many.")
    x0, y = x0[:count], y[:count]
    lower, upper = (float(end) for end in sensors)
    on = Box.cube(x0.ndim - 1, lower, upper, names=_axis_names(x0.ndim - 1)).grid(*x0.shape[1:], layout="nodes")
    box = Box(
        tuple(Axis(name, float(a), float(b)) for name, (a, b) in zip(_axis_names(len(domain)), domain, strict=True))
    )
    x = np.broadcast_to(x1, (len(y), *x1.shape)) if aligned else x1[: len(y), None]
    weights = np.full(x.shape[:2], box.volume / x.shape[1], x.dtype)
    queries = unchecked(Points, x=x, w=weights, mask=None, domain=box)
    return unchecked(
        Sample,
        inputs=stacked_field(x0[..., None], on, FunctionSpace(on.domain, ("v",))),
        targets=stacked_field(y[..., None], queries, FunctionSpace(box, ("u",))),
        parameters={},
    )


def _extent(*points: np.ndarray) -> list[tuple[float, float]]:
    """The smallest box around points."""
    x = np.concatenate(points)
    return [(float(a), float(b)) for a, b in zip(x.min(0), x.max(0), strict=True)]


def _axis_names(dim: int) -> tuple[str, ...]:
    return tuple("xyz"[:dim]) if dim <= 3 else tuple(f"x{i}" for i in range(dim))


def deepxde_source(path: str | os.PathLike, split: str = "train") -> InMemory:
    """The samples of an archive as a source."""
    return InMemory(jax.tree.map(np.asarray, read_deepxde(path, split)))
