"""Generation of datasets: chunk by chunk on the device, in float64, with a bar that tells the time left."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from neuralpde.spaces import Field, Grid

from .dataset import DataError

Advance = Callable[[int], None]
Bars = Callable[[str, int], Advance]

_SPLITS = {"train": 0, "validation": 1, "test": 2}
_CELLS = {"cpu": 2**16}
_CELLS_OF_ACCELERATOR = 2**22


def generate(make_batch: Callable[[Array], Any], keys: Key[Array, " n"], chunk: int, advance: Advance) -> Any:
    """``make_batch`` applied to all keys, ``chunk`` at a time, in float64; results are stacked numpy arrays.

    ``make_batch`` is a compiled function of ``chunk`` keys, such as ``jax.jit(jax.vmap(make))``, with any pytree of
    arrays as its result, each with the sample axis in front; floating-point results are returned as float32. It is
    compiled once: the last chunk is filled up with keys whose results are dropped. ``advance`` is told the number of
    samples in every chunk done.
    """
    chunks, count = [], keys.shape[0]
    with jax.enable_x64(True):
        for start in range(0, count, chunk):
            wanted = np.minimum(np.arange(start, start + chunk), count - 1)
            chunks.append(jax.tree.map(_stored, make_batch(keys[wanted])))
            advance(min(chunk, count - start))
    return jax.tree.map(lambda *parts: np.concatenate(parts)[:count], *chunks)


def _stored(values: Array) -> np.ndarray:
    host = np.asarray(values)
    return host.astype(np.float32) if np.issubdtype(host.dtype, np.floating) else host


def split_keys(seed: int, split: str, count: int) -> Key[Array, " count"]:
    """The key of each sample of ``train``, ``validation`` or ``test``.

    A key depends on the seed, the split and the number of the sample alone: splits share no functions, and a
    larger set begins with the smaller one.
    """
    key = jax.random.fold_in(jax.random.key(seed), _SPLITS[split])
    return jax.vmap(lambda i: jax.random.fold_in(key, i))(jnp.arange(count))


def chunk_size(cells: int, count: int) -> int:
    """How many samples of ``cells`` points are made at a time: what the caches or the accelerator hold."""
    budget = _CELLS.get(jax.default_backend(), _CELLS_OF_ACCELERATOR)
    return max(1, min(budget // cells, count))


def cell_means(u: Field, on: Grid) -> Field:
    """A field on cells, averaged over the larger cells of ``on``.

    Raises `DataError` where the cells of ``on`` are not made of whole cells.
    """
    fine, coarse = u.on.shape, on.shape
    if any(n % m for n, m in zip(fine, coarse, strict=True)):
        raise DataError(
            f"Cell means need a grid that divides that of the field, {fine}, got {coarse}; choose a "
            "refinement by a whole number on every axis."
        )
    split = [size for n, m in zip(fine, coarse, strict=True) for size in (m, n // m)]
    means = u.values.reshape(*split, -1).mean(axis=tuple(range(1, 2 * len(fine), 2)))
    return Field(means, on, u.space)


def coarsened(u: Field, on: Grid) -> Field:
    """A field on a coarser grid: every so many points of a periodic axis and of nodes, means over cells of the others.

    Raises `DataError` where the grid of the field is not a refinement of ``on``.
    """
    strides = [_stride(n, m, layout) for n, m, layout in zip(u.on.shape, on.shape, on.layout, strict=True)]
    values = u.values[tuple(slice(None, None, stride) for stride in strides)]
    return cell_means(Field(values, u.on.with_shape(*values.shape[:-1]), u.space), on)


def _stride(fine: int, coarse: int, layout: str) -> int:
    """From one point of the coarse axis to the next in the fine one; 1 where its points are not among these."""
    intervals = {"periodic": (fine, coarse), "nodes": (fine - 1, coarse - 1)}.get(layout, (1, 1))
    return max(1, intervals[0] // intervals[1])


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f} samples/s" if task.speed else "compiling")


@contextlib.contextmanager
def generation_bars(name: str, shown: bool = True) -> Iterator[Bars]:
    """Progress bars on standard error: how many samples are done, how many a second, and the time left.

    Gives a function of the name and the size of a split that adds its bar and returns the ``advance`` of `generate`;
    it may be called from several threads.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Speed(),
        TextColumn("left"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as progress:

        def bar(what: str, total: int) -> Advance:
            task = progress.add_task(f"{name}: {what}", total=total)
            return lambda count: progress.advance(task, count)

        yield bar
