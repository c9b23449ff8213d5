"""Arrays that belong to a model, and to its checkpoint, but are not trained."""

from __future__ import annotations

import equinox as eqx
import jax
from jaxtyping import PyTree


class Frozen(eqx.Module):
    """Marks everything below it as not trainable: statistics of a normaliser, fixed random features."""

    value: PyTree


def trainable(model: PyTree) -> PyTree[bool]:
    """For each leaf of ``model``, whether an optimiser may change it.

    True for floating-point arrays that are not below a `Frozen`; to be used with ``eqx.partition``.
    """

    def mark(node):
        if isinstance(node, Frozen):
            return jax.tree.map(lambda _: False, node)
        return eqx.is_inexact_array(node)

    return jax.tree.map(mark, model, is_leaf=lambda node: isinstance(node, Frozen))
