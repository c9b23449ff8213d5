"""Rates of global reactions: Arrhenius factors times powers of concentrations."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .thermodynamics import GAS_CONSTANT, Scalar, Species

LEAST = 1e-20
"""mol/m^3. Below, a concentration counts as this one: powers smaller than one have no slope at zero."""


@dataclasses.dataclass(frozen=True, eq=False)
class GlobalKinetics:
    """Irreversible reactions ``r_i = A_i T^b_i exp(-E_i / (R T)) prod_k c_k^n_ik``.

    The orders n_ik need not be the numbers of molecules. net: molecules of species k that reaction i makes, less those that
    it takes. Units: mol, m, s; J/mol.
    """

    pre_exponential: Float[np.ndarray, " reactions"]
    exponent: Float[np.ndarray, " reactions"]
    activation_energy: Float[np.ndarray, " reactions"]
    orders: Float[np.ndarray, "reactions species"]
    net: Float[np.ndarray, "reactions species"]

    def rates(
        self,
        temperature: Scalar,
        concentrations: Species,
        activation_energy: Float[Array, "*reactions"] | float | None = None,
    ) -> Float[Array, " reactions"]:
        """r, mol/(m^3 s), for concentrations in mol/m^3; with other activation energies where they are given."""
        energy = self.activation_energy if activation_energy is None else activation_energy
        t = jnp.asarray(temperature, float)
        powers = self.orders @ jnp.log(jnp.maximum(concentrations, LEAST))
        arrhenius = jnp.log(self.pre_exponential) + self.exponent * jnp.log(t) - energy / (GAS_CONSTANT * t)
        return jnp.exp(arrhenius + powers)

    def production(
        self,
        temperature: Scalar,
        concentrations: Species,
        activation_energy: Float[Array, "*reactions"] | float | None = None,
    ) -> Species:
        """What is made of every species, mol/(m^3 s)."""
        return self.rates(temperature, concentrations, activation_energy) @ self.net
