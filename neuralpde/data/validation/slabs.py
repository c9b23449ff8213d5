"""The samples of a split, a slab at a time: files may be larger than memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from neuralpde.data.checks import NotFiniteError
from neuralpde.data.dataset import DataError, as_field
from neuralpde.data.source import SampleSource
from neuralpde.spaces import AbstractDiscretization, Field, Grid, Sample, Trajectory

SLAB = 2**26
"""Bytes that are read at a time, but at least one sample."""

DAMAGE = (DataError, KeyError, OSError, RuntimeError, TypeError, ValueError)
"""What reading a damaged file raises."""


class UnreadableError(Exception):
    """Samples that cannot be read."""


@dataclasses.dataclass(eq=False)
class Split:
    """One split of a file. ``ours`` says whether it is a group of a file of ours; ``not_finite`` collects the samples
    that cannot be judged any further; ``shared`` is what checks keep for the slabs to come."""

    name: str
    source: SampleSource
    provenance: dict[str, Any]
    ours: bool
    not_finite: list[int] = dataclasses.field(default_factory=list)
    shared: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe that the provenance states; empty where there is none."""
        found = self.provenance.get("recipe")
        return found if isinstance(found, dict) else {}

    @property
    def states_conditions(self) -> bool:
        """Whether the file says what holds at the sides of the domain, or its reader takes it from the literature."""
        return self.ours or getattr(self.source, "schema", None) == "The Well"

    def slabs(self) -> Iterator[Slab]:
        """Slabs of all samples that are finite, in order."""
        start, size = 0, 1
        while start < self.source.count:
            rows = np.arange(start, min(start + size, self.source.count))
            for slab in self._readable(rows):
                yield slab
                bytes_each = sum(leaf.nbytes for leaf in jax.tree.leaves(slab.sample)) // len(slab.rows)
                size = max(1, SLAB // max(1, bytes_each))
            start += len(rows)

    def _readable(self, rows: np.ndarray) -> Iterator[Slab]:
        """One slab, or several around the samples that are not finite."""
        slab = self._read(rows)
        if slab is not None:
            yield slab
        elif len(rows) > 1:
            middle = len(rows) // 2
            yield from self._readable(rows[:middle])
            yield from self._readable(rows[middle:])

    def _read(self, rows: np.ndarray) -> Slab | None:
        try:
            return Slab(self, rows, self.source.read(rows))
        except NotFiniteError:
            if len(rows) == 1:
                self.not_finite.append(int(rows[0]))
            return None
        except DAMAGE as error:
            raise UnreadableError(" ".join(str(error).split())) from error


@dataclasses.dataclass(frozen=True, eq=False)
class Slab:
    """Some samples of a split, stacked, as numpy arrays; ``rows`` are their numbers."""

    split: Split
    rows: np.ndarray
    sample: Sample

    @property
    def parts(self) -> dict[str, Field | Trajectory]:
        """Inputs and targets; the targets alone where the inputs are their first state."""
        targets = {"targets": self.sample.targets}
        return targets if self.begins_with_inputs else {"inputs": self.sample.inputs} | targets

    @property
    def begins_with_inputs(self) -> bool:
        """Whether the targets are a trajectory of what the inputs are a state of."""
        inputs, targets = as_field(self.sample.inputs), as_field(self.sample.targets)
        same = set(targets.space.names) <= set(inputs.space.names)
        return isinstance(self.sample.targets, Trajectory) and isinstance(self.sample.inputs, Field) and same

    @property
    def states(self) -> np.ndarray | None:
        """Successive states (sample, time, *grid, channel): a trajectory, or first and last of a pair of states; None
        where the samples map between different things."""
        inputs, targets = self.sample.inputs, self.sample.targets
        if isinstance(targets, Trajectory):
            return np.asarray(targets.field.values)
        alike = isinstance(inputs, Field) and inputs.space == targets.space and inputs.on == targets.on
        return np.stack([np.asarray(inputs.values), np.asarray(targets.values)], 1) if alike else None


def samples_of(part: Field | Trajectory) -> np.ndarray:
    """Values of stacked functions, (sample, time, *points, channel); one state where they do not vary in time."""
    values = np.asarray(as_field(part).values)
    return values if isinstance(part, Trajectory) else values[:, None]


def grid_of(part: Field | Trajectory) -> Grid | None:
    """The grid of a part, None for points."""
    on: AbstractDiscretization = as_field(part).on
    return on if isinstance(on, Grid) else None
