"""Axis-aligned boxes: intervals, rectangles, space-time cylinders over them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .domain import AbstractDomain, AbstractSurface
from .taylor import Value

if TYPE_CHECKING:
    from .grid import Grid


@dataclasses.dataclass(frozen=True)
class Axis:
    """One coordinate: its name, its interval in physical units, and whether its ends are identified."""

    name: str
    lower: float = 0.0
    upper: float = 1.0
    periodic: bool = False

    def __post_init__(self):
        if not self.lower < self.upper:
            raise ArgumentError(
                f"Axis {self.name!r} needs lower < upper, got [{self.lower}, {self.upper}]; swap the two ends."
            )

    @property
    def length(self) -> float:
        return self.upper - self.lower


@dataclasses.dataclass(frozen=True)
class Box(AbstractDomain):
    """Product of intervals ``[lower_1, upper_1] x ... x [lower_d, upper_d]``.

    ``Box.cube(2)`` is the unit square; ``Box.of(x=(0, 1), t=(0, 2))`` names its axes.
    """

    axes: tuple[Axis, ...]

    def __post_init__(self):
        object.__setattr__(self, "axes", tuple(self.axes))
        names = [axis.name for axis in self.axes]
        if not names:
            raise ArgumentError("Box needs at least one axis.")
        if len(set(names)) != len(names):
            raise ArgumentError(f"Box needs distinct axis names, got {names}; rename the repeated one.")

    @classmethod
    def cube(
        cls,
        dim: int,
        lower: float = 0.0,
        upper: float = 1.0,
        periodic: bool = False,
        names: Sequence[str] = "xyz",
    ) -> Box:
        """The cube ``[lower, upper]^dim`` with axes x, y, z."""
        if not 1 <= dim <= len(names):
            raise ArgumentError(f"Box.cube has names for 1 to {len(names)} axes, got dim={dim}; pass `names`.")
        return cls(tuple(Axis(name, lower, upper, periodic) for name in names[:dim]))

    @classmethod
    def of(cls, periodic: Sequence[str] = (), **intervals: tuple[float, float]) -> Box:
        """A box from named intervals, in order; ``periodic`` lists the axes whose ends are identified."""
        unknown = set(periodic) - set(intervals)
        if unknown:
            raise ArgumentError(f"Box.of: periodic axes {sorted(unknown)} are not among {list(intervals)}.")
        return cls(tuple(Axis(name, *ends, periodic=name in periodic) for name, ends in intervals.items()))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(axis.name for axis in self.axes)

    @property
    def lower(self) -> tuple[float, ...]:
        return tuple(axis.lower for axis in self.axes)

    @property
    def upper(self) -> tuple[float, ...]:
        return tuple(axis.upper for axis in self.axes)

    @property
    def extents(self) -> tuple[float, ...]:
        return tuple(axis.length for axis in self.axes)

    @property
    def periodic(self) -> tuple[bool, ...]:
        return tuple(axis.periodic for axis in self.axes)

    @property
    def bounds(self) -> Box:
        return self

    @property
    def volume(self) -> float:
        return math.prod(self.extents)

    @property
    def boundary(self) -> BoxSurface:
        return BoxSurface(self)

    def side(self, name: str, end: str) -> BoxSurface:
        """One face: ``box.side("x", "lower")``."""
        if name not in self.names or end not in ("lower", "upper"):
            raise ArgumentError(
                f"Box.side wants an axis of {self.names} and 'lower' or 'upper', got {name!r}, {end!r}."
            )
        return BoxSurface(self, ((self.names.index(name), end == "upper"),))

    def distance(self, x: Float[Array, "*n d"]) -> Float[Array, "*n"]:
        centre = jnp.asarray([(a.lower + a.upper) / 2 for a in self.axes], x.dtype)
        half = jnp.asarray([a.length / 2 for a in self.axes], x.dtype)
        # A periodic axis has no ends: it never limits the distance.
        wall = jnp.asarray(self.periodic)
        q = jnp.where(wall, -jnp.inf, jnp.abs(x - centre) - half)
        # The double `where` keeps the gradient of the norm finite at interior points.
        outside = jnp.maximum(q, 0.0)
        squared = jnp.sum(outside**2, axis=-1)
        is_out = squared > 0
        outer = jnp.where(is_out, jnp.sqrt(jnp.where(is_out, squared, 1.0)), 0.0)
        return outer + jnp.minimum(jnp.max(q, axis=-1), 0.0)

    def sample(self, key: PRNGKeyArray, n: int) -> Float[Array, "n d"]:
        unit = jax.random.uniform(key, (n, self.dim))
        return jnp.asarray(self.lower, unit.dtype) + unit * jnp.asarray(self.extents, unit.dtype)

    def normalize(self, x: Value) -> Value:
        """Map physical coordinates (..., d) to [-1, 1]^d, as coordinate networks want them."""
        lower = jnp.asarray(self.lower, x.dtype)
        return 2 * (x - lower) / jnp.asarray(self.extents, x.dtype) - 1

    def grid(self, *shape: int, layout: str | Sequence[str] | None = None) -> Grid:
        """A grid on this box: ``box.grid(64, 64)``; see `Grid` for the layouts."""
        from .grid import Grid

        if len(shape) == 1:
            shape = shape * self.dim
        return Grid(self, shape, layout)


@dataclasses.dataclass(frozen=True)
class BoxSurface(AbstractSurface):
    """Faces of a box (all that are not periodic, unless chosen): ``(axis, is_upper)`` pairs."""

    box: Box
    faces: tuple[tuple[int, bool], ...]

    def __init__(self, box: Box, faces: tuple[tuple[int, bool], ...] | None = None):
        if faces is None:
            walls = [i for i, axis in enumerate(box.axes) if not axis.periodic]
            faces = tuple((i, up) for i in walls for up in (False, True))
        object.__setattr__(self, "box", box)
        object.__setattr__(self, "faces", faces)

    def _areas(self) -> list[float]:
        return [self.box.volume / self.box.extents[i] for i, _ in self.faces]

    @property
    def measure(self) -> float:
        return float(sum(self._areas()))

    def sample(self, key: PRNGKeyArray, n: int) -> tuple[Float[Array, "n d"], Float[Array, "n d"]]:
        if not self.faces:
            raise ArgumentError(f"A fully periodic box has no boundary to sample: {self.box}.")
        key_face, key_point = jax.random.split(key)
        areas = jnp.asarray(self._areas())
        face = jax.random.choice(key_face, len(self.faces), (n,), p=areas / areas.sum())
        points = self.box.sample(key_point, n)
        axis = jnp.asarray([i for i, _ in self.faces])[face]
        upper = jnp.asarray([up for _, up in self.faces])[face]
        on_axis = axis[:, None] == jnp.arange(self.box.dim)
        lower_ends, upper_ends = jnp.asarray(self.box.lower), jnp.asarray(self.box.upper)
        wall = jnp.where(upper[:, None], upper_ends, lower_ends).astype(points.dtype)
        sign = jnp.where(upper, 1.0, -1.0).astype(points.dtype)
        return jnp.where(on_axis, wall, points), jnp.where(on_axis, sign[:, None], 0.0)
