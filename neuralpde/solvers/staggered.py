"""Staggered (MAC) grids: scalars at the centres of cells, each component of velocity on the faces it passes.

Harlow & Welch, Physics of Fluids 8 (1965) 2182. An array of component k has n_k + 1 faces along axis k, those of the
walls included; on a periodic axis the first and the last are one and the same face.
"""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations.incompressible import Vector, value_at
from neuralpde.spaces import AbstractFunction, Field, Grid

from .finite_volume import along

Cells = Float[Array, " ..."]
Faces = Float[Array, " ..."]
InTime = Callable[[Float[Array, ""]], Array]


class Staggered(eqx.Module):
    """Means and differences between the cells of a uniform grid and their faces; walls let nothing pass.

    Along an axis the faces that are solved for, the inner ones, are those between two walls, or one for each cell
    where the axis is periodic.
    """

    on: Grid = eqx.field(static=True)

    @property
    def spacing(self) -> tuple[float, ...]:
        """Size of the cells along each axis."""
        return self.on.spacing

    def periodic(self, axis: int) -> bool:
        """Whether the ends of an axis are one face."""
        return self.on.domain.axes[axis].periodic

    # From faces to cells

    def mean_in_cells(self, faces: Faces, axis: int) -> Cells:
        """Mean of the two faces of each cell."""
        return (along(faces, axis, 0, -1) + along(faces, axis, 1)) / 2

    def slope_in_cells(self, faces: Faces, axis: int) -> Cells:
        """Difference of the two faces of each cell over its size."""
        return jnp.diff(faces, axis=axis) / self.spacing[axis]

    def divergence(self, velocity: tuple[Faces, ...]) -> Cells:
        """Flow out of each cell, per volume."""
        return sum(self.slope_in_cells(faces, axis) for axis, faces in enumerate(velocity))

    # From cells to inner faces

    def mean_at_faces(self, cells: Cells, axis: int) -> Faces:
        """Mean of the two cells of each inner face."""
        lower, upper = self._across(cells, axis)
        return (lower + upper) / 2

    def slope_at_faces(self, cells: Cells, axis: int) -> Faces:
        """Difference of the two cells of each inner face over their distance."""
        lower, upper = self._across(cells, axis)
        return (upper - lower) / self.spacing[axis]

    def _across(self, cells, axis):
        if self.periodic(axis):
            return jnp.roll(cells, 1, axis), cells
        return along(cells, axis, 0, -1), along(cells, axis, 1)

    def laplacian(self, cells: Cells) -> Cells:
        """div grad with no slope at walls."""
        return self.divergence(tuple(self.closed(self.slope_at_faces(cells, axis), axis) for axis in range(cells.ndim)))

    # Inner faces and all faces

    def inner(self, faces: Faces, axis: int) -> Faces:
        """The faces that are solved for."""
        return along(faces, axis, 0 if self.periodic(axis) else 1, -1)

    def closed(self, inner: Faces, axis: int) -> Faces:
        """All faces from the inner ones; nothing passes a wall."""
        if self.periodic(axis):
            return jnp.concatenate([inner, along(inner, axis, 0, 1)], axis)
        return jnp.pad(inner, [(1, 1) if i == axis else (0, 0) for i in range(inner.ndim)])

    # Places

    def points(self, component: int | None, wall: tuple[int, bool] | None = None) -> Float[Array, "*point d"]:
        """Coordinates of the inner faces of a component, or of their projections on a wall: (axis, is upper).

        Without a component, the centres of the cells.
        """
        lines = []
        for axis, box_axis in enumerate(self.on.domain.axes):
            line = self.on.axis_coords(axis)
            if axis == component:
                line = (line if box_axis.periodic else line[1:]) - self.spacing[axis] / 2
            if wall is not None and axis == wall[0]:
                line = jnp.full(1, box_axis.upper if wall[1] else box_axis.lower)
            lines.append(line)
        return jnp.stack(jnp.meshgrid(*lines, indexing="ij"), axis=-1)

    def sampled(self, vector: Vector, component: int, wall: tuple[int, bool] | None = None) -> InTime:
        """A component at the points of `points`, as a function of time; what is stationary is evaluated once."""
        if isinstance(vector, Field) and wall is None:
            values = self.mean_at_faces(vector.resample(self.on).values[..., component], component)
            return lambda t: values
        if not isinstance(vector, AbstractFunction):
            number = value_at(vector, jnp.zeros(2))[component]
            return lambda t: number
        points = self.points(component, wall)

        def at(t):
            value = lambda x: value_at(vector, jnp.append(x, t))[component]
            for _ in points.shape[:-1]:
                value = jax.vmap(value)
            return value(points)

        if vector.space.dim > points.shape[-1]:
            return at
        values = at(jnp.zeros(()))
        return lambda t: values

    # Velocities of fields

    def from_centres(self, values: Float[Array, "*cell d"]) -> tuple[Faces, ...]:
        """Components at the centres of cells, averaged to the faces."""
        return tuple(self.closed(self.mean_at_faces(values[..., axis], axis), axis) for axis in range(values.shape[-1]))

    def to_centres(self, velocity: tuple[Faces, ...]) -> Float[Array, "*cell d"]:
        """Components averaged to the centres of cells."""
        return jnp.stack([self.mean_in_cells(faces, axis) for axis, faces in enumerate(velocity)], axis=-1)

    def from_lower_faces(self, values: Float[Array, "*cell d"]) -> tuple[Faces, ...]:
        """The inverse of `to_lower_faces`, where nothing passes the walls."""
        inner = lambda faces, axis: faces if self.periodic(axis) else along(faces, axis, 1)
        return tuple(self.closed(inner(values[..., axis], axis), axis) for axis in range(values.shape[-1]))

    def to_lower_faces(self, velocity: tuple[Faces, ...]) -> Float[Array, "*cell d"]:
        """Each component on the lower face of its cell, the last face along each axis left out."""
        return jnp.stack([along(faces, axis, 0, -1) for axis, faces in enumerate(velocity)], axis=-1)
