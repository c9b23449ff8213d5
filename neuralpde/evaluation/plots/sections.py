"""Where pictures of a solution are evaluated: on lines and planes through the domain of its problem."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Inexact, Shaped

from neuralpde.pinn import Candidate, Problem
from neuralpde.spaces import AbstractDomain, Field, Grid

EVALUATED_AT_ONCE = 4096
TIME = "t"


@dataclasses.dataclass(frozen=True)
class Section:
    """The product of some values of every coordinate, one value of those that are held."""

    domain: AbstractDomain
    axes: tuple[Shaped[np.ndarray, " _"], ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each coordinate, without those that are held at the end."""
        return tuple(len(axis) for axis in self.axes[:2])

    @property
    def note(self) -> str:
        """Where the coordinates are held that are not drawn."""
        held = zip(self.domain.names[2:], self.axes[2:], strict=True)
        return ", ".join(f"{name} = {float(axis[0]):.3g}" for name, axis in held)

    def values(
        self, function: Callable[[Array], Array], within: AbstractDomain | None = None
    ) -> Shaped[np.ndarray, "*shape c"]:
        """A function of a point at all points of the section; not a number outside of ``within``, or of the domain."""
        x = jnp.asarray(np.stack(np.meshgrid(*self.axes, indexing="ij"), -1).reshape(-1, len(self.axes)), float)
        found = np.where(inside(within or self.domain, x)[:, None], evaluate(function, x), np.nan)
        return found.reshape(*self.shape, -1)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Values of a candidate on a section, and of the reference where there is one."""

    section: Section
    prediction: Shaped[np.ndarray, "*shape c"]
    reference: Shaped[np.ndarray, "*shape c"] | None

    @property
    def error(self) -> Shaped[np.ndarray, "*shape c"]:
        """prediction - reference"""
        assert self.reference is not None
        return self.prediction - self.reference


def through(domain: AbstractDomain, cells: int, reference: Any = None, times: int | None = None) -> Section:
    """Centres of ``cells`` equal parts of the first coordinate and of the second, the middle of all others.

    times: of the second coordinate only so many values, both ends among them. For a reference that is a Field on a grid
    the nearest values of its grid, so that nothing is interpolated.
    """
    axes = []
    for place, axis in enumerate(domain.bounds.axes):
        parts = cells if place < 2 else 1
        unit = np.linspace(0.0, 1.0, times) if place == 1 and times else (np.arange(parts) + 0.5) / parts
        axes.append(_on_grid(reference, place, axis.lower + unit * axis.length))
    return Section(domain, tuple(axes))


def compare(problem: Problem, candidate: Candidate, section: Section) -> Comparison:
    """Evaluate a candidate and the reference of its problem."""
    prediction = section.values(problem.answer(candidate.u))
    grid = grid_of(problem.reference)
    if grid is None:
        known = None if problem.reference is None else section.values(problem.reference)
        return Comparison(section, prediction, known)
    known = [np.asarray(grid.axis_coords(place)) for place in range(grid.domain.dim)]
    rows = np.ix_(*(nearest(axis, wanted) for axis, wanted in zip(known, section.axes, strict=True)))
    values = np.asarray(problem.reference.values)[rows].reshape(prediction.shape)
    return Comparison(section, prediction, np.where(np.isnan(prediction), np.nan, values))


@eqx.filter_jit
def evaluate(function: Callable[[Array], Array], x: Float[Array, "n d"]) -> Inexact[Array, "n c"]:
    """A function of a point at many points."""
    return jax.lax.map(lambda point: jnp.atleast_1d(function(point)), x, batch_size=EVALUATED_AT_ONCE)


@eqx.filter_jit
def inside(domain: AbstractDomain, x: Float[Array, "n d"]) -> Bool[Array, " n"]:
    """Whether points lie in the closed domain, up to round-off."""
    return domain.contains(x, 1e-6 * max(domain.bounds.extents))


def plane_axes(names: tuple[str, ...]) -> tuple[int, int]:
    """Which of the first two coordinates is drawn to the right and which upwards: time runs to the right."""
    return (1, 0) if names[1] == TIME else (0, 1)


def plane_aspect(domain: AbstractDomain) -> float:
    """Extent of the first coordinate over that of the second."""
    first, second = domain.bounds.extents[:2]
    return first / second


def grid_of(reference: Any) -> Grid | None:
    """The grid of a reference that is a Field on one."""
    return reference.on if isinstance(reference, Field) and isinstance(reference.on, Grid) else None


def nearest(known: Shaped[np.ndarray, " n"], wanted: Shaped[np.ndarray, " m"]) -> Shaped[np.ndarray, " m"]:
    """Places of the values that are nearest to the wanted ones."""
    return np.abs(known[None, :] - wanted[:, None]).argmin(axis=1)


def _on_grid(reference: Any, place: int, wanted: Shaped[np.ndarray, " m"]) -> Shaped[np.ndarray, " _"]:
    grid = grid_of(reference)
    if grid is None:
        return wanted
    known = np.asarray(grid.axis_coords(place))
    return known[np.unique(nearest(known, wanted))]
