"""Levenberg-Marquardt: Gauss-Newton steps damped as the gain ratio asks for."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int

from ..failures import TrainingArgumentError
from ..residuals import Residuals
from ..stopping import StopReason
from .count_sketch import sketched
from .flat import flatten, improved, in_full_precision, residuals_on
from .jacobian import first_order
from .normal_equations import NormalEquations, check_form, normal_equations

TRIES = 12
"""Dampings tried in a step; each failure multiplies by 2, 4, 8, ..., so that the last is 2^66 times the first."""
BENT = 0.75
"""Largest ratio 2 |a| / |v| of acceleration and velocity of a geodesic step."""


class LevenbergMarquardtState(NamedTuple):
    """``factor`` is mu of the damping mu |r|, ``damping`` the latest damping."""

    count: Int[Array, ""]
    factor: Float[Array, ""]
    damping: Float[Array, ""]
    stop_reason: Int[Array, ""]


class Trial(NamedTuple):
    """A step ``d`` with its damping's ``factor``; the ``next_factor`` after it; ``growth`` where it is refused."""

    d: Float[Array, " p"]
    factor: Float[Array, ""]
    next_factor: Float[Array, ""]
    growth: Float[Array, ""]
    accepted: Bool[Array, ""]
    tries: Int[Array, ""]


def levenberg_marquardt(
    steps: int,
    damping: float = 1e-2,
    tolerance: float = 0.0,
    form: str = "auto",
    geodesic: bool = False,
    sketch: int | None = None,
    chunk: int = 64,
    seed: int = 0,
) -> optax.GradientTransformationExtraArgs:
    """Steps ``-(J^T J + lambda I)^-1 J^T r`` with lambda = mu |r|, mu by the ratio of actual and predicted decrease.

    A refused step is tried again, with the same J, at a mu multiplied by 2, 4, 8, ...; an accepted one multiplies mu by
    ``max(1/3, 1 - (2 gain - 1)^3)`` (Nielsen, IMM-REP-1999-05). As lambda vanishes with |r|, convergence is quadratic
    where the residuals vanish at the minimiser and J has full rank (Fan & Yuan, Computing 74, 2005).

    - ``damping`` is the first mu; ``tolerance`` the largest entry of the gradient at which the work is done.
    - ``form`` and ``chunk``: see `normal_equations`.
    - ``geodesic`` adds half the acceleration along the step (Transtrum & Sethna, arXiv 1201.5885), one solve more.
    - ``sketch`` makes J of that many random combinations of the residuals (`count_sketch`), for many of both; ``seed``
      is that of the combinations, which are others in every step.

    The phase ends where no damping makes the loss smaller. Raises `TrainingArgumentError` for unusable arguments.
    """
    del steps
    check_form(form, chunk)
    if not damping > 0 or (sketch is not None and sketch < 1):
        raise TrainingArgumentError(f"damping and sketch are positive; got damping={damping}, sketch={sketch}.")

    def init(parameters):
        x, _ = flatten(parameters)
        start = jnp.asarray(damping, x.dtype)
        return LevenbergMarquardtState(jnp.int32(0), start, jnp.zeros_like(start), jnp.int32(StopReason.NONE))

    def update(gradient, state, parameters, *, value, residual_fn=None, **others):
        del others
        flat = flatten(parameters)
        x, g, loss = flat.x, flatten(gradient).x, value.astype(flat.x.dtype)
        residuals = residuals_on(flat, residual_fn, "levenberg_marquardt")
        seen = residuals
        if sketch is not None:
            seen = sketched(residuals, x, sketch, jax.random.fold_in(jax.random.key(seed), state.count))
        equations = normal_equations(seen, x, first_order(seen, x), form, chunk)
        trial = _search(equations, residuals, x, loss, g, state.factor, seen if geodesic else None)
        converged = jnp.max(jnp.abs(g)) <= tolerance
        taken = trial.accepted & ~converged
        d = jnp.where(taken, trial.d, 0.0)
        reason = jnp.select(
            [converged, ~trial.accepted, jnp.all(x + d == x)],
            [StopReason.CONVERGED, StopReason.TRUST_REGION, StopReason.SMALL_STEP],
            StopReason.NONE,
        )
        used = trial.factor * jnp.sqrt(loss)
        factor = jnp.where(taken, trial.next_factor, state.factor)
        return flat.restore(d), LevenbergMarquardtState(state.count + 1, factor, used, reason.astype(jnp.int32))

    return optax.GradientTransformationExtraArgs(init, in_full_precision(update))


def _search(equations: NormalEquations, residuals: Residuals, x, loss, g, factor, bending: Residuals | None) -> Trial:
    """The first accepted step; ``bending`` are the residuals of a geodesic step, or None."""

    def loss_at(x):
        r = residuals(x)
        return jnp.vdot(r, r)

    norm, half = jnp.sqrt(loss), equations.local.pull(equations.local.r)

    def attempt(last: Trial) -> Trial:
        factor = jnp.maximum(last.next_factor, equations.round_off / norm)
        damping = factor * norm
        solve = equations.solver(damping)
        v = solve(equations.local.r)
        d, fits = (v, True) if bending is None else _bent(bending, x, v, solve)
        predicted = damping * jnp.vdot(v, v) - jnp.vdot(half, v)
        new_loss, new_g = jax.value_and_grad(loss_at)(x + d)
        accepted = improved(loss, g, new_loss, new_g) & fits
        gain = (loss - new_loss) / predicted
        relaxed = factor * jnp.clip(1 - (2 * gain - 1) ** 3, 1 / 3, 2.0)
        next_factor = jnp.where(accepted, relaxed, last.growth * factor)
        return Trial(d, factor, next_factor, 2 * last.growth, accepted, last.tries + 1)

    start = Trial(jnp.zeros_like(x), factor, factor, jnp.full_like(factor, 2.0), jnp.zeros((), bool), jnp.int32(0))
    return jax.lax.while_loop(lambda t: ~t.accepted & (t.tries < TRIES), attempt, start)


def _bent(residuals, x, v, solve):
    """``v + a/2`` with the acceleration ``a = d(r_vv)``, and whether a is small beside v."""

    def slope(x):
        return jax.jvp(residuals, (x,), (v,))[1]

    a = solve(jax.jvp(slope, (x,), (v,))[1])
    return v + 0.5 * a, jnp.linalg.norm(a) <= BENT * jnp.linalg.norm(v)
