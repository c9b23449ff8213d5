"""Reader of the records of the PhysioNet Computing in Cardiology Challenge 2012: intensive care, 48 hours each."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neuralpde.data.dataset import DataError
from neuralpde.data.readers.files import reading_file
from neuralpde.spaces import IrregularSeries

from .batching import stack_series
from .dataset import SeriesDataset, SeriesSample

STATIC = ("Age", "Gender", "Height", "ICUType")
CHANNELS = (
    *("Albumin", "ALP", "ALT", "AST", "Bilirubin", "BUN", "Cholesterol", "Creatinine", "DiasABP", "FiO2", "GCS"),
    *("Glucose", "HCO3", "HCT", "HR", "K", "Lactate", "Mg", "MAP", "MechVent", "Na", "NIDiasABP", "NIMAP", "NISysABP"),
    *("PaCO2", "PaO2", "pH", "Platelets", "RespRate", "SaO2", "SysABP", "Temp", "TroponinI", "TroponinT", "Urine"),
    *("WBC", "Weight"),
)
UNITS = 4
"""Kinds of intensive care unit, ICUType 1 to 4."""


def read_record(path: str | os.PathLike, quantum: float | None = None) -> IrregularSeries:
    """One record, a text of ``Time,Parameter,Value`` with times ``hh:mm``; times in hours.

    Channels are the 37 of the challenge, values that share time and channel are averaged; of ``static`` age, gender and
    height are NaN where the record says -1, then the kind of unit as one of four. ``quantum``: times are rounded to
    multiples of it, hours. Raises `DataError` with the number of the line where the text is something else.
    """
    path = Path(path)
    static = dict.fromkeys(STATIC, np.nan)
    measured: dict[float, dict[int, list[float]]] = {}
    for number, (time, name, value) in _rows(path, ("Time", "Parameter", "Value")):
        hours, amount = _hours(path, number, time), _number(path, number, value)
        if name in STATIC:
            static[name] = np.nan if amount == -1 else amount
        elif name in CHANNELS:
            if amount == -1 and name == "Weight":  # the record does not know it
                continue
            hours = hours if quantum is None else round(hours / quantum) * quantum
            measured.setdefault(hours, {}).setdefault(CHANNELS.index(name), []).append(amount)
        elif name not in ("RecordID", ""):
            raise _refused(path, number, f"there is no parameter {name!r}", "one of the challenge of 2012")
    times = sorted(measured) or [0.0]
    values = np.full((len(times), len(CHANNELS)), np.nan)
    for row, hours in enumerate(times):
        for channel, amounts in measured.get(hours, {}).items():
            values[row, channel] = np.mean(amounts)
    unit = np.arange(1, UNITS + 1) == static["ICUType"]
    return IrregularSeries(np.array(times), values, np.array([*(static[name] for name in STATIC[:3]), *unit], float))


def read_outcomes(path: str | os.PathLike) -> dict[int, int]:
    """Whether each patient died in hospital, by the number of the record, from a file such as ``Outcomes-a.txt``."""
    path = Path(path)
    columns = ("RecordID", "SAPS-I", "SOFA", "Length_of_stay", "Survival", "In-hospital_death")
    return {
        int(_number(path, number, row[0])): int(_number(path, number, row[-1])) for number, row in _rows(path, columns)
    }


def physionet_2012(
    folder: str | os.PathLike,
    outcomes: str | os.PathLike,
    test: float = 0.2,
    validation: float = 0.0,
    quantum: float | None = 0.016,
    seed: int = 0,
) -> SeriesDataset:
    """Death in hospital from the records of a folder (``set-a``) and their outcomes, split at random by ``seed``.

    Missing age or height is the mean of the records. Values are in the units of the challenge: prepare them with
    ``standardize``. Raises `DataError` where the folder has no records, or one without outcome.
    """
    paths = sorted(Path(folder).glob("*.txt"))
    died = read_outcomes(outcomes)
    unknown = [path.name for path in paths if not path.stem.isdigit() or int(path.stem) not in died]
    if not paths or unknown:
        raise DataError(
            f"{folder} has {len(paths)} records, and {outcomes} no outcome for {unknown[:3]}; expected NUMBER.txt for "
            "each record, and its number among the outcomes. Name the folder and the outcomes of the same set."
        )
    series = _with_statics([read_record(path, quantum) for path in paths])
    size = max(2, *(len(s) for s in series))
    order = np.random.default_rng(seed).permutation(len(paths))
    apart, tested = round(validation * len(paths)), max(1, round(test * len(paths)))

    def samples(rows: np.ndarray) -> SeriesSample:
        return SeriesSample(
            stack_series([series[i] for i in rows], size), np.array([died[int(paths[i].stem)] for i in rows])
        )

    return SeriesDataset(
        "physionet_2012",
        train=samples(np.sort(order[tested + apart :])),
        validation=samples(np.sort(order[tested : tested + apart])) if apart else None,
        test=samples(np.sort(order[:tested])),
        names=CHANNELS,
        classes=("survived", "died"),
        provenance={"records": len(paths), "quantum": quantum, "seed": seed},
    )


def _with_statics(series: list[IrregularSeries]) -> list[IrregularSeries]:
    statics = np.stack([np.asarray(s.static) for s in series])
    known = np.where(np.isnan(statics).all(axis=0), 0.0, statics)
    filled = np.where(np.isnan(statics), np.nanmean(known, axis=0), statics)
    deviation = filled.std(axis=0)
    scaled = (filled - filled.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    return [IrregularSeries(s.times, s.values, np.asarray(row)) for s, row in zip(series, scaled, strict=True)]


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """The lines after the first, which must name the columns, with their numbers."""
    with reading_file(path, "a text of comma separated values"):
        lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    if not lines or tuple(word.strip() for word in lines[0]) != columns:
        raise _refused(path, 1, f"the columns are {','.join(lines[0]) if lines else 'absent'!r}", ",".join(columns))
    for number, row in enumerate(lines[1:], 2):
        if row and len(row) != len(columns):
            raise _refused(path, number, f"there are {len(row)} entries", f"{len(columns)}: {','.join(columns)}")
        if row:
            yield number, [word.strip() for word in row]


def _hours(path: Path, number: int, time: str) -> float:
    hours, _, minutes = time.partition(":")
    if not (hours.isdigit() and minutes.isdigit() and int(minutes) < 60):
        raise _refused(path, number, f"the time is {time!r}", "hours and minutes, hh:mm")
    return int(hours) + int(minutes) / 60


def _number(path: Path, number: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _refused(path, number, f"{text!r} is no number", "a number") from None


def _refused(path: Path, line: int, found: str, expected: str) -> DataError:
    return DataError(f"{path}, line {line}: {found}; expected {expected}. Fetch the file again, or mend that line.")
