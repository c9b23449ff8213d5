"""A compiled function over many inputs, as many at a time as the processor likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from neuralpde.data.generation import chunk_size


def over_all(compiled: Callable[..., Any], inputs: dict[str, PyTree], cells: int) -> np.ndarray:
    """``compiled(**inputs)`` for stacked inputs of ``cells`` points each, in float64: an array with their leading axis.

    Chunks have a few sizes only, so that slabs of other lengths need no other program.
    """
    count = len(jax.tree.leaves(inputs)[0])
    size = chunk_size(cells, 1 << (count - 1).bit_length())
    parts = []
    for start in range(0, count, size):
        rows = np.minimum(np.arange(start, start + size), count - 1)
        chunk = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf)[rows], float), inputs)  # noqa: B023
        parts.append(np.asarray(compiled(**chunk))[: count - start])
    return np.concatenate(parts)
