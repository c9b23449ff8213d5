"""Long times and hard parameters in stages: windows of time one after the other, and curricula."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractFunction, Axis, Box, FunctionSpace

from .candidate import Candidate
from .problem import Problem

TIME = "t"


class Marched(AbstractFunction):
    """Functions of successive windows of time as one function: at a seam the later one counts."""

    pieces: tuple[AbstractFunction, ...]
    seams: tuple[float, ...] = eqx.field(static=True)
    space: FunctionSpace = eqx.field(static=True)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        t = x[self.space.domain.names.index(TIME)]
        window = jnp.searchsorted(jnp.asarray(self.seams, x.dtype), t, side="right")
        return jax.lax.switch(window, self.pieces, x)


def windows(domain: Box, count: int, beyond: float = 0.0) -> tuple[Box, ...]:
    """``count`` equal windows of time; each but the last goes on for the share ``beyond`` of its length.

    What lies beyond the end is solved for and thrown away: there residuals of later times steady the end of the window.
    Raises ``ValueError`` for a domain without an axis t and for ``count < 1``.
    """
    if TIME not in domain.names or count < 1 or beyond < 0:
        raise ArgumentError(
            f"Windows need an axis {TIME!r}, count >= 1 and beyond >= 0, got {domain.names}, {count} and {beyond}."
        )
    axis = domain.axes[domain.names.index(TIME)]
    length = axis.length / count
    found = []
    for k in range(count):
        begin, end = axis.lower + k * length, axis.lower + (k + 1) * length
        window = Axis(TIME, begin, min(end + beyond * length, axis.upper))
        found.append(Box(tuple(window if a.name == TIME else a for a in domain.axes)))
    return tuple(found)


def march(
    make: Callable[[Box, Any], Problem],
    stages: Sequence[Box],
    begin: Any,
    solve: Callable[[Problem], Candidate],
) -> Marched:
    """Solve window after window; each begins with what the one before found.

    make: ``(domain, begin) -> Problem``, in which ``Initial(begin)`` is the beginning. stages: `windows`. begin: that of the
    first window. solve: trains a candidate, such as ``lambda problem: fit(...).best_model``.
    """
    pieces = []
    for domain in stages:
        begin = solve(make(domain, begin)).u
        pieces.append(begin)
    axes = [stage.axes[stage.names.index(TIME)] for stage in stages]
    whole = dataclasses.replace(axes[0], upper=axes[-1].upper)
    box = Box(tuple(whole if a.name == TIME else a for a in stages[0].axes))
    return Marched(tuple(pieces), tuple(a.lower for a in axes[1:]), FunctionSpace(box, pieces[0].space.names))


def curriculum(
    make: Callable[[Any], Problem],
    values: Iterable[Any],
    candidate: Candidate,
    solve: Callable[[Problem, Candidate], Candidate],
) -> Candidate:
    """Train one candidate on problems that get harder: ``make(value)`` for each of ``values`` (Reynolds numbers, say).

    solve: goes on training a candidate on a problem, such as ``lambda problem, c: fit(c, ...).model``.
    """
    for value in values:
        candidate = solve(make(value), candidate)
    return candidate
