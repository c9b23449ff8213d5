"""Conditions on the boundary of a domain or on parts of it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.pinn.collocation import Collocation
from neuralpde.pinn.sampling.placed import on_surface
from neuralpde.pinn.sampling.sampler import AbstractSampler
from neuralpde.pinn.sampling.surfaces import Lateral, Part, Predicate, extended
from neuralpde.pinn.unknowns import asked_by, put_in
from neuralpde.spaces import AbstractBoundaryCondition, AbstractDomain, AbstractSurface, Box, Free, Periodic
from neuralpde.spaces.box import BoxSurface
from neuralpde.spaces.product import Product

from .condition import AbstractCondition, PointFunction, as_names, axis_of, with_set

TIME = "t"
Place = AbstractSurface | str | tuple[str, str] | None


class Boundary(AbstractCondition):
    """A condition on the walls: ``Boundary(Dirichlet(0.0))``.

    condition: `Dirichlet`, `Neumann` or `Robin` of `neuralpde.spaces`, or a function ``(u, x, n, ...) -> (k,)`` of a
    callable u, a point x and the outward normal n there, which is to be zero. Arguments of that function after the first
    three, and of a datum g(x, ...) after the first, take unknowns and family parameters of the same names.

    on: an axis of a box, both ends of it; an axis and ``"lower"`` or ``"upper"``; or a surface, in the first coordinates
    (at all times) or in all. Left out: the whole boundary in space, at all times. The ends of
    an axis t are no walls. where: a predicate of the point, for a part of it. Normals point out of the domain, those of a
    surface too where the domain lies on one side of it: that of a hole is the boundary of the hole.

    Raises ``ValueError`` for `Periodic` (`PeriodicSides`, or a periodic axis) and `Free`, and for a set without points.
    """

    condition: AbstractBoundaryCondition | Callable[..., Array] = eqx.field(static=True)
    on: Place = eqx.field(static=True, default=None)
    where: Predicate | None = eqx.field(static=True, default=None)
    of: tuple[str, ...] | None = eqx.field(static=True, default=None, converter=as_names)
    weight: float = eqx.field(static=True, default=1.0)
    name: str | None = eqx.field(static=True, default=None)
    outward_of: AbstractDomain | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        if isinstance(self.condition, Periodic | Free):
            raise ArgumentError(
                f"{self.condition} asks nothing of a wall; leave it out, or tie two ends together by PeriodicSides."
            )

    @property
    def kind(self) -> str:
        """boundary"""
        return "boundary"

    @property
    def asks(self) -> frozenset[str]:
        """Arguments of the function after u, x and n, or of the datum after x."""
        if isinstance(self.condition, AbstractBoundaryCondition):
            return asked_by(getattr(self.condition, "g", None), 1)
        return asked_by(self.condition, 3)

    @property
    def atoms(self) -> int | None:
        """The ends of an interval."""
        one_axis = isinstance(self.on, BoxSurface) and self.on.box.dim == 1
        return len(self.on.faces) if one_axis else None

    def placed(self, domain: AbstractDomain) -> AbstractCondition:
        return with_set(
            self,
            on=part(domain, self.on, self.where),
            where=None,
            outward_of=domain if isinstance(self.on, AbstractSurface) else None,
        )

    def sample(self, n: int, sampler: AbstractSampler, key: PRNGKeyArray) -> Collocation:
        points = on_surface(self.on, sampler, n, key)
        return points if self.outward_of is None else _turned_outward(points, self.outward_of)

    def residual(self, u: PointFunction, point: Collocation, given: Mapping[str, Any]) -> Float[Array, " k"]:
        if isinstance(self.condition, AbstractBoundaryCondition):
            return _stated(self.condition, given).residual(u, point.x, point.normal)
        return jnp.atleast_1d(put_in(self.condition, given, 3)(u, point.x, point.normal))


def _turned_outward(points: Collocation, domain: AbstractDomain) -> Collocation:
    """Normals that point into a domain are turned; those of a surface inside of it, or outside, stay."""
    x, normal = points.x, points.normal
    if normal is None:
        return points
    step = math.sqrt(jnp.finfo(x.dtype).eps) * max(domain.bounds.extents)
    inwards = domain.contains(x + step * normal) & ~domain.contains(x - step * normal)
    return dataclasses.replace(points, normal=jnp.where(inwards[:, None], -normal, normal))


def _stated(condition: AbstractBoundaryCondition, given: Mapping[str, Any]) -> AbstractBoundaryCondition:
    g = getattr(condition, "g", None)
    wanted = put_in(g, given, 1)
    return condition if wanted is g else dataclasses.replace(condition, g=wanted)  # pyright: ignore[reportCallIssue]


def part(domain: AbstractDomain, on: Place, where: Predicate | None) -> AbstractSurface:
    """The surface that a condition names; ``ValueError`` where it has no points."""
    surface = _named(domain, on)
    if isinstance(surface, BoxSurface) and not surface.faces:
        raise ArgumentError(
            f"The domain with the axes {domain.names} has no walls in space: its axes are periodic or time. Leave the "
            "boundary condition out; what holds at the beginning is said by Initial."
        )
    return surface if where is None else Part(surface, where)


def _named(domain: AbstractDomain, on: Place) -> AbstractSurface:
    if on is None:
        return walls(domain)
    if isinstance(on, AbstractSurface):
        return extended(on, domain)
    if not isinstance(domain, Box):
        raise ArgumentError(
            f"Sides are named on boxes, and this domain is a {type(domain).__name__}; say which part of the boundary is "
            "meant by `where`, or give a surface."
        )
    if isinstance(on, tuple):
        return domain.side(*on)
    axis = axis_of(domain, on)
    return BoxSurface(domain, ((axis, False), (axis, True)))


def walls(domain: AbstractDomain) -> AbstractSurface:
    """The boundary in space at all times."""
    if isinstance(domain, Box):
        axes = [i for i, axis in enumerate(domain.axes) if not axis.periodic and axis.name != TIME]
        return BoxSurface(domain, tuple((i, upper) for i in axes for upper in (False, True)))
    if isinstance(domain, Product) and isinstance(domain.b, Box) and domain.b.names == (TIME,):
        return Lateral(domain.a.boundary, domain.b)
    return domain.boundary
