"""Noise that is added to a prediction and removed again: the levels of PDE-Refiner.

Lippe, Veeling, Perdikaris, Turner & Brandstetter, "PDE-Refiner: Achieving accurate long rollouts with neural PDE
solvers", NeurIPS 2023, arXiv 2308.05732. Arrays are in standard units: what is predicted, y, has deviation one.
"""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from neuralpde.errors import ArgumentError

Values = Float[Array, "*grid c"]
Level = Int[Array, ""] | int


class AbstractRefinement(eqx.Module):
    """What a network sees and predicts at the levels k = 0, ..., K, and how one gets from one level to the next.

    At level 0 it sees nothing of y; at level k > 0 it sees y with noise of a deviation that falls to ``sigma_min``.
    """

    steps: eqx.AbstractVar[int]
    sigma_min: eqx.AbstractVar[float]

    @abc.abstractmethod
    def noised(self, y: Values, noise: Values, k: Level) -> Values:
        """What the network sees of y at level k."""

    @abc.abstractmethod
    def target(self, y: Values, noise: Values, k: Level) -> Values:
        """What the network should answer to `noised`."""

    @abc.abstractmethod
    def estimate(self, seen: Values, answer: Values, k: Level) -> Values:
        """y, from what the network saw and answered; the inverse of `noised` and `target`."""

    @abc.abstractmethod
    def renoised(self, seen: Values, y: Values, noise: Values, k: Level) -> Values:
        """What the network sees at level k, from what it saw at level k - 1 and the estimate of y that it gave there."""


def _check(steps: int, sigma_min: float) -> None:
    if steps < 1 or not 0 < sigma_min < 1:
        raise ArgumentError(
            f"A refinement makes at least one step, down to noise of a deviation between 0 and 1 (that of what is "
            f"predicted); got steps={steps}, sigma_min={sigma_min}."
        )


class NoisePrediction(AbstractRefinement):
    """The algorithm of the paper (section 3.1): y at level 0, from then on the noise of ``y + sigma_k eps``.

    ``sigma_k = sigma_min^(k/K)``; at level 0 the network sees zeros.
    """

    steps: int = eqx.field(static=True, default=3)
    sigma_min: float = eqx.field(static=True, default=4e-7**0.5)

    def __check_init__(self):
        _check(self.steps, self.sigma_min)

    def sigma(self, k: Level) -> Float[Array, ""]:
        """Deviation of the noise at level k."""
        return self.sigma_min ** (jnp.asarray(k, float) / self.steps)

    def noised(self, y: Values, noise: Values, k: Level) -> Values:
        return jnp.where(k == 0, 0.0, y + self.sigma(k) * noise)

    def target(self, y: Values, noise: Values, k: Level) -> Values:
        return jnp.where(k == 0, y, noise)

    def estimate(self, seen: Values, answer: Values, k: Level) -> Values:
        return jnp.where(k == 0, answer, seen - self.sigma(k) * answer)

    def renoised(self, seen: Values, y: Values, noise: Values, k: Level) -> Values:
        return self.noised(y, noise, k)


class VelocityPrediction(AbstractRefinement):
    """The form in which the authors published code: a variance-preserving diffusion of K + 1 steps.

    The variances added by the diffusion are ``beta_j = sigma_min^(2 (K - j) / K)``, j = 0, ..., K, and
    ``abar_j = (1 - beta_0) ... (1 - beta_j)``. Level k is the time j = K - k of the diffusion: the network sees
    ``x = sqrt(abar) y + sqrt(1 - abar) eps``, at level 0 nothing but noise, and answers
    ``v = sqrt(abar) eps - sqrt(1 - abar) y`` (Salimans & Ho, arXiv 2202.00512). Between levels one draws from the
    posterior of Ho, Jain & Abbeel, arXiv 2006.11239, equations 6 and 7.
    """

    steps: int = eqx.field(static=True, default=3)
    sigma_min: float = eqx.field(static=True, default=4e-7**0.5)

    def __check_init__(self):
        _check(self.steps, self.sigma_min)

    def _levels(self) -> Float[Array, "3 levels"]:
        """``beta``, ``abar`` and ``1 - abar`` of each level; ``abar`` is zero at level 0."""
        beta = self.sigma_min ** (2 * np.arange(self.steps + 1) / self.steps)
        with np.errstate(divide="ignore"):  # beta_K = 1: nothing is left of y
            logarithm = np.cumsum(np.log1p(-beta)[::-1])[::-1]
        # 1 - abar is about 1e-7 at the last level, which the subtraction would lose in single precision.
        return jnp.asarray(np.stack([beta, np.exp(logarithm), -np.expm1(logarithm)]), float)

    def noised(self, y: Values, noise: Values, k: Level) -> Values:
        _, kept, lost = self._levels()[:, k]
        return jnp.sqrt(kept) * y + jnp.sqrt(lost) * noise

    def target(self, y: Values, noise: Values, k: Level) -> Values:
        _, kept, lost = self._levels()[:, k]
        return jnp.sqrt(kept) * noise - jnp.sqrt(lost) * y

    def estimate(self, seen: Values, answer: Values, k: Level) -> Values:
        _, kept, lost = self._levels()[:, k]
        return jnp.sqrt(kept) * seen - jnp.sqrt(lost) * answer

    def renoised(self, seen: Values, y: Values, noise: Values, k: Level) -> Values:
        (beta, _, before), (_, kept, lost) = self._levels()[:, k - 1], self._levels()[:, k]
        mean = jnp.sqrt(kept) * beta * y + jnp.sqrt(1 - beta) * lost * seen
        return mean / before + jnp.sqrt(beta * lost / before) * noise
