"""Samples that are there twice: within a split, and in two of them, where a test set is no test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from neuralpde.data.dataset import as_field

from .checks import Check, Figures, Table
from .report import FAILED, NOT_APPLICABLE, OK, Finding, listed
from .slabs import Slab

SAME = 1e-6
"""Samples are the same where their projections differ by less than this part of their norm: copies, and copies that
went through another rounding."""
_BLOCK = 2**20
_PROJECTIONS = 3
_NEIGHBOURS = 16


def _signature(slab: Slab) -> Figures:
    """Inner products of inputs and targets with fixed noise, and their norms."""
    if slab.split.shared.get("signed") is slab:
        return slab.split.shared["signature"]
    parts = [as_field(part) for part in (slab.sample.inputs, slab.sample.targets)]
    flat = [np.asarray(part.values).reshape(len(slab.rows), -1) for part in parts]
    slab.split.shared["shape"] = tuple(np.shape(part.values)[1:] for part in parts)
    slab.split.shared["signed"] = slab
    slab.split.shared["signature"] = {
        "projections": np.concatenate([_projected(values) for values in flat], 1),
        "norms": np.repeat([[np.linalg.norm(v) for v in values] for values in flat], _PROJECTIONS, axis=0).T,
    }
    return slab.split.shared["signature"]


def _projected(flat: np.ndarray) -> np.ndarray:
    """(sample, size) to (sample, projection); the noise is made anew block by block, so that it is never held."""
    total = np.zeros((len(flat), _PROJECTIONS))
    for block, start in enumerate(range(0, flat.shape[1], _BLOCK)):
        part = flat[:, start : start + _BLOCK]
        noise = np.random.default_rng(block).standard_normal((part.shape[1], _PROJECTIONS), np.float32)
        total += np.real(part) @ noise
    return total


def _judge_within(tables: Sequence[Table]) -> Iterator[Finding]:
    for table in tables:
        pairs = [(int(table.rows[i]), int(table.rows[j])) for i, j in _pairs([table])]
        again = sorted({max(pair) for pair in pairs})
        if again:
            shown = ", ".join(f"{a} = {b}" for a, b in sorted(pairs)[:4])
            yield table.finding(FAILED, f"{len(again)} of {len(table.rows)} samples are copies of others: {shown}")
        else:
            yield table.finding(OK, f"{len(table.rows)} different samples")


def _judge_across(tables: Sequence[Table]) -> Iterator[Finding]:
    if len(tables) < 2:
        for table in tables:
            yield table.finding(NOT_APPLICABLE, "the file has one split")
        return
    for place, table in enumerate(tables):
        notes = []
        for other in tables[:place]:
            if other.split.shared["shape"] != table.split.shared["shape"]:
                continue
            n = len(other.rows)
            shared = sorted({int(table.rows[j - n]) for i, j in _pairs([other, table]) if i < n <= j})
            if shared:
                notes.append(
                    f"{len(shared)} of {len(table.rows)} samples are in {other.split.name} too: {listed(shared)}"
                )
        yield table.finding(FAILED if notes else OK, "; ".join(notes) or "no sample is in an earlier split")


def _pairs(tables: Sequence[Table]) -> Iterator[tuple[int, int]]:
    """Pairs i < j of equal samples of the tables, numbered through; found among neighbours of the sorted projections."""
    projections, norms = (
        np.concatenate([table.figures[name] for table in tables]) for name in ("projections", "norms")
    )
    # Samples often share their inputs: the targets come first in the order.
    order = np.lexsort(projections.T)
    for gap in range(1, min(_NEIGHBOURS, len(order) - 1) + 1):
        a, b = order[:-gap], order[gap:]
        distances = np.abs(projections[a] - projections[b])
        same = (distances <= SAME * np.maximum(norms[a], norms[b])).all(1)
        for i, j in zip(a[same], b[same], strict=True):
            yield int(min(i, j)), int(max(i, j))


DUPLICATES = Check("duplicates", _signature, _judge_within)
LEAKS = Check("shared by splits", _signature, _judge_across)
