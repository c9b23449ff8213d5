"""Whether trajectories begin with the inputs of their samples."""

from __future__ import annotations

import numpy as np

from neuralpde.data.dataset import as_field

from .checks import Check, Figures, Table, split_by_split
from .report import Finding, NotApplicable
from .slabs import Slab

SAME = 1e-6


def _differences(slab: Slab) -> Figures:
    """Largest difference of the inputs and the first states, over the size of these: (sample,)."""
    if not slab.begins_with_inputs or as_field(slab.sample.inputs).on != as_field(slab.sample.targets).on:
        raise NotApplicable("the inputs are no states of a trajectory")
    if not slab.split.ours:
        raise NotApplicable("the reader takes the inputs from the trajectories")
    inputs, targets = as_field(slab.sample.inputs), as_field(slab.sample.targets)
    places = [inputs.space.names.index(name) for name in targets.space.names]
    first = np.asarray(targets.values)[:, 0].reshape(len(slab.rows), -1)
    given = np.asarray(inputs.values)[..., places].reshape(len(slab.rows), -1)
    size = np.abs(first).max(1)
    return {"difference": np.abs(given - first).max(1) / np.where(size > 0, size, 1.0)}


def _judge(table: Table) -> Finding:
    difference = table.figures["difference"]
    return table.judged(
        difference > SAME,
        f"do not begin with their inputs (they differ by up to {difference.max():.2g})",
        "trajectories begin with their inputs",
    )


BEGINNINGS = Check("first states", _differences, split_by_split(_judge))
