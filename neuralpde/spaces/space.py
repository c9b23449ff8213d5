"""Function spaces: what kind of function a field is a sample of."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from neuralpde.errors import ArgumentError

from .boundary import AbstractBoundaryCondition, Free, Periodic
from .box import Box
from .domain import AbstractDomain

Side = AbstractBoundaryCondition
BoundarySpec = Side | Sequence[Side | tuple[Side, Side]] | None


@dataclasses.dataclass(frozen=True)
class FunctionSpace:
    """Functions ``domain -> R^c`` with named components and a condition on every side.

    ``boundary`` may be given as one condition for all sides, or one entry an axis, each entry a condition or a
    ``(lower, upper)`` pair. Left out, periodic axes are `Periodic` and all other sides `Free`. It is stored in
    one form: a ``(lower, upper)`` pair an axis on a `Box`, a single pair of equal conditions on other shapes.

    Raises ``ValueError`` where a condition contradicts the domain (`Periodic` on an axis that is not, or the
    reverse).
    """

    domain: AbstractDomain
    names: tuple[str, ...]
    boundary: tuple[tuple[Side, Side], ...]

    def __init__(self, domain: AbstractDomain, names: str | Sequence[str] = ("u",), boundary: BoundarySpec = None):
        names = (names,) if isinstance(names, str) else tuple(names)
        if not names or len(set(names)) != len(names):
            raise ArgumentError(f"FunctionSpace needs distinct component names, got {names}.")
        object.__setattr__(self, "domain", domain)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "boundary", _normalized(domain, boundary))

    @property
    def channels(self) -> int:
        """Number of components."""
        return len(self.names)

    @property
    def dim(self) -> int:
        """Number of coordinates of the domain."""
        return self.domain.dim

    def free(self, names: Sequence[str] | None = None) -> FunctionSpace:
        """The same domain without conditions on its walls: where derivatives and products live."""
        return FunctionSpace(self.domain, self.names if names is None else tuple(names))

    def renamed(self, *names: str) -> FunctionSpace:
        """The same domain and conditions with other components."""
        return FunctionSpace(self.domain, names, self.boundary)


def _normalized(domain: AbstractDomain, boundary: BoundarySpec) -> tuple[tuple[Side, Side], ...]:
    if not isinstance(domain, Box):
        side = Free() if boundary is None else boundary
        if isinstance(side, Sequence):
            (side,) = {s for entry in side for s in (entry if isinstance(entry, tuple) else (entry,))}
        return ((side, side),)
    if boundary is None or isinstance(boundary, Free):
        boundary = [Periodic() if axis.periodic else Free() for axis in domain.axes]
    elif isinstance(boundary, AbstractBoundaryCondition):
        boundary = [boundary] * domain.dim
    if len(boundary) != domain.dim:
        raise ArgumentError(
            f"FunctionSpace wants one boundary entry an axis, {domain.dim} for {domain.names}, got {len(boundary)}."
        )
    pairs = tuple((entry[0], entry[1]) if isinstance(entry, tuple | list) else (entry, entry) for entry in boundary)
    for axis, pair in zip(domain.axes, pairs, strict=True):
        if any(isinstance(side, Periodic) != axis.periodic for side in pair):
            raise ArgumentError(
                f"Axis {axis.name!r} has periodic={axis.periodic} but its condition is {pair}; "
                "make the axis periodic or choose another condition."
            )
    return pairs
