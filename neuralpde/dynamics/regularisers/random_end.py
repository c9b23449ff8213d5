"""Ends of the time interval that are random in training."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError


def random_end(times: Float[Array, " time"], width: float, key: PRNGKeyArray) -> Float[Array, " time"]:
    """``times`` with the last one uniform in (t_N - width, t_N + width): STEER.

    Ghosh, Behl, Dupont, Torr & Namboodiri, "STEER: simple temporal regularization for neural ODEs", NeurIPS 2020,
    arXiv 2006.10711. ``width`` is in the unit of time and less than the last interval, else the times
    would not increase: raises ``ArgumentError`` where that is known to fail.
    """
    times = jnp.asarray(times)
    if not isinstance(times, jax.core.Tracer) and not 0 < width < abs(float(times[-1] - times[-2])):
        raise ArgumentError(
            f"random_end: the width {width} must be positive and less than the last interval of the times, "
            f"{abs(float(times[-1] - times[-2]))}."
        )
    return times.at[-1].add(jax.random.uniform(key, (), times.dtype, -width, width))
