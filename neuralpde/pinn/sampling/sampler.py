"""Where collocation points fall in the unit cube: pure functions of a key, evaluated on the device."""

from __future__ import annotations

import abc
import dataclasses

import jax
from jaxtyping import Array, Float, PRNGKeyArray


class AbstractSampler(abc.ABC):
    """A way to spread points over ``[0, 1]^dim``. Static and hashable; every point is uniform on its own."""

    @property
    def extensible(self) -> bool:
        """Whether the first points of a larger set are spread evenly too, as those of a sequence are."""
        return True

    @abc.abstractmethod
    def unit(self, key: PRNGKeyArray, n: int, dim: int) -> Float[Array, "n dim"]:
        """``n`` points of the unit cube; another key gives another randomisation of the same kind."""


@dataclasses.dataclass(frozen=True)
class Uniform(AbstractSampler):
    """Independent points: the plain Monte Carlo rule, error of order n^-1/2."""

    def unit(self, key: PRNGKeyArray, n: int, dim: int) -> Float[Array, "n dim"]:
        return jax.random.uniform(key, (n, dim))
