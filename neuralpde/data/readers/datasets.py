"""Datasets from sources: which samples, which pairs, under which names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from neuralpde.data.dataset import DataError, Dataset
from neuralpde.data.folders import external_folder
from neuralpde.data.source import SampleSource, in_host_memory

from .foreign import ForeignSource

Pairing = Callable[[Any], SampleSource]
"""From trajectories to pairs: `frames` and `initial_to_final`, or a function like these."""


def make_dataset(
    name: str,
    splits: Mapping[str, ForeignSource],
    counts: Mapping[str, int | None],
    pairs: Pairing | None,
    tests: Sequence[ForeignSource] = (),
) -> Dataset:
    """The splits ``train``, ``validation`` and ``test`` in memory, the first ``counts`` samples of each; ``tests`` are
    the test set at other resolutions.

    Raises `DataError` where a split has fewer samples than asked for.
    """
    made = {split: _made(name, split, source, counts.get(split), pairs) for split, source in splits.items()}
    others = {resolution(source): _made(name, "test", source, counts.get("test"), pairs) for source in tests}
    return Dataset(
        name=name,
        train=made["train"],
        validation=made.get("validation"),
        test=({resolution(splits["test"]): made["test"]} if "test" in made else {}) | others,
        provenance={
            "source": splits["train"].schema,
            "files": {split: [file.home.path.name for file in source.files] for split, source in splits.items()},
            "stride": splits["train"].stride,
            "time_stride": splits["train"].time_stride,
        },
    )


def _made(name: str, split: str, source: ForeignSource, count: int | None, pairs: Pairing | None):
    if count is not None and not 1 <= count <= source.count:
        raise DataError(
            f"{name}: {split}={count} samples are asked for and {source.where} holds {source.count} for {split}; ask "
            "for 1 to as many."
        )
    chosen = source.part(None, count)
    return in_host_memory(chosen if pairs is None else pairs(chosen))


def resolution(source: ForeignSource) -> str:
    """The label of a test set: ``"64"``, or ``"96x192"`` where axes differ."""
    shape = source.on.shape
    return str(shape[0]) if len(set(shape)) == 1 else "x".join(map(str, shape))


def found(path: str | os.PathLike) -> Path:
    """A file or folder: as named, or below the folder of data made by others. Raises `DataError`."""
    places = (Path(path).expanduser(), external_folder() / path)
    for place in places:
        if place.exists():
            return place
    raise DataError(f"There is no file or folder {places[0]}, nor {places[1]}. Check the path.")


def listed(path: str | os.PathLike | Sequence[str]) -> list[Path]:
    """The files that are meant: one, several, or those of a folder, in the order of their names."""
    if not isinstance(path, str | os.PathLike):
        return [one for entry in path for one in listed(entry)]
    place = found(path)
    if not place.is_dir():
        return [place]
    files = sorted(one for one in place.iterdir() if one.is_file() and not one.name.startswith("."))
    if not files:
        raise DataError(f"The folder {place} holds no files; name one that does.")
    return files
