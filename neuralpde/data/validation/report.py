"""What is found in a data file: one verdict a check and split, with the figure that shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

OK, WARNING, FAILED, NOT_APPLICABLE = "ok", "warning", "FAILED", "not applicable"
ROUNDING = 1e-5
"""A relative difference that single precision explains."""
_NAMED = 8


@dataclasses.dataclass(frozen=True)
class Finding:
    """The verdict of one check on one split: ``ok``, ``warning``, ``FAILED`` or ``not applicable``; ``figure`` says what
    was measured, or why nothing was."""

    check: str
    split: str
    verdict: str
    figure: str


@dataclasses.dataclass(frozen=True)
class Validation:
    """What `validate_file` found, check by check."""

    path: str
    schema: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed; warnings count as passed."""
        return not self.failed

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed somewhere, in order."""
        return tuple(dict.fromkeys(found.check for found in self.findings if found.verdict == FAILED))


class NotApplicable(Exception):
    """Raised by a check that cannot judge a split; the message says why."""


def listed(rows: Sequence[int] | np.ndarray) -> str:
    """``4, 17, 63``, and how many more."""
    shown = ", ".join(str(int(row)) for row in rows[:_NAMED])
    return shown + (f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else "")


def counted(rows: Sequence[int] | np.ndarray, count: int, what: str) -> str:
    """``3 of 100 samples hold NaN: 4, 17, 63``."""
    return f"{len(rows)} of {count} samples {what}: {listed(rows)}"
