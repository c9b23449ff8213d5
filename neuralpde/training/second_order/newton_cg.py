"""Newton's method with Nyström-preconditioned conjugate gradients (NNCG)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int

from ..failures import TrainingArgumentError
from ..phases import OfOneBatch
from ..stopping import StopReason
from .flat import flatten, in_full_precision, value_on
from .nystrom import Nystrom, Product, nystrom

SUFFICIENT, SHRINK, HALVINGS = 0.1, 0.5, 30
"""Armijo's condition and the factor between its trials, as in the paper; trials made at most."""


class NewtonCGState(NamedTuple):
    """``preconditioner`` is a `Nystrom` approximation of the Hessian, made in the step ``made``."""

    count: Int[Array, ""]
    preconditioner: Nystrom
    made: Int[Array, ""]
    learning_rate: Float[Array, ""]
    stop_reason: Int[Array, ""]


def newton_cg(
    steps: int,
    damping: float = 1e-4,
    rank: int = 60,
    refresh: int = 20,
    iterations: int = 200,
    rtol: float = 1e-8,
    tolerance: float = 0.0,
    seed: int = 0,
) -> optax.GradientTransformationExtraArgs:
    """Steps ``-alpha (H + damping)^-1 g`` with the Hessian H, by conjugate gradients, alpha by halving (Armijo).

    The preconditioner is a Nyström approximation of H of some ``rank``, made anew every ``refresh`` steps and on a new
    batch. A solve ends after ``iterations``, at a residual of ``rtol |g|``, or where the damped Hessian turns out not to
    be definite, with what was found so far: a direction of descent. ``tolerance`` is the largest entry of the gradient
    at which the work is done. Rathore et al., "Challenges in training PINNs: a loss landscape perspective", ICML 2024,
    algorithms 4-6.

    Raises `TrainingArgumentError` for unusable arguments.
    """
    del steps
    if min(damping, rank, refresh, iterations) <= 0:
        raise TrainingArgumentError(
            "damping, rank, refresh and iterations are positive; got "
            f"damping={damping}, rank={rank}, refresh={refresh}, iterations={iterations}."
        )

    def init(parameters):
        x, _ = flatten(parameters)
        size = min(rank, len(x))
        nothing = Nystrom(jnp.zeros((len(x), size), x.dtype), jnp.zeros(size, x.dtype))
        return NewtonCGState(
            jnp.int32(0), nothing, jnp.int32(-refresh), jnp.zeros((), x.dtype), jnp.int32(StopReason.NONE)
        )

    def update(gradient, state, parameters, *, value, value_fn, new_batch=False, **others):
        del others
        flat = flatten(parameters)
        x, g, value_at = flat.x, flatten(gradient).x, value_on(flat, value_fn)

        def curvature(v):
            return jax.jvp(jax.grad(value_at), (x,), (v,))[1]

        def made():
            key = jax.random.fold_in(jax.random.key(seed), state.count)
            return nystrom(curvature, len(x), rank, key, x.dtype)

        anew = (state.count - state.made >= refresh) | new_batch
        preconditioner = jax.lax.cond(anew, made, lambda: state.preconditioner)
        direction = -conjugate_gradients(
            lambda v: curvature(v) + damping * v,
            g,
            lambda v: (preconditioner.values[-1] + damping) * preconditioner.solve(v, jnp.asarray(damping, x.dtype)),
            iterations,
            rtol,
        )
        alpha, better = _armijo(value_at, x, value.astype(x.dtype), direction, jnp.vdot(g, direction))
        converged = jnp.max(jnp.abs(g)) <= tolerance
        taken = better & ~converged
        s = jnp.where(taken, alpha * direction, 0.0)
        reason = jnp.select(
            [converged, ~better, jnp.all(x + s == x)],
            [StopReason.CONVERGED, StopReason.LINE_SEARCH, StopReason.SMALL_STEP],
            StopReason.NONE,
        )
        made_at = jnp.where(anew, state.count, state.made)
        rate = jnp.where(taken, alpha, 0.0)
        return flat.restore(s), NewtonCGState(state.count + 1, preconditioner, made_at, rate, reason.astype(jnp.int32))

    return OfOneBatch(init, in_full_precision(update))


class _Iterate(NamedTuple):
    z: Float[Array, " n"]
    residual: Float[Array, " n"]
    scaled: Float[Array, " n"]
    p: Float[Array, " n"]
    count: Int[Array, ""]
    definite: Bool[Array, ""]


def conjugate_gradients(
    product: Product, g: Float[Array, " n"], precondition: Product, iterations: int, rtol: float
) -> Float[Array, " n"]:
    """``A z = g`` from z = 0; ends on a direction p with ``p.Ap <= 0``, with what was found before it.

    Every iterate, also ``precondition(g)`` where the first direction is such a p, has ``z.g > 0``.
    """
    scaled = precondition(g)

    def proceed(i: _Iterate):
        unsolved = jnp.linalg.norm(i.residual) > rtol * jnp.linalg.norm(g)
        return i.definite & unsolved & (i.count < iterations)

    def iterate(i: _Iterate) -> _Iterate:
        along = product(i.p)
        curvature, before = jnp.vdot(i.p, along), jnp.vdot(i.residual, i.scaled)
        definite = curvature > 0
        alpha = before / curvature
        residual = i.residual - alpha * along
        scaled = precondition(residual)
        p = scaled + jnp.vdot(residual, scaled) / before * i.p
        z = jnp.where(definite, i.z + alpha * i.p, jnp.where(i.count > 0, i.z, i.p))
        return _Iterate(z, residual, scaled, p, i.count + 1, definite)

    start = _Iterate(jnp.zeros_like(g), g, scaled, scaled, jnp.int32(0), jnp.ones((), bool))
    return jax.lax.while_loop(proceed, iterate, start).z


def _armijo(value_at: Callable, x, value, direction, slope):
    """The largest of 1, 1/2, 1/4, ... with a decrease of ``0.1 alpha |slope|``, and whether there is one."""

    def enough(alpha):
        return (value_at(x + alpha * direction) <= value + SUFFICIENT * alpha * slope) & (slope < 0)

    def proceed(carry):
        tries, _, found = carry
        return ~found & (tries < HALVINGS)

    def shorten(carry):
        tries, alpha, _ = carry
        shorter = alpha * SHRINK
        return tries + 1, shorter, enough(shorter)

    one = jnp.ones_like(value)
    _, alpha, found = jax.lax.while_loop(proceed, shorten, (jnp.int32(0), one / SHRINK, jnp.zeros((), bool)))
    return alpha, found
