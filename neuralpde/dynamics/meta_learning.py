"""Learning to adapt: a few steps of descent as a part of the model, through which training goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Float, PyTree

from neuralpde.nn import trainable

Loss = Callable[[Any, Any], Float[Array, ""]]
"""``loss(model, batch)``, to be small."""
Part = Callable[[Any], Any]
"""The part of a model, or a tuple of parts, such as ``lambda model: model.head``."""


def adapted(
    model: PyTree, loss: Loss, batch: Any, *, steps: int, rate: float, part: Part | None = None, exact: bool = True
) -> PyTree:
    """The model after ``steps`` of gradient descent, ``theta <- theta - rate dL/dtheta``, on one batch.

    MAML (Finn, Abbeel & Levine, ICML 2017) makes ``loss(adapted(model, loss, support), query)`` small over many tasks:
    the descent is a scan, and its derivative goes through the gradients in it. Not ``exact`` these count as constants (its
    first-order variant). ``part``: what is adapted, by default all that is trained; the last layer alone is ANIL (Raghu,
    Raghu, Bengio & Vinyals, ICLR 2020). To be called inside jit.
    """
    moving = trainable(model) if part is None else _only(model, part)
    theta, rest = eqx.partition(model, moving)

    def descend(theta, _):
        slope = jax.grad(lambda theta: loss(eqx.combine(theta, rest), batch))(theta)
        slope = slope if exact else jax.lax.stop_gradient(slope)
        return jax.tree.map(lambda x, g: x - rate * g, theta, slope), None

    return eqx.combine(jax.lax.scan(descend, theta, None, length=steps)[0], rest)


def _only(model: PyTree, part: Part) -> PyTree:
    nothing = jax.tree.map(lambda _: False, model)
    return eqx.tree_at(part, nothing, trainable(part(model)))
