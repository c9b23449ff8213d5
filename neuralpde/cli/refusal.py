"""Refusals of what the user wrote: one paragraph that names the mistake and the nearest right name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from neuralpde.errors import NeuralPDEError


class UsageError(NeuralPDEError):
    """The command line or a configuration asks for something that does not exist."""

    exit_code = 2


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like ``name``, or None where none is close.

    A dotted key is compared as a whole and by its last part, so that ``widht`` finds ``model.width``.
    """
    known = sorted(known)
    whole = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if whole:
        return whole[0]
    last = name.rpartition(".")[2]
    by_last: dict[str, str] = {}
    for key in known:
        by_last.setdefault(key.rpartition(".")[2], key)
    close = difflib.get_close_matches(last, by_last, n=1, cutoff=0.75)
    return by_last[close[0]] if close else None


def suggestion(name: str, known: Iterable[str], what: str = "known") -> str:
    """``Did you mean 'width'?``, or the whole list where no name is close and the list is short."""
    known = sorted(known)
    match = nearest(name, known)
    if match is not None:
        return f"Did you mean {match!r}?"
    if len(known) <= 24:
        return f"{what.capitalize()}: {', '.join(known)}."
    return "`neuralpde list` prints what there is."
