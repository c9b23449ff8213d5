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
from neuralpde.spaces import AbstractFunction, Axis, Box, Field, FunctionSpace

from .candidate import Candidate
from .conditions import AbstractCondition, AbstractData, Initial
from .constraints import Begins
from .problem import Problem
from .window_end import TIME, handed_on


class Marched(AbstractFunction):
    """Functions of successive windows of time as one function: at a seam the later one counts."""

    pieces: tuple[AbstractFunction, ...]
    seams: tuple[float, ...] = eqx.field(static=True)
    space: FunctionSpace = eqx.field(static=True)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        t = x[self.space.domain.names.index(TIME)]
        window = jnp.searchsorted(jnp.asarray(self.seams, x.dtype), t, side="right")
        # Branches are told apart by their hash, which a function that holds arrays has not.
        branches = [lambda y, piece=piece: piece(y) for piece in self.pieces]
        return jax.lax.switch(window, branches, x)


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


def window(
    problem: Problem, domain: Box, begin: AbstractFunction | None = None, *, snapshot: int | None = None
) -> Problem:
    """A problem during a window of its time, begun by what the window before has found (None: as it is itself).

    The beginning is that of `Initial` conditions and of an ansatz `Begins`. snapshot: points of every axis of space at
    which it is kept, in place of the function itself (`End.snapshot`): this pays after many windows, and has to hold what
    was found, steep fronts included. A reference that is a Field on a grid, or of something that is read out, is left out:
    it is compared with what was found in all windows. Raises ``ValueError`` for problems with unknowns, with observations,
    and with another kind of ansatz, which would not know of the new beginning.
    """
    observed = any(isinstance(condition, AbstractData) for condition in problem.stated)
    if problem.unknowns or problem.family is not None or observed:
        raise ArgumentError(
            "Windows are solved one after the other, and what is unknown, observed or a parameter belongs to all of them; "
            "solve this problem as a whole."
        )
    first, *others = problem.stated
    of_all_times = isinstance(problem.reference, Field) or problem.readout is not None
    ansatz, reference = problem.ansatz, None if of_all_times else problem.reference
    if begin is not None:
        end = handed_on(begin, domain.lower[domain.names.index(TIME)], snapshot)
        others = [_begun(condition, *end) for condition in others]
        ansatz = _begun_exactly(ansatz, *end, any(isinstance(condition, Initial) for condition in others))
    return Problem(domain, first, others, reference, names=problem.names, ansatz=ansatz)


def _begun(condition: AbstractCondition, *end: Any) -> AbstractCondition:
    if not isinstance(condition, Initial):
        return condition
    if condition.of is not None:
        raise ArgumentError("A window begins with all components together; state one Initial without `of`.")
    value, rate = (None if g is None else h for g, h in zip((condition.value, condition.rate), end, strict=True))
    return dataclasses.replace(condition, value=value, rate=rate)


def _begun_exactly(ansatz: Any, value: Any, rate: Any, stated: bool) -> Any:
    if isinstance(ansatz, Begins):
        return dataclasses.replace(ansatz, value=value, rate=None if ansatz.rate is None else rate)
    if not stated:
        raise ArgumentError(
            "The beginning of this problem is hidden in its ansatz, so that no window can begin otherwise; state it as an "
            "Initial condition (hard=false), or by the ansatz Begins."
        )
    return ansatz


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
