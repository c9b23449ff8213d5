"""A data file is looked through, check by check, in one pass over its samples."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from neuralpde.data.dataset import DataError
from neuralpde.data.inspection import OURS, is_ours
from neuralpde.data.readers import detect
from neuralpde.data.store import reading
from neuralpde.errors import ArgumentError

from .beginnings import BEGINNINGS
from .boundaries import BOUNDARIES
from .checks import Check, Figures, Table, not_applicable
from .conservation import CONSERVATION
from .coordinates import COORDINATES, TIMES
from .duplicates import DUPLICATES, LEAKS
from .opening import CHECKSUM, FINITE, LAYOUT, open_others, open_ours, sentence
from .report import FAILED, OK, Finding, NotApplicable, Validation, counted
from .resolution import RESOLUTION, noted
from .slabs import Slab, Split, UnreadableError
from .solving import EQUATION
from .values import CONSTANT, OUTLIERS, PARAMETERS

CHECKS: tuple[Check, ...] = (
    TIMES,
    COORDINATES,
    CONSTANT,
    OUTLIERS,
    DUPLICATES,
    LEAKS,
    PARAMETERS,
    BEGINNINGS,
    BOUNDARIES,
    CONSERVATION,
    EQUATION,
)
"""What is checked of samples that are finite; a new check has its place here."""


def validate_file(path: str | os.PathLike) -> Validation:
    """Check a file of ours or of others for what makes data wrong: layout, checksum, NaN, times and coordinates,
    constant fields, outliers, duplicates and samples that splits share, parameters, boundary values, conservation, and
    the equation itself: where the file states it, every sample is solved again in part.

    Samples are read a few at a time, so the file may be larger than memory. What cannot be judged is not applicable,
    with the reason. Raises `DataError` where there is no such file.
    """
    place = Path(path)
    if not place.is_file():
        raise DataError(f"There is no file {place}; name one file (a folder holds many).")
    schema = "unknown"
    try:
        if is_ours(place):
            schema = OURS
            with reading(place) as file:
                findings = _checked(*open_ours(file))
        else:
            schema = detect(place)
            findings = _checked(*open_others(place, schema))
    except DataError as error:
        findings = [Finding(LAYOUT, "all", FAILED, sentence(error))]
    order = (LAYOUT, CHECKSUM, FINITE, *(check.name for check in CHECKS), RESOLUTION)
    return Validation(str(place), schema, tuple(sorted(findings, key=lambda found: order.index(found.check))))


def _checked(splits: Sequence[Split], findings: list[Finding]) -> list[Finding]:
    """All findings on open splits, after those made when they were opened."""
    tables: dict[str, list[Table]] = {check.name: [] for check in CHECKS}
    for split in splits:
        measured, reasons = _measured(split)
        for check in CHECKS:
            if check.name in measured:
                tables[check.name].append(measured[check.name])
        findings = findings + reasons + [_finite(split)]
    for check in CHECKS:
        findings = findings + list(check.judge(tables[check.name]))
    return findings + (noted(splits[0].provenance) if splits else [])


def _finite(split: Split) -> Finding:
    if split.not_finite:
        return Finding(
            FINITE, split.name, FAILED, counted(split.not_finite, split.source.count, "hold NaN or infinity")
        )
    return Finding(FINITE, split.name, OK, f"{split.source.count} samples")


def _measured(split: Split) -> tuple[dict[str, Table], list[Finding]]:
    """The figures of every check that applies, and the reasons of those that do not."""
    figures: dict[str, list[Figures]] = {check.name: [] for check in CHECKS}
    rows: list[np.ndarray] = []
    reasons: dict[str, Finding] = {}
    try:
        for slab in split.slabs():
            rows.append(slab.rows)
            for check in CHECKS:
                if check.name not in reasons:
                    _measure(check, slab, figures[check.name], reasons)
    except UnreadableError as error:
        reasons[LAYOUT] = Finding(LAYOUT, split.name, FAILED, sentence(error))
    kept = [check for check in CHECKS if figures[check.name] and check.name not in reasons]
    numbers = np.concatenate(rows) if rows else np.zeros(0, int)
    tables = {c.name: Table(c.name, split, numbers, _stacked(figures[c.name])) for c in kept}
    return tables, list(reasons.values())


def _measure(check: Check, slab: Slab, figures: list[Figures], reasons: dict[str, Finding]) -> None:
    try:
        figures.append(check.measure(slab))
    except (NotApplicable, ArgumentError, NotImplementedError) as reason:
        reasons[check.name] = not_applicable(check.name, slab.split.name, reason)


def _stacked(slabs: Iterable[Figures]) -> Figures:
    slabs = list(slabs)
    return {name: np.concatenate([slab[name] for slab in slabs]) for name in slabs[0]}
