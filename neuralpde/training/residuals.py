"""The residuals of a batch as a function of the parameters: what Gauss-Newton methods need beside the loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .state import put_together
from .task import Task


class Block(NamedTuple):
    """Residuals at points: ``function(parameters, point) -> (k,)`` for each point on the first axis of ``points``."""

    function: Callable[[Any, Any], Float[Array, " k"]]
    points: PyTree


@dataclasses.dataclass(frozen=True)
class Residuals:
    """``residuals(parameters) -> (n,)``, whose sum of squares is the loss.

    ``blocks``, where there are any, stand for the same residuals in the same order. They let a Jacobian be made row by
    row at the cost of a point each; without them every row costs as much as all points together.
    """

    whole: Callable[[Any], Float[Array, " n"]]
    blocks: tuple[Block, ...] = ()

    def __call__(self, parameters: Any) -> Float[Array, " n"]:
        return self.whole(parameters)

    def after(self, change: Callable[[Any], Any]) -> Residuals:
        """The residuals as a function of what ``change`` makes parameters of."""
        blocks = tuple(Block(lambda x, p, f=b.function: f(change(x), p), b.points) for b in self.blocks)
        return Residuals(lambda x: self.whole(change(x)), blocks)


def residuals_of(task: Task, frozen: PyTree, static: PyTree, batch: Any, key: PRNGKeyArray) -> Residuals | None:
    """The residuals of a task that offers some; None for another.

    Such a task has ``residuals(model, batch, key) -> (n,)``, and perhaps ``residual_blocks(batch, key)``, a sequence of
    (function, points) with ``function(model, point) -> (k,)``, whose stacked values are then the residuals.
    """
    if hasattr(task, "residual_blocks"):
        return stacked(
            [
                Block(lambda p, point, f=function: f(put_together(p, frozen, static), point), points)
                for function, points in task.residual_blocks(batch, key)
            ]
        )
    if hasattr(task, "residuals"):
        return Residuals(lambda p: task.residuals(put_together(p, frozen, static), batch, key))
    return None


def stacked(blocks: Sequence[Block]) -> Residuals:
    """The residuals of some blocks, one block after the other."""

    def whole(parameters):
        each = [jax.vmap(block.function, (None, 0))(parameters, block.points) for block in blocks]
        return jnp.concatenate([values.reshape(-1) for values in each])

    return Residuals(whole, tuple(blocks))
