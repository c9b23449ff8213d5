"""Gauss-Newton steps by QR factorisation, the first of which solves a linear least-squares problem."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int

from neuralpde.pinn import damped_least_squares

from ..failures import TrainingArgumentError
from ..residuals import Residuals
from ..stopping import StopReason
from .flat import flatten, improved, in_full_precision, residuals_on
from .jacobian import first_order, jacobian


class LeastSquaresState(NamedTuple):
    """The steps made, the share of the latest Gauss-Newton step that was taken, and why there are no more."""

    count: Int[Array, ""]
    share: Float[Array, ""]
    stop_reason: Int[Array, ""]


def least_squares(
    steps: int, ridge: float | None = None, chunk: int = 64, halvings: int = 10
) -> optax.GradientTransformationExtraArgs:
    """Steps ``-J^+ r`` by QR factorisation of the Jacobian (`neuralpde.pinn.damped_least_squares`).

    Of a network whose hidden layers are not trained (`neuralpde.nn.extreme_learning_machine`) on a linear problem the
    first step is the solution, with twice the digits that the normal equations of `levenberg_marquardt` leave. On a
    nonlinear problem it is a step of Gauss-Newton, halved up to ``halvings`` times until it makes the loss smaller. The
    phase ends where none does. ridge: see `damped_least_squares`. chunk: rows of J made at once.

    Raises `TrainingArgumentError` for ``halvings < 0``.
    """
    del steps
    if halvings < 0:
        raise TrainingArgumentError(f"halvings counts how often a step may be halved, 0 or more; got {halvings}.")

    def init(parameters):
        return LeastSquaresState(jnp.int32(0), jnp.ones((), flatten(parameters).x.dtype), jnp.int32(StopReason.NONE))

    def update(gradient, state, parameters, *, value, residual_fn=None, **others):
        del others
        flat = flatten(parameters)
        x, g, loss = flat.x, flatten(gradient).x, value.astype(flat.x.dtype)
        residuals = residuals_on(flat, residual_fn, "least_squares")
        local = first_order(residuals, x)
        d = damped_least_squares(jacobian(residuals, x, local, chunk), -local.r, ridge)
        share, better = _share(residuals, x, d, loss, g, halvings)
        reason = jnp.where(better, StopReason.NONE, StopReason.LINE_SEARCH).astype(jnp.int32)
        return flat.restore(jnp.where(better, share * d, 0.0)), LeastSquaresState(state.count + 1, share, reason)

    return optax.GradientTransformationExtraArgs(init, in_full_precision(update))


def _share(
    residuals: Residuals, x: Float[Array, " p"], d: Float[Array, " p"], loss: Array, g: Array, halvings: int
) -> tuple[Float[Array, ""], Bool[Array, ""]]:
    """The first of 1, 1/2, 1/4, ... of the step that makes the loss smaller, and whether there is one."""

    def improves(share):
        new = first_order(residuals, x + share * d)
        return improved(loss, g, jnp.vdot(new.r, new.r), 2 * new.pull(new.r))

    def halve(tried):
        share, _ = tried
        return share / 2, improves(share / 2)

    whole = jnp.ones((), x.dtype)
    fails = lambda tried: ~tried[1] & (tried[0] > 0.5**halvings)
    return jax.lax.while_loop(fails, halve, (whole, improves(whole)))
