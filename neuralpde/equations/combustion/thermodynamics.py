"""Heat capacity, enthalpy and entropy of ideal gases, by the polynomials of NASA.

McBride, Gordon & Reno, NASA TM-4513 (1993).
"""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

GAS_CONSTANT = 8.31446261815324
"""R, J / (mol K)."""
STANDARD_PRESSURE = 101325.0
"""Of the entropies, Pa; those of NASA's polynomials may mean one bar, which is 0.11 J/(mol K) more."""

Scalar = Float[Array, ""] | float
Species = Float[Array | np.ndarray, " species"]


@dataclasses.dataclass(frozen=True, eq=False)
class Nasa7:
    """Seven numbers a_1..a_7 below and seven above a ``middle`` temperature (K), for every species:

    c_p / R = a_1 + a_2 T + a_3 T^2 + a_4 T^3 + a_5 T^4, enthalpy and entropy its integrals with a_6 and a_7.
    """

    low: Float[np.ndarray, "species 7"]
    high: Float[np.ndarray, "species 7"]
    middle: Float[np.ndarray, " species"]

    def heat_capacity(self, temperature: Scalar) -> Species:
        """c_p, J/(mol K)."""
        a, t = self._at(temperature)
        return GAS_CONSTANT * _polynomial(a[:, :5], t)

    def enthalpy(self, temperature: Scalar) -> Species:
        """h, J/mol, with the enthalpy of formation: ``h / (R T) = a_1 + a_2 T / 2 + .. + a_5 T^4 / 5 + a_6 / T``."""
        a, t = self._at(temperature)
        return GAS_CONSTANT * (t * _polynomial(a[:, :5] / np.arange(1.0, 6.0), t) + a[:, 5])

    def entropy(self, temperature: Scalar) -> Species:
        """s at the standard pressure, J/(mol K): ``s / R = a_1 log T + a_2 T + a_3 T^2 / 2 + .. + a_5 T^4 / 4 + a_7``."""
        a, t = self._at(temperature)
        powers = t * _polynomial(a[:, 1:5] / np.arange(1.0, 5.0), t)
        return GAS_CONSTANT * (a[:, 0] * jnp.log(t) + powers + a[:, 6])

    def _at(self, temperature: Scalar) -> tuple[Float[Array | np.ndarray, "species 7"], Float[Array, ""]]:
        t = jnp.asarray(temperature, float)
        return jnp.where((t < self.middle)[:, None], self.low, self.high), t


def _polynomial(a: Float[Array | np.ndarray, "species n"], t: Float[Array, ""]) -> Species:
    """``a_1 + a_2 t + ...`` by Horner's scheme."""
    value = a[:, -1]
    for i in range(a.shape[1] - 2, -1, -1):
        value = a[:, i] + t * value
    return value
