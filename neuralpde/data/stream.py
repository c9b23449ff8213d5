"""Batches read from files while the device computes, for sets that do not fit in its memory.

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
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding
from jaxtyping import PRNGKeyArray

from neuralpde.spaces import Sample

from .loader import batch_indices, check_batch_size
from .placement import put_rows_on_devices, rows_of_this_process
from .source import SampleSource
from .store import open_split, reading

_BLOCK = 64  # steps whose batches are drawn at a time


class StreamLoader:
    """Batches of a source of samples; a thread reads them and moves them to the device in advance.

    ``source`` is a dataset file of ours, of which ``split`` names the part (``train``, ``validation`` or
    ``test/LABEL``), or anything that counts and reads samples (`SampleSource`): files of others, pairs made from
    them. Up to ``ahead`` batches wait in memory. With a ``sharding`` over the sample axis every device receives its
    own rows, and every process reads those of its own devices only. Floating-point arrays are cast to ``dtype``
    (the default float where left out). ``verify`` compares a file of ours with its checksum first.

    Raises `DataError` for a bad file, when it is opened or when a batch is read.
    """

    def __init__(
        self,
        source: str | os.PathLike | SampleSource,
        batch_size: int,
        *,
        key: PRNGKeyArray,
        split: str = "train",
        sharding: NamedSharding | None = None,
        dtype=None,
        ahead: int = 2,
        verify: bool = True,
    ):
        self.source, self.split, self.batch_size, self.key = source, split, batch_size, key
        self.sharding, self.dtype, self.ahead = sharding, dtype, ahead
        with self._opened(verify) as opened:
            self.count = opened.count
        check_batch_size(batch_size, self.count)
        self._block = (-1, np.zeros((0, batch_size), int))
        self._orders = jax.jit(
            lambda first: jax.vmap(lambda i: batch_indices(first + i, key, self.count, batch_size))(jnp.arange(_BLOCK))
        )

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
            with self._opened() as opened:
                step = start
                while not ended.is_set() and (stop is None or step < stop):
                    _offer(self._load(opened, step), ready, ended)
                    step += 1
        except BaseException as error:  # to be raised where the batches are used
            last = error
        _offer(last, ready, ended)

    @contextlib.contextmanager
    def _opened(self, verify: bool = False) -> Iterator[SampleSource]:
        """The source; a file of ours stays open for as long as it is read."""
        if not isinstance(self.source, str | os.PathLike):
            yield self.source
            return
        with reading(self.source) as file:
            yield open_split(file, self.split, verify)

    def _rows(self, step: int) -> np.ndarray:
        """Which samples make the batch of a step; asked for one at a time they would cost more than to read them."""
        number, place = divmod(step, _BLOCK)
        block = self._block
        if block[0] != number:
            block = self._block = (number, np.asarray(self._orders(number * _BLOCK)))
        return block[1][place]

    def _load(self, opened: SampleSource, step: int) -> Sample:
        rows = self._rows(step)
        ours = rows_of_this_process(self.sharding, self.batch_size)
        return put_rows_on_devices(opened.read(rows[ours]), ours, self.batch_size, self.sharding, self.dtype)


def _offer(item: Sample | BaseException | None, ready: queue.Queue, ended: threading.Event) -> None:
    """Put an item in the queue, unless nobody will take it any more."""
    while not ended.is_set():
        with contextlib.suppress(queue.Full):
            ready.put(item, timeout=0.1)
            return
