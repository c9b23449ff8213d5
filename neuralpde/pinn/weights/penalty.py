"""Laws that are asked for more and more strictly: the penalty method."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from neuralpde.errors import ArgumentError

from .balance import AbstractBalance, Balanced, View


@dataclasses.dataclass(frozen=True)
class RisingPenalty(AbstractBalance):
    """The factors of ``terms`` begin at ``begin`` and grow by ``growth`` every ``every`` steps, up to one; others are one.

    Where something unknown is to be told from values of u, its law means little as long as u does not resemble them: a law
    that is strict from the start is best obeyed by a flat u with an unknown without bounds. Nocedal & Wright, Numerical
    Optimization (2006), section 17.1. Raises ``ArgumentError`` for other numbers, and in use for terms that are not there.
    """

    every: int = 25
    terms: Sequence[str] = ("equation",)
    begin: float = 1e-6
    growth: float = 10.0

    def __post_init__(self):
        object.__setattr__(self, "terms", tuple(self.terms))
        if self.every < 1 or not 0 < self.begin <= 1 or not self.growth > 1 or not self.terms:
            raise ArgumentError(
                f"RisingPenalty needs every >= 1, a begin in (0, 1], a growth above 1 and one term or more, got {self}."
            )

    def start(self, view: View) -> Balanced:
        unknown = [name for name in self.terms if name not in view.points]
        if unknown:
            raise ArgumentError(f"RisingPenalty: no term {', '.join(unknown)}; there are {', '.join(view.points)}.")
        ones = super().start(view).factors
        return Balanced({name: one * self.begin if name in self.terms else one for name, one in ones.items()})

    def renew(self, balanced: Balanced, view: View, key: PRNGKeyArray) -> Balanced:
        grown = {name: jnp.minimum(balanced.factors[name] * self.growth, 1.0) for name in self.terms}
        return Balanced({**balanced.factors, **grown})
