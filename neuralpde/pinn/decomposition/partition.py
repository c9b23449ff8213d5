"""Domains in pieces that do not overlap, and the surfaces where the pieces meet."""

from __future__ import annotations

import abc
import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from neuralpde.errors import ArgumentError
from neuralpde.pinn.conditions.condition import axis_of
from neuralpde.pinn.sampling.surfaces import Several, extended
from neuralpde.spaces import AbstractDomain, AbstractSurface, Axis, Box
from neuralpde.spaces.box import BoxSurface


class AbstractPartition(abc.ABC):
    """Cells that cover a domain without overlap. Static and hashable, as a domain is."""

    @property
    @abc.abstractmethod
    def cells(self) -> tuple[Box, ...]:
        """A box around each cell, on which the coordinates of its network run from -1 to 1."""

    @property
    @abc.abstractmethod
    def interface(self) -> AbstractSurface | None:
        """Where cells meet; None where there is one cell only."""

    @abc.abstractmethod
    def index(self, x: Float[Array, " d"]) -> Int[Array, ""]:
        """The cell that a point is in; further coordinates (of a family) are left aside."""


@dataclasses.dataclass(frozen=True)
class Cuts(AbstractPartition):
    """A box cut along its axes: ``Cuts(box, {"x": (0.0, 0.5), "t": (1.0,)})`` has six cells, in space and in time.

    Cells are in the order of rows: the last axis runs first. On a periodic axis with cuts the cells at its two ends meet
    too. Raises ``ValueError`` for cuts that do not increase inside of their axis, or along an axis that there is not.
    """

    box: Box
    places: tuple[tuple[float, ...], ...]

    def __init__(self, box: Box, cuts: Mapping[str, Sequence[float]] | None = None):
        by_axis: list[tuple[float, ...]] = [()] * box.dim
        for name, places in (cuts or {}).items():
            by_axis[axis_of(box, name)] = tuple(map(float, places))
        for axis, places in zip(box.axes, by_axis, strict=True):
            ends = (axis.lower, *places, axis.upper)
            if not all(a < b for a, b in itertools.pairwise(ends)):
                raise ArgumentError(
                    f"Cuts of the axis {axis.name!r} have to increase between {axis.lower} and {axis.upper}, got {places}."
                )
        object.__setattr__(self, "box", box)
        object.__setattr__(self, "places", tuple(by_axis))

    @property
    def cells(self) -> tuple[Box, ...]:
        return tuple(Box(axes) for axes in itertools.product(*map(_pieces, self.box.axes, self.places)))

    @property
    def interface(self) -> AbstractSurface | None:
        planes = [
            BoxSurface(self._up_to(axis, place), ((axis, True),))
            for axis, places in enumerate(self.places)
            for place in places
        ]
        seams = [
            BoxSurface(self.box, ((i, True),))
            for i, axis in enumerate(self.box.axes)
            if axis.periodic and self.places[i]
        ]
        return _together([*planes, *seams])

    def index(self, x: Float[Array, " d"]) -> Int[Array, ""]:
        found = jnp.zeros((), int)
        for i, (axis, places) in enumerate(zip(self.box.axes, self.places, strict=True)):
            along = axis.lower + jnp.mod(x[i] - axis.lower, axis.length) if axis.periodic else x[i]
            found = found * (len(places) + 1) + jnp.searchsorted(jnp.asarray(places, x.dtype), along, side="right")
        return found

    def _up_to(self, axis: int, place: float) -> Box:
        ended = dataclasses.replace(self.box.axes[axis], upper=place, periodic=False)
        return Box((*self.box.axes[:axis], ended, *self.box.axes[axis + 1 :]))


@dataclasses.dataclass(frozen=True)
class Shapes(AbstractPartition):
    """Shapes that lie apart inside a domain, by their signed distances, and what is left of it as the last cell.

    shapes: in the first coordinates of the domain (at all times) or in all. Normals of the interface point out of them.
    """

    domain: AbstractDomain
    shapes: tuple[AbstractDomain, ...]

    @property
    def cells(self) -> tuple[Box, ...]:
        bounds = self.domain.bounds
        return (*(Box((*s.bounds.axes, *bounds.axes[s.dim :])) for s in self.shapes), bounds)

    @property
    def interface(self) -> AbstractSurface | None:
        return _together([extended(shape.boundary, self.domain) for shape in self.shapes])

    def index(self, x: Float[Array, " d"]) -> Int[Array, ""]:
        outside = jnp.stack([~shape.contains(x[: shape.dim]) for shape in self.shapes] + [jnp.zeros((), bool)])
        return jnp.argmin(outside)


def _pieces(axis: Axis, places: tuple[float, ...]) -> list[Axis]:
    if not places:
        return [axis]
    ends = (axis.lower, *places, axis.upper)
    return [Axis(axis.name, lower, upper) for lower, upper in itertools.pairwise(ends)]


def _together(surfaces: Sequence[AbstractSurface]) -> AbstractSurface | None:
    return Several(tuple(surfaces)) if len(surfaces) > 1 else next(iter(surfaces), None)
