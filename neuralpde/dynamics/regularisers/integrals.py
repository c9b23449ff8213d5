"""Penalties that are integrals along the solution: int R(t, y(t)) dt, added up with the solve itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..method import Method
from ..solve import VectorField, solve
from ..solved import Solved
from ..times import Times

Integrand = Callable[[VectorField, Any, PyTree, Any], Float[Array, ""]]
"""R: ``integrand(field, t, y, args)`` is a number."""


def solve_with_integrals(
    field: VectorField,
    y0: PyTree,
    times: Times,
    integrands: Sequence[Integrand],
    method: Method | None = None,
    *,
    args: Any = None,
) -> tuple[Solved, Float[Array, " integrand"]]:
    """Like `solve`, and the integrals over the time of ``integrands`` along the solution.

    The integrals are further components of the state that have no part in the error norm, so that they do not change
    the steps. Where times decrease the integrals are over the time that passes, not negative.
    """
    method = Method() if method is None else method
    of_state = dataclasses.replace(method, norm=lambda state: method.norm(state[0]))
    forward = jnp.sign(jnp.asarray(times[-1]) - jnp.asarray(times[0]))

    def extended(t, state, args):
        y, integrals = state
        rates = [integrand(field, t, y, args) for integrand in integrands]
        return field(t, y, args), forward.astype(integrals.dtype) * jnp.stack(rates).astype(integrals.dtype)

    dtype = jnp.real(jnp.zeros((), jnp.result_type(*jax.tree.leaves(y0)))).dtype
    solved = solve(extended, (y0, jnp.zeros(len(integrands), dtype)), times, of_state, args=args)
    states, integrals = solved.states
    return Solved(solved.times, states, solved.cost), integrals[-1]


class Kinetic(eqx.Module):
    """|f(t, y)|^2: short paths (RNODE; Finlay, Jacobsen, Nurbekyan & Oberman, ICML 2020, arXiv 2002.02798)."""

    def __call__(self, field: VectorField, t: Any, y: PyTree, args: Any) -> Float[Array, ""]:
        return squared(field(t, y, args))


class JacobianFrobenius(eqx.Module):
    """|e^T df/dy|^2, whose mean over random e of covariance one is |df/dy|^2, Frobenius' norm (RNODE).

    ``probe`` has the structure of y; it stays the same during a solve, see `drawn`.
    """

    probe: PyTree

    @classmethod
    def drawn(cls, y: PyTree, key: PRNGKeyArray) -> JacobianFrobenius:
        """With a probe of random signs, for states like ``y``."""
        return cls(random_signs(y, key))

    def __call__(self, field: VectorField, t: Any, y: PyTree, args: Any) -> Float[Array, ""]:
        _, transposed = jax.vjp(lambda y: field(t, y, args), y)
        return squared(transposed(self.probe)[0])


class TaylorDerivative(eqx.Module):
    """|d^K y / dt^K|^2 along solutions: solvers of order below K make no error where it vanishes (TayNODE; Kelly,
    Bettencourt, Johnson & Duvenaud, NeurIPS 2020, arXiv 2007.04504).

    The total derivative follows from y' = f(t, y) by K - 1 derivatives along (1, f), nested: its cost doubles with
    each order.
    """

    order: int = eqx.field(default=3, static=True)

    def __call__(self, field: VectorField, t: Any, y: PyTree, args: Any) -> Float[Array, ""]:
        return squared(total_derivative(field, t, y, args, self.order))


def total_derivative(field: VectorField, t: Any, y: PyTree, args: Any, order: int) -> PyTree:
    """d^order y / dt^order at (t, y) along the solution through it; the field itself for order one."""
    time = jnp.asarray(t, jnp.result_type(float, t))
    along = lambda t, y: field(t, y, args)
    derivative = along
    for _ in range(order - 1):
        derivative = _next_derivative(derivative, along)
    return derivative(time, y)


def _next_derivative(g: Callable[[Any, PyTree], PyTree], f: Callable[[Any, PyTree], PyTree]):
    return lambda t, y: jax.jvp(g, (t, y), (jnp.ones_like(t), f(t, y)))[1]


def random_signs(y: PyTree, key: PRNGKeyArray) -> PyTree:
    """Independent signs with the structure of ``y``."""
    leaves, tree = jax.tree.flatten(y)
    keys = jax.random.split(key, len(leaves))
    return jax.tree.unflatten(
        tree, [jax.random.rademacher(k, x.shape, x.dtype) for k, x in zip(keys, leaves, strict=True)]
    )


def squared(y: PyTree) -> Float[Array, ""]:
    """Sum of |y|^2 over all entries."""
    return sum(jnp.sum(jnp.abs(x) ** 2) for x in jax.tree.leaves(y))
