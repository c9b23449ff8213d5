"""Ends of the time interval that are random in training."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError


def random_end(times: Float[Array, " time"], width: float, key: PRNGKeyArray) -> Float[Array, " time"]:
    """``times`` with the last one uniform in (t_N - width, t_N + width): STEER.

    Ghosh, Behl, Dupont, Torr & Namboodiri, "STEER: simple temporal regularization for neural ODEs", NeurIPS 2020,
    arXiv 2006.10711. ``width`` is in the unit of time and less than the last interval, else the times
    would not increase: raises ``ArgumentError`` where that is known to fail.
    """
    if not isinstance(times, jax.core.Tracer):
        # Through numpy: inside a traced function even a difference of known arrays is not known.
        last = abs(float(np.diff(np.asarray(times))[-1]))
        if not 0 < width < last:
            raise ArgumentError(
                f"random_end: the width {width} must be positive and less than the last interval of the times, {last}."
            )
    times = jnp.asarray(times)
    return times.at[-1].add(jax.random.uniform(key, (), times.dtype, -width, width))
