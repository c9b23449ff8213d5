"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import io
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from neuralpde.errors import NeuralPDEError

from .dataset import DataError

_ABANDONED = 3600.0  # seconds without a write after which a partial file belongs to a process that was killed


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[PartialFile]:
    """A file beside ``path`` that takes its place once all of it is on the disk, and vanishes on an error.

    Raises `DataError` where the disk refuses it.
    """
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        with PartialFile(partial, "w+b") as file:
            try:
                yield file
            finally:
                file.check()
            os.fsync(file.fileno())
        os.replace(partial, path)
        _sync_folder(path.parent)
    except NeuralPDEError:
        raise
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{path} could not be written: {error}. What was there before is unchanged. Make room on the disk, or "
            "choose another folder (of datasets: NEURALPDE_DATASETS)."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


class PartialFile(io.FileIO):
    """A file that keeps its first failure to itself until it is asked.

    HDF5 cannot close a file to which it cannot write: it fails again at every attempt, up to the end of the
    process. So it is given this one, which after a failure accepts and drops what comes, and the writer
    calls `check`.
    """

    failure: OSError | None = None

    def check(self) -> None:
        """Raises the failure, if there was one."""
        if self.failure is not None:
            raise self.failure

    def write(self, data) -> int:
        left = memoryview(data).cast("B")
        size = len(left)
        while left and self.failure is None:
            try:
                left = left[super().write(left) :]
            except OSError as error:
                self.failure = error
        return size

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.failure = self.failure or error
            return self.tell() if size is None else size


def _remove_abandoned(path: Path) -> None:
    """Remove what killed processes left beside ``path``."""
    for partial in path.parent.glob(f"{glob.escape(path.name)}.*.partial"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - partial.stat().st_mtime > _ABANDONED:
                partial.unlink()


def _sync_folder(folder: Path) -> None:
    """Wait until the new name of a file is on the disk."""
    if os.name == "nt":
        return  # folders cannot be opened there
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
