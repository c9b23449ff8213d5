"""Rows of an HDF5 dataset, whichever are asked for and as fast as the disk gives them."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence

import h5py
import numpy as np

from .placement import aligned_empty


class RowReader:
    """Reads rows of a dataset in any order.

    Where a chunk is one row, as its bytes lie in memory, rows are read from their places in the file: a selection of
    HDF5 takes several times as long as the read of a small sample itself.
    """

    def __init__(self, dataset: h5py.Dataset):
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def read(self, rows: slice | Sequence[int] | np.ndarray) -> np.ndarray:
        """The rows, stacked in the order asked for. Raises ``IndexError`` for rows that do not exist."""
        if isinstance(rows, slice):
            return self.dataset[rows]
        numbers = np.arange(len(self))[np.asarray(rows, int)]
        out = aligned_empty((len(numbers), *self.dataset.shape[1:]), self.dataset.dtype)
        if self._places is None:
            for place, row in enumerate(numbers):
                self.dataset.read_direct(out, np.s_[int(row)], np.s_[place])
        else:
            descriptor = self.dataset.file.id.get_vfd_handle()
            for place, start in enumerate(self._places[numbers].tolist()):
                self._read_bytes(descriptor, out[place : place + 1], start)
        return out

    def _read_bytes(self, descriptor: int, into: np.ndarray, start: int) -> None:
        buffer = memoryview(into.reshape(-1).view(np.uint8))
        while buffer:
            count = os.preadv(descriptor, [buffer], start)
            if count == 0:
                raise OSError(f"the file ends within {self.dataset.name}")
            buffer, start = buffer[count:], start + count

    @functools.cached_property
    def _places(self) -> np.ndarray | None:
        """Where in the file each row begins; None where rows are not whole chunks, or are kept in another form."""
        dataset, row = self.dataset, (1, *self.dataset.shape[1:])
        plain = dataset.chunks == row and dataset.dtype.isnative and dataset.file.driver == "sec2"
        if not plain or dataset.id.get_create_plist().get_nfilters() or dataset.file.userblock_size:
            return None
        places = np.full(len(dataset), -1)
        dataset.id.chunk_iter(lambda chunk: places.__setitem__(chunk.chunk_offset[0], chunk.byte_offset))
        return places if (places >= 0).all() else None
