"""The metrics of a run on disk: JSON lines, one record a step, and TensorBoard."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neuralpde.errors import NeuralPDEError

FILE = "metrics.jsonl"
TENSORBOARD = "tensorboard"

Record = Mapping[str, Any]


class MetricsLog:
    """Appends records to ``metrics.jsonl``, one line for each step, numbers that JSON cannot hold as null.

    TensorBoard gets the last record of every `write`. On resuming, what follows ``step`` is removed from both, so that
    no step is told twice. Raises `NeuralPDEError` where the folder cannot be written.
    """

    def __init__(self, folder: Path, step: int = 0, tensorboard: bool = True):
        self._path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            truncate(self._path, step)
            self._file = open(self._path, "a", encoding="utf-8")
        except OSError as error:
            raise NeuralPDEError(f"{self._path} cannot be written ({error}); choose another folder.") from error
        self._board: Any = None
        if tensorboard:
            from tensorboardX import SummaryWriter

            self._board = SummaryWriter(str(folder / TENSORBOARD), purge_step=step + 1 if step else None)

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(self, *exception) -> None:
        with contextlib.suppress(OSError):  # `write` has told that the disk is full
            self._file.close()
        if self._board is not None:
            self._board.close()

    def write(self, records: Sequence[Record]) -> None:
        """Append records in the order of their steps.

        Raises `NeuralPDEError` where the disk is full.
        """
        lines = [json.dumps({key: _json_number(value) for key, value in record.items()}) for record in records]
        try:
            self._file.write("".join(f"{line}\n" for line in lines))
            self._file.flush()
        except OSError as error:
            raise NeuralPDEError(
                f"The metrics could not be written to {self._path} ({error}); free some space and resume the run."
            ) from error
        if self._board is not None and records:
            for name, value in records[-1].items():
                if name != "step":
                    self._board.add_scalar(name, value, records[-1]["step"])


def truncate(path: Path, step: int) -> None:
    """Cut a metrics file after the last record up to ``step``; a half-written last line goes with the rest."""
    if not path.is_file():
        return
    with open(path, "rb+") as file:
        kept = 0
        for line in file:
            if not line.endswith(b"\n") or _step_of(line) > step:
                break
            kept += len(line)
        file.truncate(kept)


def _step_of(line: bytes) -> float:
    try:
        return json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):
        return math.inf


def _json_number(value: Any) -> Any:
    return value if math.isfinite(value) else None
