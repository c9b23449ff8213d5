"""Classes of points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.pinn.collocation import Collocation

from .condition import PointFunction, as_names
from .data import AbstractData, checked

LEAST = 1e-12
"""Added to a cross entropy, whose root has no slope at zero."""


class Labels(AbstractData):
    """The components ``of`` are scores of classes, whose softmax at x_i is to be one for the class ``labels_i``.

    x: points of shape (n, d). labels: whole numbers (n,) from 0 on, places in ``of``. The residual is the root of the
    cross entropy ``log sum_k exp(u_k) - u_label``, so that the term of the loss is its mean.

    Raises ``ValueError`` for no points, for other labels than those, and where counts do not agree.
    """

    x: Float[Array, "n d"]
    values: Float[Array, "n k"]
    of: tuple[str, ...] | None = eqx.field(static=True)
    weight: float = eqx.field(static=True)
    name: str | None = eqx.field(static=True)

    def __init__(self, x, labels, of, weight: float = 1.0, name: str | None = None):
        x, labels, of = jnp.asarray(x, float), jnp.asarray(labels), as_names(of)
        classes = len(of or ())
        if labels.ndim != 1 or not jnp.issubdtype(labels.dtype, jnp.integer) or classes < 2:
            raise ArgumentError(
                f"Labels are whole numbers (n,), places in the names of two or more components, got {labels.shape} "
                f"{labels.dtype} and {of}."
            )
        if bool(jnp.any((labels < 0) | (labels >= classes))):
            raise ArgumentError(f"Labels of {classes} classes lie between 0 and {classes - 1}.")
        self.x, self.values = checked("Labels", x, jax.nn.one_hot(labels, classes, dtype=x.dtype))
        self.of, self.weight, self.name = of, weight, name

    @property
    def kind(self) -> str:
        """labels"""
        return "labels"

    @property
    def asks(self) -> frozenset[str]:
        """Nothing."""
        return frozenset()

    def residual(self, u: PointFunction, point: Collocation, given: Mapping[str, Any]) -> Float[Array, " 1"]:
        assert point.values is not None  # `sample` gives every point its values
        return jnp.sqrt(LEAST - point.values @ jax.nn.log_softmax(u(point.x)))[None]
