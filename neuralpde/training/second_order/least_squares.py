"""The whole step of Gauss-Newton, which solves a linear least-squares problem at once."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import optax
from jaxtyping import Array, Int

from neuralpde.pinn import damped_least_squares

from ..stopping import StopReason
from .flat import flatten, improved, in_full_precision, residuals_on
from .jacobian import first_order, jacobian


class LeastSquaresState(NamedTuple):
    """Nothing but the steps made, and why there are no more."""

    count: Int[Array, ""]
    stop_reason: Int[Array, ""]


def least_squares(steps: int, ridge: float | None = None, chunk: int = 64) -> optax.GradientTransformationExtraArgs:
    """Steps ``-J^+ r`` by QR factorisation of the Jacobian (`neuralpde.pinn.damped_least_squares`).

    Of a network whose hidden layers are not trained (`neuralpde.nn.extreme_learning_machine`) on a linear problem the
    first step is the solution, with twice the digits that the normal equations of `levenberg_marquardt` leave. The phase
    ends where a step does not make the loss smaller. ridge: see `damped_least_squares`. chunk: rows of J made at once.
    """
    del steps

    def init(parameters):
        flatten(parameters)
        return LeastSquaresState(jnp.int32(0), jnp.int32(StopReason.NONE))

    def update(gradient, state, parameters, *, value, residual_fn=None, **others):
        del others
        flat = flatten(parameters)
        x, g, loss = flat.x, flatten(gradient).x, value.astype(flat.x.dtype)
        residuals = residuals_on(flat, residual_fn, "least_squares")
        local = first_order(residuals, x)
        d = damped_least_squares(jacobian(residuals, x, local, chunk), -local.r, ridge)
        new = first_order(residuals, x + d)
        better = improved(loss, g, jnp.vdot(new.r, new.r), 2 * new.pull(new.r))
        reason = jnp.where(better, StopReason.NONE, StopReason.LINE_SEARCH).astype(jnp.int32)
        return flat.restore(jnp.where(better, d, 0.0)), LeastSquaresState(state.count + 1, reason)

    return optax.GradientTransformationExtraArgs(init, in_full_precision(update))
