"""Why an optimiser cannot go on: a number that it carries in its state, and the words for it."""

from __future__ import annotations

import enum
from typing import Any

import jax.numpy as jnp
import optax
from jaxtyping import Array, Int


class StopReason(enum.IntEnum):
    """What the field ``stop_reason`` of an optimiser's state says after an update; anything but NONE ends its phase."""

    NONE = 0
    CONVERGED = 1
    SMALL_STEP = 2
    LINE_SEARCH = 3
    TRUST_REGION = 4


WORDS = {
    StopReason.CONVERGED: "the gradient is within its tolerance",
    StopReason.SMALL_STEP: "the step is below the round-off of the parameters",
    StopReason.LINE_SEARCH: "the line search found no smaller loss along a direction of descent: the loss is at round-off",
    StopReason.TRUST_REGION: "no step makes the loss smaller, however strongly damped: the trust region collapsed",
}


def stop_reason(state: Any) -> Int[Array, ""]:
    """The reason in an optimiser's state, NONE where it carries none; of several (a chain) the largest. In jit."""
    found = [jnp.asarray(value, jnp.int32) for _, value in optax.tree.get_all_with_path(state, "stop_reason")]
    return jnp.max(jnp.stack([jnp.int32(StopReason.NONE), *found]))


def in_words(reason: int, dtype: Any) -> str | None:
    """A clause for a reason; None where there is none. ``dtype`` is that of the parameters."""
    if reason == StopReason.NONE:
        return None
    words = WORDS[StopReason(reason)]
    if reason == StopReason.CONVERGED or jnp.finfo(dtype).bits >= 64:
        return words
    return f"{words} of {jnp.dtype(dtype).name}; try float64 (JAX_ENABLE_X64=1)"
