"""Terms balanced by their gradients or by their tangent kernels."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .balance import AbstractBalance, Balanced, View, named, stacked


@dataclasses.dataclass(frozen=True)
class GradientNorms(AbstractBalance):
    """All terms pull as strongly: ``w_i = mean_j |grad L_j| / |grad L_i|``, as a running average.

    ``w <- momentum w + (1 - momentum) new``. Wang, Sankaran, Wang & Perdikaris, arXiv 2308.08468, algorithm 1.
    """

    every: int = 1000
    momentum: float = 0.9

    def __post_init__(self):
        check(self.every, self.momentum)

    def renew(self, balanced: Balanced, view: View, key: PRNGKeyArray) -> Balanced:
        return averaged(balanced, inverse_shares(stacked(view.gradient_norms())), self.momentum)


@dataclasses.dataclass(frozen=True)
class TangentKernel(AbstractBalance):
    """All terms learn as fast: ``w_i = mean_j k_j / k_i``, k the mean of |dr / dtheta|^2 over a term's points.

    That is the trace of the term's neural tangent kernel over its number of points (Wang, Yu & Perdikaris, J. Comput.
    Phys. 449 (2022) 110768; the normalised form of arXiv 2308.08468), as a running average like `GradientNorms`.
    """

    every: int = 1000
    momentum: float = 0.9

    def __post_init__(self):
        check(self.every, self.momentum)

    def renew(self, balanced: Balanced, view: View, key: PRNGKeyArray) -> Balanced:
        return averaged(balanced, inverse_shares(stacked(view.kernel_means(key))), self.momentum)


def inverse_shares(sizes: Float[Array, " terms"]) -> Float[Array, " terms"]:
    """``mean(sizes) / sizes``; one for a term of size zero, which no factor can lift."""
    positive = sizes > 0
    return jnp.where(positive, jnp.mean(sizes) / jnp.where(positive, sizes, 1.0), 1.0)


def averaged(balanced: Balanced, new: Float[Array, " terms"], momentum: float) -> Balanced:
    """The running average of the factors."""
    old = stacked(balanced.factors)
    return Balanced(named(momentum * old + (1 - momentum) * new, balanced.factors), balanced.memory)


def check(every: int, momentum: float) -> None:
    """Raises ``ValueError`` for numbers that are no count of steps and no decay."""
    if every < 1 or not 0 <= momentum < 1:
        raise ArgumentError(f"A balance needs every >= 1 and a decay in [0, 1), got every={every}, {momentum}.")
