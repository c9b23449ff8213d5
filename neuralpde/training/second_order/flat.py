"""The parameters of a model as one vector, in which second-order methods work."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, PyTree

from ..failures import TrainingArgumentError
from ..residuals import Residuals


class Flat(NamedTuple):
    """The vector of some parameters, and the way back."""

    x: Float[Array, " p"]
    restore: Callable[[Float[Array, " p"]], PyTree]


def flatten(parameters: PyTree) -> Flat:
    """Parameters as a vector; raises `TrainingArgumentError` where there are complex ones among them."""
    if any(jnp.iscomplexobj(leaf) for leaf in jax.tree.leaves(parameters)):
        raise TrainingArgumentError(
            "Second-order methods need real parameters, and this model has complex ones; hold their real and imaginary "
            "parts as two arrays, or use a first-order method such as adamw."
        )
    return Flat(*ravel_pytree(parameters))


def value_on(flat: Flat, value_fn: Callable[[PyTree], Any]) -> Callable[[Float[Array, " p"]], Float[Array, ""]]:
    """The loss of a vector of parameters, in its dtype."""
    return lambda x: value_fn(flat.restore(x)).astype(x.dtype)


def residuals_on(flat: Flat, residual_fn: Callable[[PyTree], Any] | None, method: str) -> Residuals:
    """The residuals of a vector of parameters; raises `TrainingArgumentError` where the task has none."""
    if residual_fn is None:
        raise TrainingArgumentError(
            f"{method} needs a task with a method residuals(model, batch, key), whose sum of squares is the loss, and "
            "this task has none; use a method that needs the loss alone, such as lbfgs or ssbroyden."
        )
    if not isinstance(residual_fn, Residuals):
        residual_fn = Residuals(residual_fn)
    return residual_fn.after(flat.restore)


def improved(
    value: Float[Array, ""], g: Float[Array, " p"], new_value: Float[Array, ""], new_g: Float[Array, " p"]
) -> Bool[Array, ""]:
    """Whether a step made the loss smaller; where it differs by round-off alone, whether it made the gradient smaller.

    Near a minimum the loss tells parameters apart to the root of the round-off only, the gradient to the round-off
    (Hager & Zhang, ACM TOMS 32 (2006), section 4). A loss or gradient that is not finite is no improvement.
    """
    noise = 4 * jnp.finfo(g.dtype).eps * jnp.abs(value)
    smaller = jnp.linalg.norm(new_g) < jnp.linalg.norm(g)
    return ((new_value < value - noise) | ((new_value <= value + noise) & smaller)) & jnp.all(jnp.isfinite(new_g))


def in_full_precision(update: Callable) -> Callable:
    """The same update with matrix products in the full precision of their dtype, which accelerators round otherwise."""

    @functools.wraps(update)
    def precise(*arguments, **named):
        with jax.default_matmul_precision("highest"):
            return update(*arguments, **named)

    return precise
