"""Energy natural gradient (Gauss-Newton with a search on a grid of step lengths), with momentum and by sketching."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from ..failures import TrainingArgumentError
from ..stopping import StopReason
from .flat import flatten, in_full_precision, residuals_on
from .jacobian import first_order
from .normal_equations import check_form, normal_equations
from .nystrom import nystrom


class NaturalGradientState(NamedTuple):
    """``direction`` is the latest one, before it was scaled by ``learning_rate``."""

    count: Int[Array, ""]
    direction: Float[Array, " p"]
    learning_rate: Float[Array, ""]
    damping: Float[Array, ""]
    stop_reason: Int[Array, ""]


def natural_gradient(
    steps: int,
    damping: float = 1e-8,
    momentum: float = 0.0,
    halvings: int = 20,
    tolerance: float = 0.0,
    form: str = "auto",
    sketch: int | None = None,
    chunk: int = 64,
    seed: int = 0,
) -> optax.GradientTransformationExtraArgs:
    """Steps ``eta d`` where d minimises ``|r + J d|^2 + lambda |d - mu d_previous|^2``, eta the best of 2^0, ..., 2^-k.

    Without momentum this is the energy natural gradient of a sum of squares (Müller & Zeinhofer, ICML 2023), with it
    SPRING (Goldshlager, Abrahamsen & Lin, arXiv 2401.10190; for PINNs Guzmán-Cordero et al., arXiv 2505.12149).

    - ``damping``: lambda is this or the loss, whichever is smaller; ``momentum``: mu; ``halvings``: k.
    - ``tolerance``: largest entry of the gradient at which the work is done; ``form`` and ``chunk``: see `normal_equations`.
    - ``sketch``: rank of a Nyström approximation of J^T J that replaces it (`nystrom`), for many parameters and
      residuals; ``seed`` is that of its test vectors, which are others in every step.

    A step for which no length makes the loss smaller forgets the momentum; without one it ends the phase. Raises
    `TrainingArgumentError` for unusable arguments.
    """
    del steps
    check_form(form, chunk)
    if damping < 0 or not 0 <= momentum < 1 or halvings < 0 or (sketch is not None and sketch < 1):
        raise TrainingArgumentError(
            "damping and halvings are at least 0, momentum is in [0, 1) and sketch positive; got "
            f"damping={damping}, momentum={momentum}, halvings={halvings}, sketch={sketch}."
        )

    def init(parameters):
        x, _ = flatten(parameters)
        zero = jnp.zeros((), x.dtype)
        return NaturalGradientState(jnp.int32(0), jnp.zeros_like(x), zero, zero, jnp.int32(StopReason.NONE))

    def update(gradient, state, parameters, *, value, residual_fn=None, **others):
        del others
        flat = flatten(parameters)
        x, g, loss = flat.x, flatten(gradient).x, value.astype(flat.x.dtype)
        residuals = residuals_on(flat, residual_fn, "natural_gradient")
        before = momentum * state.direction
        local = first_order(residuals, x)
        w = local.r + local.push(before) if momentum else local.r
        used = jnp.minimum(jnp.asarray(damping, x.dtype), loss)
        if sketch is None:
            equations = normal_equations(residuals, x, local, form, chunk)
            used = jnp.maximum(used, equations.round_off)
            d = before + equations.solver(used)(w)
        else:
            key = jax.random.fold_in(jax.random.key(seed), state.count)
            curvature = nystrom(lambda v: local.pull(local.push(v)), len(x), sketch, key, x.dtype)
            d = before - curvature.solve(local.pull(w), used)

        def loss_after(eta):
            new = residuals(x + eta * d)
            return jnp.vdot(new, new)

        lengths = 0.5 ** jnp.arange(halvings + 1, dtype=x.dtype)
        losses = jax.lax.map(loss_after, lengths)
        best = jnp.nanargmin(losses)
        better, converged = losses[best] < loss, jnp.max(jnp.abs(g)) <= tolerance
        taken = better & ~converged
        s = jnp.where(taken, lengths[best] * d, 0.0)
        alone = ~jnp.any(before != 0)
        reason = jnp.select(
            [converged, ~better & alone, better & jnp.all(x + s == x)],
            [StopReason.CONVERGED, StopReason.LINE_SEARCH, StopReason.SMALL_STEP],
            StopReason.NONE,
        )
        state = NaturalGradientState(
            state.count + 1,
            jnp.where(taken, d, 0.0),
            jnp.where(taken, lengths[best], 0.0),
            used,
            reason.astype(jnp.int32),
        )
        return flat.restore(s), state

    return optax.GradientTransformationExtraArgs(init, in_full_precision(update))
