"""Factors of single points: the residuals that stay large weigh more and more."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from neuralpde.errors import ArgumentError

from .balance import AbstractBalance, Balanced, View


@dataclasses.dataclass(frozen=True)
class ResidualAttention(AbstractBalance):
    """``a_i <- decay a_i + rate |r_i| / max |r|`` in each term, and the factor of r_i^2 is a_i^2.

    Anagnostopoulos, Toscano, Stergiopulos & Karniadakis, Comput. Methods Appl. Mech. Engrg. 421 (2024) 116805, equation 7.
    a starts from ``start_value`` and stays below ``rate / (1 - decay)``. Points have to stay.
    """

    every: int = 1
    decay: float = 0.999
    rate: float = 0.01
    start_value: float = 0.1

    def __post_init__(self):
        if self.every < 1 or not 0 <= self.decay < 1 or not self.rate > 0 or self.start_value < 0:
            raise ArgumentError(
                f"ResidualAttention needs every >= 1, a decay in [0, 1) and a positive rate, got {self}."
            )

    @property
    def remembers_points(self) -> bool:
        """Yes."""
        return True

    def start(self, view: View) -> Balanced:
        attention = {name: jnp.full_like(points.w, self.start_value) for name, points in view.points.items()}
        return Balanced({name: a**2 for name, a in attention.items()}, attention)

    def renew(self, balanced: Balanced, view: View, key: PRNGKeyArray) -> Balanced:
        attention = {}
        for name, size in view.sizes().items():
            largest = jnp.maximum(jnp.max(size), jnp.finfo(size.dtype).tiny)
            attention[name] = self.decay * balanced.memory[name] + self.rate * size / largest
        return Balanced({name: a**2 for name, a in attention.items()}, attention)


@dataclasses.dataclass(frozen=True)
class SelfAdaptive(AbstractBalance):
    """Factors climb the loss that the parameters descend: ``s <- s + rate d loss / d s`` with the factor s^2 of w r^2.

    ``d loss / d s = 2 s r^2`` times the number of points times the point's share of the mean, so that the size of a
    step does not depend on how many points there are. McClenny & Braga-Neto, J. Comput. Phys. 474 (2023) 111722, with the
    mask m(s) = s^2. Points have to stay.
    """

    every: int = 1
    rate: float = 1e-2
    start_value: float = 1.0

    def __post_init__(self):
        if self.every < 1 or not self.rate > 0 or not self.start_value > 0:
            raise ArgumentError(f"SelfAdaptive needs every >= 1, a positive rate and a positive start, got {self}.")

    @property
    def remembers_points(self) -> bool:
        """Yes."""
        return True

    def start(self, view: View) -> Balanced:
        s = {name: jnp.full_like(points.w, self.start_value) for name, points in view.points.items()}
        return Balanced({name: value**2 for name, value in s.items()}, s)

    def renew(self, balanced: Balanced, view: View, key: PRNGKeyArray) -> Balanced:
        s = {}
        for name, size in view.sizes().items():
            share = view.points[name].w * len(size)
            s[name] = balanced.memory[name] * (1 + 2 * self.rate * share * size**2)
        return Balanced({name: value**2 for name, value in s.items()}, s)
