"""Reader of ``.ts`` files, in which sktime, aeon and the UEA and UCR archives keep time series."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from neuralpde.data.dataset import DataError
from neuralpde.data.readers.files import reading_file
from neuralpde.spaces import IrregularSeries

from .batching import stack_series
from .dataset import SeriesDataset, SeriesSample

KIND = "a time series file (.ts)"
FLAGS = ("timestamps", "missing", "univariate", "equallength")
LABELS = ("classlabel", "targetlabel")


@dataclasses.dataclass(frozen=True)
class SeriesFile:
    """What a ``.ts`` file holds: series of their own lengths, a label for each, and the classes of its header.

    Labels are texts where there are classes, numbers where there is a target, and None where there is neither.
    """

    name: str
    series: list[IrregularSeries]
    labels: list[str] | np.ndarray | None
    classes: tuple[str, ...] | None


@dataclasses.dataclass(frozen=True)
class _Header:
    name: str
    timestamps: bool
    univariate: bool
    dimensions: int | None
    length: int | None
    labelled: str | None
    classes: tuple[str, ...] | None
    first: int  # number of the line after @data


def read_ts(path: str | os.PathLike) -> SeriesFile:
    """The series of a ``.ts`` file; ``?`` and ``NaN`` are missing values. Without time stamps times are 0, 1, 2, ...

    Raises `DataError` with the number of the line where the file is not what its header says.
    """
    path = Path(path)
    with reading_file(path, KIND):
        lines = path.read_text(encoding="utf-8").splitlines()
    header = _header(path, lines)
    series, labels = [], []
    for number, line in enumerate(lines[header.first :], header.first + 1):
        if line.strip() and not line.startswith("#"):
            refuse = lambda found, expected, n=number: _refused(path, n, found, expected)
            one, label = _case(line.strip(), header, refuse)
            series.append(one)
            labels.append(label)
    if not series:
        raise _refused(path, header.first, "nothing follows @data", "one line for each series")
    if header.labelled == "targetlabel":
        return SeriesFile(header.name, series, np.array(labels, float), None)
    return SeriesFile(header.name, series, labels if header.classes else None, header.classes)


def uea(
    train: str | os.PathLike, test: str | os.PathLike, validation: float = 0.0, seed: int = 0, size: int | None = None
) -> SeriesDataset:
    """The two ``.ts`` files of a data set of the UEA or UCR archive, their series padded to one size.

    A share ``validation`` of the series of the first file, drawn by ``seed``, is set apart. Raises `DataError` where
    the files disagree about channels or classes, or have no labels.
    """
    learnt, tested = read_ts(train), read_ts(test)
    if learnt.labels is None or learnt.classes != tested.classes or _channels(learnt) != _channels(tested):
        raise DataError(
            f"{train} has classes {learnt.classes} and {_channels(learnt)} channels, {test} has {tested.classes} and "
            f"{_channels(tested)}; expected labels, and the same in both. Name the two files of one data set."
        )
    size = max(len(s) for s in (*learnt.series, *tested.series)) if size is None else size
    order = np.random.default_rng(seed).permutation(len(learnt.series))
    apart = round(validation * len(order))
    names = tuple(f"c{i}" for i in range(_channels(learnt)))
    return SeriesDataset(
        learnt.name,
        train=_samples(learnt, np.sort(order[apart:]), size),
        validation=_samples(learnt, np.sort(order[:apart]), size) if apart else None,
        test=_samples(tested, np.arange(len(tested.series)), size),
        names=names,
        classes=learnt.classes,
        provenance={"train": Path(train).name, "test": Path(test).name, "validation": validation, "seed": seed},
    )


def _samples(file: SeriesFile, rows: np.ndarray, size: int) -> SeriesSample:
    stacked = stack_series([file.series[i] for i in rows], size)
    labels = np.asarray(file.labels)[rows]
    if file.classes is None:
        return SeriesSample(stacked, labels[:, None])
    return SeriesSample(stacked, np.array([file.classes.index(label) for label in labels]))


def _channels(file: SeriesFile) -> int:
    return file.series[0].channels


def _refused(path: Path, line: int, found: str, expected: str) -> DataError:
    return DataError(f"{path}, line {line}: {found}; expected {expected}. Fetch the file again, or mend that line.")


def _header(path: Path, lines: Sequence[str]) -> _Header:
    """The entries before @data; their names are not case sensitive."""
    entries: dict[str, list[str]] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        key = words[0].lower()
        if key == "@data":
            return _told(path, number, entries)
        if not key.startswith("@"):
            raise _refused(
                path, number, f"{line[:40]!r} comes before @data", "entries of a header, such as @univariate true"
            )
        entries[key[1:]] = words[1:]
        if key[1:] in (*FLAGS, *LABELS) and (not words[1:] or words[1].lower() not in ("true", "false")):
            raise _refused(path, number, f"{key} is {' '.join(words[1:]) or 'empty'}", "true or false")
        if key in ("@dimensions", "@dimension", "@serieslength") and not "".join(words[1:2]).isdigit():
            raise _refused(path, number, f"{key} is {' '.join(words[1:]) or 'empty'}", "a whole number")
    raise _refused(path, len(lines), "the file ends without @data", "a header, @data, and then the series")


def _told(path: Path, number: int, entries: dict[str, list[str]]) -> _Header:
    flag = lambda key, default: entries.get(key, [default])[0].lower() == "true"
    whole = lambda *keys: next((int(entries[key][0]) for key in keys if key in entries), None)
    labelled = next((key for key in LABELS if flag(key, "false")), None)
    classes = tuple(entries["classlabel"][1:]) if labelled == "classlabel" else None
    if classes == ():
        raise _refused(path, number, "@classLabel is true and names no class", "the classes after it")
    univariate = flag("univariate", "true")
    return _Header(
        name=" ".join(entries.get("problemname", [path.stem])),
        timestamps=flag("timestamps", "false"),
        univariate=univariate,
        dimensions=1 if univariate else whole("dimensions", "dimension"),
        length=whole("serieslength") if flag("equallength", "false") else None,
        labelled=labelled,
        classes=classes,
        first=number,
    )


def _case(line: str, header: _Header, refuse: Callable[[str, str], DataError]) -> tuple[IrregularSeries, str | float]:
    """One line: the channels and the label, with colons between them."""
    *channels, label = line.split(":") if header.labelled else [*line.split(":"), ""]
    if not channels or (header.dimensions is not None and len(channels) != header.dimensions):
        raise refuse(
            f"there are {len(channels)} channels", f"{header.dimensions or 'one or more'}, and a label at the end"
        )
    if header.classes is not None and label.strip() not in header.classes:
        raise refuse(f"the label is {label.strip()!r}", f"one of {', '.join(header.classes)}")
    if header.labelled == "targetlabel":
        label = _number(label, refuse)
    read = _with_stamps if header.timestamps else _without_stamps
    times, values = read([channel.strip() for channel in channels], refuse)
    if header.length is not None and len(times) != header.length:
        raise refuse(f"the series has {len(times)} entries", f"{header.length}, as @seriesLength says")
    return IrregularSeries(times, values), label.strip() if isinstance(label, str) else label


def _without_stamps(channels: Sequence[str], refuse) -> tuple[np.ndarray, np.ndarray]:
    columns = [[_number(word, refuse) for word in channel.split(",")] for channel in channels]
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise refuse(f"its channels have {sorted(lengths)} values", "as many in each; series without times share them")
    return np.arange(float(lengths.pop())), np.array(columns).T


def _with_stamps(channels: Sequence[str], refuse) -> tuple[np.ndarray, np.ndarray]:
    """Channels of pairs (time, value), each with times of its own, on the union of these."""
    pairs = [[_pair(text, refuse) for text in channel.strip("()").split("),(")] for channel in channels]
    times = np.unique([t for channel in pairs for t, _ in channel])
    values = np.full((len(times), len(channels)), np.nan)
    for i, channel in enumerate(pairs):
        stamps = [t for t, _ in channel]
        if len(set(stamps)) != len(stamps):
            raise refuse(f"channel {i + 1} has a time twice", "each time once")
        values[np.searchsorted(times, stamps), i] = [x for _, x in channel]
    return times, values


def _pair(text: str, refuse) -> tuple[float, float]:
    words = text.split(",")
    if len(words) != 2:
        raise refuse(f"{text[:40]!r} is no pair", "(time,value) with commas between the pairs")
    time = _number(words[0], refuse)
    if not np.isfinite(time):
        raise refuse(f"{words[0]!r} is no time", "a number")
    return time, _number(words[1], refuse)


def _number(word: str, refuse) -> float:
    word = word.strip()
    if word == "?":
        return np.nan
    try:
        return float(word)
    except ValueError:
        raise refuse(f"{word[:40]!r} is no number", "numbers, or ? where a value is missing") from None
