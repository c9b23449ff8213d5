"""Factors of the terms of a loss that follow the training: what all schemes share."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.pinn.collocation import Collocation

Numbers = dict[str, Float[Array, ""]]


@runtime_checkable
class View(Protocol):
    """What a scheme may look at, for each term by name; each is computed when it is asked for.

    Mean squares, their gradients and residuals are those without weights.
    """

    points: Mapping[str, Collocation]

    def mean_squares(self) -> Numbers:
        """Mean of |r|^2 over the points."""
        ...

    def gradient_norms(self) -> Numbers:
        """Norm of the gradient of the mean square with respect to all parameters."""
        ...

    def kernel_means(self, key: PRNGKeyArray) -> Numbers:
        """Mean over the points of |dr / dtheta|^2: the trace of the tangent kernel, divided by the number of points."""
        ...

    def sizes(self) -> dict[str, Float[Array, " n"]]:
        """|r| at each point."""
        ...


class Balanced(eqx.Module):
    """``factors``, one number or one number a point for each term, and whatever the scheme remembers."""

    factors: dict[str, Float[Array, ...]]
    memory: Any = None


class AbstractBalance(abc.ABC):
    """How the factors are renewed: a pure update, carried by a task. Static and hashable.

    ``every`` is the number of steps between renewals. Weights that the user gave stay in force beside the factors.
    """

    every: int

    @property
    def remembers_points(self) -> bool:
        """Whether what is remembered belongs to single points, which then must stay for the whole training."""
        return False

    @property
    def weighs_points(self) -> bool:
        """Whether factors belong to single points, so that new points need new factors."""
        return self.remembers_points

    def start(self, view: View) -> Balanced:
        """Factors of one, nothing remembered."""
        return Balanced({name: jnp.ones((), points.x.dtype) for name, points in view.points.items()})

    @abc.abstractmethod
    def renew(self, balanced: Balanced, view: View, key: PRNGKeyArray) -> Balanced:
        """The factors for the next ``every`` steps."""


def stacked(numbers: Mapping[str, Float[Array, ""]]) -> Float[Array, " terms"]:
    """The numbers of all terms, in their order."""
    return jnp.stack(list(numbers.values()))


def named(values: Float[Array, " terms"], like: Mapping[str, Any]) -> dict[str, Float[Array, ""]]:
    """The inverse of `stacked`."""
    return {name: values[i] for i, name in enumerate(like)}
