"""Batches read from the file while the device computes, for sets that do not fit in its memory.

The order is that of `DeviceLoader` for the same key: a batch is a function of the step alone, so a run may
change between the two, or resume at any step.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Iterator

import jax
import numpy as np
from jax.sharding import NamedSharding
from jaxtyping import PRNGKeyArray

from neuralpde.spaces import Sample

from .loader import batch_indices, check_batch_size
from .placement import put_on_device
from .store import open_split, reading
from .stored import StoredSample


class StreamLoader:
    """Batches of one split of a dataset file; a thread reads them and moves them to the device in advance.

    ``split`` is ``train``, ``validation`` or ``test/LABEL``. Up to ``ahead`` batches wait in memory.
    With a ``sharding`` over the sample axis every device receives its own rows. Floating-point arrays are
    cast to ``dtype`` (the default float where left out).

    Raises `DataError` for a bad file, when it is opened or when a batch is read.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        batch_size: int,
        *,
        key: PRNGKeyArray,
        split: str = "train",
        sharding: NamedSharding | None = None,
        dtype=None,
        ahead: int = 2,
        verify: bool = True,
    ):
        self.path, self.split, self.batch_size, self.key = path, split, batch_size, key
        self.sharding, self.dtype, self.ahead = sharding, dtype, ahead
        with reading(path) as file:
            self.count = open_split(file, split, verify).count
        check_batch_size(batch_size, self.count)
        self._indices = jax.jit(lambda step: batch_indices(step, key, self.count, batch_size))

    @property
    def steps_per_epoch(self) -> int:
        return self.count // self.batch_size

    def batches(self, start: int = 0, stop: int | None = None) -> Iterator[Sample]:
        """The batches of the steps ``start, start + 1, ...``, for ever or up to ``stop``.

        The reading thread ends when the iterator is exhausted or closed.
        """
        ready: queue.Queue = queue.Queue(maxsize=self.ahead)
        ended = threading.Event()
        arguments = (start, stop, ready, ended)
        reader = threading.Thread(target=self._read, args=arguments, name="neuralpde-stream", daemon=True)
        reader.start()
        try:
            while True:
                batch = ready.get()
                if isinstance(batch, BaseException):
                    raise batch
                if batch is None:
                    return
                yield batch
        finally:
            ended.set()
            with contextlib.suppress(queue.Empty):
                while True:
                    ready.get_nowait()
            reader.join()

    def _read(self, start: int, stop: int | None, ready: queue.Queue, ended: threading.Event) -> None:
        """Fill the queue: batches, then None at the end or the error that stopped the reading."""
        last: BaseException | None = None
        try:
            with reading(self.path) as file:
                stored = open_split(file, self.split, verify=False)
                step = start
                while not ended.is_set() and (stop is None or step < stop):
                    _offer(self._load(stored, step), ready, ended)
                    step += 1
        except BaseException as error:  # to be raised where the batches are used
            last = error
        _offer(last, ready, ended)

    def _load(self, stored: StoredSample, step: int) -> Sample:
        batch = stored.read(np.asarray(self._indices(step)))
        return put_on_device(batch, self.sharding, self.dtype)


def _offer(item: Sample | BaseException | None, ready: queue.Queue, ended: threading.Event) -> None:
    """Put an item in the queue, unless nobody will take it any more."""
    while not ended.is_set():
        with contextlib.suppress(queue.Full):
            ready.put(item, timeout=0.1)
            return
