"""Arrays of a file, described by the meaning of their axes and read a stretch of samples at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .files import NUMBERS, unfit

SAMPLE, TIME = "sample", "time"
COMPONENTS = ("component", "column")
"""Axes of the components of a vector, and of the second index of a tensor."""


@dataclasses.dataclass(frozen=True)
class StoredArray:
    """An array at rest.

    ``axes`` names the stored axes in their order: ``sample``, ``time``, those of the grid, and ``component``
    (``column`` for the second index of a tensor). The array is constant along an axis that is absent, and is
    repeated there. ``key`` is its name in the file; or one name a sample, where each sample is an array of its own.
    """

    key: str | tuple[str, ...]
    axes: tuple[str, ...]

    def read(self, opened: Any, start: int, stop: int, frames: slice, wanted: Sequence[str]) -> np.ndarray:
        """Samples ``start`` to ``stop`` at ``frames``, with the axes sample, ``wanted``, components.

        Axes along which the array is constant have length one. The components are one axis, and one where there
        are none.
        """
        if isinstance(self.key, str):
            values, axes = self._at(opened[self.key], slice(start, stop), frames), self.axes
        else:
            values = np.stack([self._at(opened[key], slice(None), frames) for key in self.key[start:stop]])
            axes = (SAMPLE, *self.axes)
        order = [name for name in (SAMPLE, *wanted, *COMPONENTS) if name in axes]
        values = values.transpose([axes.index(name) for name in order])
        sizes = dict(zip(order, values.shape, strict=True))
        return values.reshape(*(sizes.get(name, 1) for name in (SAMPLE, *wanted)), -1)

    def _at(self, dataset: Any, rows: slice, frames: slice) -> np.ndarray:
        chosen = {SAMPLE: rows, TIME: frames}
        return np.asarray(dataset[tuple(chosen.get(axis, slice(None)) for axis in self.axes)])

    def check(self, opened: Any, sizes: Mapping[str, int], where: str) -> None:
        """Raises `DataError` where the array is missing, holds no numbers, or has other sizes than ``sizes``."""
        key = self.key if isinstance(self.key, str) else self.key[0]
        dataset = opened[key] if key in opened else None
        if not hasattr(dataset, "shape"):
            raise unfit(where, f"has no array {key!r}", f"one with the axes {self.axes}")
        if dataset.dtype.kind not in NUMBERS:
            raise unfit(where, f"holds {dataset.dtype} in {key!r}", "numbers")
        expected = tuple(sizes.get(axis) for axis in self.axes)
        found = tuple(dataset.shape)
        if len(found) == len(expected) and all(e in (None, f) for e, f in zip(expected, found, strict=True)):
            return
        named = ", ".join(f"{axis} {'any' if n is None else n}" for axis, n in zip(self.axes, expected, strict=True))
        permuted = sorted(found) == sorted(e or 0 for e in expected)
        hint = " (the axes look permuted)" if permuted else ""
        raise unfit(where, f"has shape {found} in {key!r}{hint}", f"({named}) by its coordinates")
