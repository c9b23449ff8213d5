"""Multi-scale networks (Liu, Cai & Xu, Commun. Comput. Phys. 28 (2020) 1970: MscaleDNN)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import equinox as eqx
import jax
from jaxtyping import PRNGKeyArray

from neuralpde.spaces import Value, propagate

from .coordinate_network import AbstractCoordinateNetwork


class MultiScale(AbstractCoordinateNetwork):
    """``u(x) = sum_j N_j(s_j x)``: networks of the same input at several scales, such as s = 1, 2, 4, 8.

    A network learns the low frequencies of its input first; on a coordinate stretched by s_j these are the frequencies
    around s_j of the function. ``make(key)`` builds one of the networks.
    """

    networks: tuple[Callable, ...]
    scales: tuple[float, ...] = eqx.field(static=True)

    def __init__(self, make: Callable[[PRNGKeyArray], Callable], scales: Sequence[float], *, key: PRNGKeyArray):
        self.scales = tuple(map(float, scales))
        self.networks = tuple(make(k) for k in jax.random.split(key, len(self.scales)))

    def propagate(self, x: Value) -> Value:
        first, *others = (propagate(net, s * x) for net, s in zip(self.networks, self.scales, strict=True))
        return sum(others, first)
