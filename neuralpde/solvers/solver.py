"""What every solver of evolution equations offers."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float

from neuralpde.equations import AbstractEquation
from neuralpde.spaces import Field, Grid, Trajectory


@dataclasses.dataclass(frozen=True)
class Limit:
    """The largest value of a figure for which a solution counts as resolved, what the figure is, and what lowers it."""

    largest: float
    meaning: str
    remedy: str


class AbstractSolver(eqx.Module):
    """A numerical method for evolution equations, with its options as fields of the class.

    A solver is traceable: batches of initial states are solved by ``jax.vmap``. A solution that blew up holds values
    that are not finite; nothing is raised for it inside compiled code.
    """

    limits: ClassVar[Mapping[str, Limit]] = {}
    """Limits of what `figures` tells, by name."""

    @abc.abstractmethod
    def solve(self, equation: AbstractEquation, initial: Field, times: Sequence[float]) -> Trajectory:
        """The states at ``times`` (increasing numbers, known when traced), the first of which is ``initial``.

        Raises ``ValueError`` for an equation, a grid, conditions or times that the method cannot use.
        """

    @abc.abstractmethod
    def refined(self) -> AbstractSolver:
        """The same method with half the step, or a tolerance smaller by ``2**order``: for estimates of the error."""

    def figures(self, equation: AbstractEquation, solution: Trajectory) -> dict[str, Float[Array, ""]]:
        """Numbers that show whether grid and step resolve a solution of this solver, by name; see `limits`."""
        return {}

    def restrict(self, equation: AbstractEquation, u: Field, on: Grid) -> Field | None:
        """A state on a coarser grid, by a method that knows better than means over cells; None for others."""
        return None
