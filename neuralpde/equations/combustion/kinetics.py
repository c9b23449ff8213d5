"""Rates of global reactions: Arrhenius factors times powers of concentrations, forward and backward."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .thermodynamics import GAS_CONSTANT, STANDARD_PRESSURE, Nasa7, Scalar, Species

LEAST = 1e-20
"""mol/m^3. Below, a concentration counts as this one: powers smaller than one have no slope at zero."""


@dataclasses.dataclass(frozen=True, eq=False)
class Equilibrium:
    """The law of mass action of reactions with ``net`` molecules made of each species; ``reversible``: which have one.

    In equilibrium ``prod_k c_k^net_ik = K_i = (p_0 / (R T))^(sum_k net_ik) exp(Delta S_i / R - Delta H_i / (R T))``, with
    entropies and enthalpies at the standard pressure p_0.
    """

    thermodynamics: Nasa7
    net: Float[np.ndarray, "reactions species"]
    reversible: Bool[np.ndarray, " reactions"]

    def log_constants(self, temperature: Scalar) -> Float[Array, " reactions"]:
        """log K_i, concentrations in mol/m^3."""
        t = jnp.asarray(temperature, float)
        gibbs = self.thermodynamics.enthalpy(t) / t - self.thermodynamics.entropy(t)
        return self.net.sum(1) * jnp.log(STANDARD_PRESSURE / (GAS_CONSTANT * t)) - self.net @ gibbs / GAS_CONSTANT


@dataclasses.dataclass(frozen=True, eq=False)
class GlobalKinetics:
    """Reactions ``r_i = A_i T^b_i exp(-E_i / (R T)) (prod_k c_k^n_ik - prod_k c_k^(n_ik + net_ik) / K_i)``.

    The second product, the reaction backward, is that of the reversible reactions of ``equilibrium`` alone: none without
    one. The orders n_ik need not be the numbers of molecules; where they are, the backward orders are those of the products.
    net: molecules of species k that reaction i makes, less those that it takes. Units: mol, m, s; J/mol.
    """

    pre_exponential: Float[np.ndarray, " reactions"]
    exponent: Float[np.ndarray, " reactions"]
    activation_energy: Float[np.ndarray, " reactions"]
    orders: Float[np.ndarray, "reactions species"]
    net: Float[np.ndarray, "reactions species"]
    equilibrium: Equilibrium | None = None

    def rates(
        self,
        temperature: Scalar,
        concentrations: Species,
        activation_energy: Float[Array, "*reactions"] | float | None = None,
    ) -> Float[Array, " reactions"]:
        """r, mol/(m^3 s), for concentrations in mol/m^3; with other activation energies where they are given."""
        energy = self.activation_energy if activation_energy is None else activation_energy
        t = jnp.asarray(temperature, float)
        logarithms = jnp.log(jnp.maximum(concentrations, LEAST))
        arrhenius = jnp.log(self.pre_exponential) + self.exponent * jnp.log(t) - energy / (GAS_CONSTANT * t)
        forward = jnp.exp(arrhenius + self.orders @ logarithms)
        if self.equilibrium is None:
            return forward
        backward = arrhenius - self.equilibrium.log_constants(t) + (self.orders + self.net) @ logarithms
        return forward - jnp.exp(jnp.where(self.equilibrium.reversible, backward, -jnp.inf))

    def production(
        self,
        temperature: Scalar,
        concentrations: Species,
        activation_energy: Float[Array, "*reactions"] | float | None = None,
    ) -> Species:
        """What is made of every species, mol/(m^3 s)."""
        return self.rates(temperature, concentrations, activation_energy) @ self.net
