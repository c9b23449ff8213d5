"""One condition of a problem, with its points: a term of the loss."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractFunction, Box, FunctionSpace, Value, concatenate, propagate

from .candidate import Candidate
from .collocation import Collocation
from .conditions import AbstractCondition, AbstractData
from .sampling.sampler import AbstractSampler
from .unknowns import in_use


class Component(AbstractFunction):
    """Some components of a function."""

    function: AbstractFunction
    indices: tuple[int, ...] = eqx.field(static=True)

    @property
    def space(self) -> FunctionSpace:
        """The same domain with fewer names."""
        space = self.function.space
        return FunctionSpace(space.domain, tuple(space.names[i] for i in self.indices))

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """The components of a value or of its series."""
        value = propagate(self.function, x)
        return concatenate([value[i : i + 1] for i in self.indices])


class Member(AbstractFunction):
    """The member of a family of functions that has the given parameters."""

    function: AbstractFunction
    parameters: Float[Array, " p"]
    space: FunctionSpace = eqx.field(static=True)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Along lines through x the parameters stay."""
        return propagate(self.function, concatenate([x, self.parameters.astype(x.dtype)]))


class Term(eqx.Module):
    """``n`` points of a placed condition, and the residuals of a candidate there.

    space: that of the problem without the parameters of a family, ``family`` their box.
    """

    condition: AbstractCondition
    space: FunctionSpace = eqx.field(static=True)
    family: Box | None = eqx.field(static=True)
    n: int = eqx.field(static=True)
    sampler: AbstractSampler = eqx.field(static=True)

    @property
    def size(self) -> int:
        """Number of points: no more than there are in a finite set, unless parameters vary over them."""
        atoms = self.condition.atoms
        observed = isinstance(self.condition, AbstractData)
        return self.n if atoms is None or (self.family is not None and not observed) else min(self.n, atoms)

    def points(self, key: PRNGKeyArray) -> Collocation:
        """Points of the condition's set, with parameters of the family as last coordinates."""
        points = self.condition.sample(self.size, self.sampler, key)
        if self.family is None or isinstance(self.condition, AbstractData):
            return points
        key_unit, key_order = jax.random.split(jax.random.fold_in(key, 1))
        unit = self.sampler.unit(key_unit, self.size, self.family.dim)
        # Two sets of one sampler are alike in their order, which must not tie parameters to places.
        unit = jax.random.permutation(key_order, unit)
        parameters = jnp.asarray(self.family.lower, unit.dtype) + unit * jnp.asarray(self.family.extents, unit.dtype)
        x = jnp.concatenate([points.x, parameters.astype(points.x.dtype)], axis=1)
        return Collocation(x, points.w, points.normal, points.values)

    def residuals(self, candidate: Candidate, points: Collocation) -> Float[Array, "n k"]:
        """By how much a candidate misses the condition at each point."""
        return jax.vmap(lambda point: self.residual(candidate, point))(points)

    def residual(self, candidate: Candidate, point: Collocation) -> Float[Array, " k"]:
        """The same at one point, a `Collocation` without the axis of points; complex residuals as two real ones."""
        u, point, parameters = self._member(candidate.u, point)
        given = in_use(candidate.unknowns, self.space.domain.names)
        r = self.condition.residual(u, point, {**given, **parameters})
        return jnp.concatenate([r.real, r.imag]) if jnp.iscomplexobj(r) else r

    def _member(self, u: AbstractFunction, point: Collocation) -> tuple[AbstractFunction, Collocation, dict[str, Any]]:
        """The function that the condition speaks of, the point without parameters, and these by name."""
        parameters = {}
        if self.family is not None:
            x, p = point.x[: self.space.dim], point.x[self.space.dim :]
            u = Member(u, p, FunctionSpace(self.space.domain, u.space.names))
            parameters = dict(zip(self.family.names, p, strict=True))
            point = Collocation(x, point.w, point.normal, point.values)
        if self.condition.of is not None and self.condition.of != u.space.names:
            u = Component(u, tuple(component(u, name) for name in self.condition.of))
        return u, point, parameters


def component(u: AbstractFunction, name: str) -> int:
    """The place of a component; ``ValueError`` where a function has none of that name."""
    if name not in u.space.names:
        raise ArgumentError(f"A condition speaks of the component {name!r}, the candidate has {u.space.names}.")
    return u.space.names.index(name)
