"""The splits of a file, opened for reading, and what is already wrong there."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py

from neuralpde.data.checks import NotFiniteError
from neuralpde.data.inspection import split_names
from neuralpde.data.readers import open_foreign
from neuralpde.data.readers.files import children
from neuralpde.data.readers.pdearena import SPLITS
from neuralpde.data.source import SampleSource
from neuralpde.data.store import open_split
from neuralpde.data.stored import StoredSample

from .report import FAILED, NOT_APPLICABLE, OK, Finding
from .slabs import DAMAGE, Split

LAYOUT, CHECKSUM, FINITE = "layout", "checksum", "finite values"

Opened = tuple[list[Split], list[Finding]]


def sentence(error: BaseException) -> str:
    """An error on one line."""
    return " ".join(str(error).split())


def open_ours(file: h5py.File) -> Opened:
    """The splits of an open file of ours, with the verdicts on their layout and checksums."""
    provenance = json.loads(str(file.attrs["provenance"]))
    splits, findings = _opened(split_names(file), lambda name: open_split(file, name, verify=False), provenance)
    return splits, findings + [_checksum(split) for split in splits]


def open_others(place: Path, schema: str) -> Opened:
    """The splits of a file of others."""
    names = _splits_of_others(place, schema)
    splits, findings = _opened(names, lambda name: open_foreign(place, "train" if name == "all" else name), None)
    return splits, findings + [Finding(CHECKSUM, s.name, NOT_APPLICABLE, f"{schema} has none") for s in splits]


def _opened(names: tuple[str, ...], opener: Callable[[str], SampleSource], provenance: dict | None) -> Opened:
    splits, findings = [], []
    for name in names:
        try:
            source = opener(name)
        except NotFiniteError as error:
            findings.append(Finding(FINITE, name, FAILED, sentence(error)))
        except DAMAGE as error:
            findings.append(Finding(LAYOUT, name, FAILED, sentence(error)))
        else:
            splits.append(Split(name, source, provenance or {}, ours=provenance is not None))
            findings.append(Finding(LAYOUT, name, OK, "every array is there and has its shape"))
    return splits, findings


def _splits_of_others(place: Path, schema: str) -> tuple[str, ...]:
    if schema == "PDEArena":
        with h5py.File(place, "r") as file:
            return tuple(name for name, group in SPLITS.items() if group in children(file))
    if schema == "DeepXDE":
        with zipfile.ZipFile(place) as archive:
            named = tuple(name for name in ("train", "test") if f"X_{name}0.npy" in archive.namelist())
        return named or ("all",)
    return ("all",)


def _checksum(split: Split) -> Finding:
    source = split.source
    assert isinstance(source, StoredSample)
    try:
        source.verify()
    except DAMAGE as error:
        return Finding(CHECKSUM, split.name, FAILED, sentence(error))
    return Finding(CHECKSUM, split.name, OK, "all arrays are as they were written")
