"""Times at which states are wanted, and the steps between them."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from neuralpde.errors import ArgumentError

from .method import Method

Times = Float[Array, " time"] | np.ndarray | Sequence[float]


def wanted_times(times: Times, y0: PyTree) -> tuple[Float[Array, " time"], np.ndarray | None]:
    """The times in the precision of the state, and as numbers where they are known before the program runs.

    Raises ``ArgumentError`` for known times that neither increase nor decrease.
    """
    known = None if isinstance(times, jax.core.Tracer) else np.asarray(times, float)
    if known is not None:
        steps = np.diff(known)
        if known.ndim != 1 or not len(known) or not ((steps > 0).all() or (steps < 0).all()):
            raise ArgumentError(
                f"A solve wants its times as one row of increasing (or decreasing) numbers, the first that of the "
                f"initial state, got {times}; sort them and drop repeated ones."
            )
    # At least single precision: steps that are short against the time would be lost in less.
    dtype = jnp.real(jnp.zeros((), jnp.result_type(jnp.float32, *jax.tree.leaves(y0)))).dtype
    return jnp.asarray(times, dtype), known


def parts_between(times: Times, known: np.ndarray | None, method: Method) -> np.ndarray | None:
    """How many equal steps a method of fixed steps makes between each two times; None where that is not known yet."""
    if method.substeps is not None:
        return np.full(len(times) - 1, method.substeps)
    if known is None:
        return None
    # Times from linspace or arange carry round-off of their own size.
    return np.maximum(np.ceil(np.abs(np.diff(known)) / method.dt - 1e-6), 1).astype(int)


def fixed_steps(times: Float[Array, " time"], parts: np.ndarray) -> Float[Array, " step"]:
    """All times that steps begin or end at: the intervals between ``times`` divided into ``parts``."""
    interval = np.repeat(np.arange(len(parts)), parts)
    within = np.concatenate([np.arange(n) for n in parts]) / parts[interval]
    begin, end = times[interval], times[interval + 1]
    return jnp.append(begin + (end - begin) * jnp.asarray(within, times.dtype), times[-1])
