"""How many programs XLA compiled."""

from __future__ import annotations

import functools

import jax

_EVENT = "/jax/core/compile/backend_compile_duration"
_compiled = 0


def compilations() -> int:
    """Programs compiled (or read from the persistent cache) in this process since the first call of this function."""
    _listen()
    return _compiled


@functools.cache
def _listen() -> None:
    jax.monitoring.register_event_duration_secs_listener(_count)


def _count(event: str, duration: float, **details) -> None:
    global _compiled
    _compiled += event == _EVENT
