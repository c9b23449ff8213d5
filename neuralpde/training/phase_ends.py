"""What became of the phases of a run, for people."""

from __future__ import annotations

import dataclasses
from typing import Any

from .phases import PhaseProgress
from .stopping import in_words


@dataclasses.dataclass(frozen=True)
class PhaseEnd:
    """A phase that made the steps ``first + 1, ..., last``; ``reason`` says why it stopped before its steps were over.

    ``reason`` is None for a phase that made all of its steps, and for one that the end of the run cut short.
    """

    first: int
    last: int
    reason: str | None


def phase_ends(progress: PhaseProgress, step: int, dtype: Any) -> tuple[PhaseEnd, ...]:
    """The phases begun by ``step``, in their order; ``dtype`` is that of the parameters."""
    index, first, found = int(progress.index), 0, []
    for i, (end, reason) in enumerate(zip(progress.ends.tolist(), progress.reasons.tolist(), strict=True)):
        if i > index or (i == index and first == step):
            break
        last = end if i < index else step
        found.append(PhaseEnd(first, last, in_words(reason, dtype)))
        first = last
    return tuple(found)
