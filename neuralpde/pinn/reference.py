"""The known solution of a problem at points, and how far a function is from it."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import AbstractFunction, Field, Grid

from .problem import Problem
from .sampling import Uniform, in_domain

AT_ONCE = 4096
"""Points that are evaluated together."""


class ReferenceValues(eqx.Module):
    """A solution ``values`` at points ``x`` with quadrature weights ``w``."""

    x: Float[Array, "n d"]
    values: Float[Array, "n c"]
    w: Float[Array, " n"]

    def missed(self, u: AbstractFunction) -> Float[Array, "n c"]:
        """``u - values`` at the points."""
        return jax.lax.map(u, self.x, batch_size=AT_ONCE) - self.values

    @eqx.filter_jit
    def relative_l2(self, u: AbstractFunction) -> Float[Array, " errors"]:
        """Of all components together, then of each."""
        missed, whole = self.w @ self.missed(u) ** 2, self.w @ self.values**2
        return jnp.sqrt(jnp.concatenate([(jnp.sum(missed) / jnp.sum(whole))[None], missed / whole]))

    @eqx.filter_jit
    def relative_maximum(self, u: AbstractFunction) -> Float[Array, ""]:
        """The largest error of all, over the largest value."""
        return jnp.max(jnp.abs(self.missed(u))) / jnp.max(jnp.abs(self.values))


def reference_values(problem: Problem, n: int, key: PRNGKeyArray) -> ReferenceValues | None:
    """The reference of a problem: a Field on a grid on its grid, another function at ``n`` random points; None without."""
    reference, space = problem.reference, problem.answer_space
    if reference is None:
        return None
    if isinstance(reference, Field) and isinstance(reference.on, Grid):
        x, values, w = reference.on.coords(), reference.values, reference.on.weights()
        return ReferenceValues(x.reshape(-1, space.dim), values.reshape(-1, space.channels), w.reshape(-1))

    def sampled(key: PRNGKeyArray) -> ReferenceValues:
        held_out = in_domain(space.domain, Uniform(), n, key)
        at = lambda x: jnp.atleast_1d(reference(x))
        return ReferenceValues(held_out.x, jax.lax.map(at, held_out.x, batch_size=AT_ONCE), held_out.w)

    return jax.jit(sampled)(key)
