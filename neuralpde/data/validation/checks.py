"""What a check is: what it measures of every sample, and how it judges the figures of all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from .report import FAILED, NOT_APPLICABLE, OK, Finding, NotApplicable, counted
from .slabs import Slab, Split

Figures = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """The figures of a check on one split: arrays with a leading axis of the samples ``rows``."""

    check: str
    split: Split
    rows: np.ndarray
    figures: Figures

    def finding(self, verdict: str, figure: str) -> Finding:
        return Finding(self.check, self.split.name, verdict, figure)

    def judged(self, bad: np.ndarray, what: str, otherwise: str, verdict: str = FAILED) -> Finding:
        """``verdict`` with the samples that are ``bad``, or ok."""
        if not bad.any():
            return self.finding(OK, otherwise)
        return self.finding(verdict, counted(self.rows[bad], len(self.rows), what))


@dataclasses.dataclass(frozen=True)
class Check:
    """``measure`` gives figures of the samples of a slab, or raises `NotApplicable`; ``judge`` makes findings of the
    tables of all splits that could be measured."""

    name: str
    measure: Callable[[Slab], Figures]
    judge: Callable[[Sequence[Table]], Iterable[Finding]]


def split_by_split(judge: Callable[[Table], Finding]) -> Callable[[Sequence[Table]], Iterator[Finding]]:
    """A judge that looks at one split at a time."""

    def judge_all(tables: Sequence[Table]) -> Iterator[Finding]:
        for table in tables:
            try:
                yield judge(table)
            except NotApplicable as reason:
                yield not_applicable(table.check, table.split.name, reason)

    return judge_all


def not_applicable(check: str, split: str, reason: Exception) -> Finding:
    """The finding that nothing could be judged."""
    return Finding(check, split, NOT_APPLICABLE, " ".join(str(reason).split()))
