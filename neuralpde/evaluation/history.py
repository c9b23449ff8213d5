"""The metrics file of a run: JSON lines, one record a log step or an evaluation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

Record = dict[str, Any]


def read_metrics(path: str | Path) -> list[Record]:
    """The records of a ``metrics.jsonl`` in the order of the file.

    Lines that are no JSON object with a whole ``step`` are left out: a run that was killed while it wrote
    leaves a truncated last line, which must not hide the others. A file that is absent holds no records.
    """
    path = Path(path)
    if not path.is_file():
        return []
    records = [_parse(line) for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    return [record for record in records if record is not None]


def series(records: Sequence[Record], key: str) -> tuple[Int[np.ndarray, " record"], Float[np.ndarray, " record"]]:
    """Steps, ascending, and the values of one key, from the records that have a number there.

    A resumed run writes some steps twice; the last value counts.
    """
    values = {record["step"]: record[key] for record in records if _is_number(record.get(key))}
    steps = sorted(values)
    return np.asarray(steps, np.int64), np.asarray([values[step] for step in steps], np.float64)


def _parse(line: str) -> Record | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    is_record = isinstance(record, dict) and isinstance(record.get("step"), int)
    return record if is_record else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
