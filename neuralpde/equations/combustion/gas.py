"""A reacting mixture of ideal gases, by mass fractions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.optimize import brentq

from neuralpde.errors import ArgumentError

from .kinetics import GlobalKinetics
from .thermodynamics import GAS_CONSTANT, Nasa7, Scalar, Species
from .transport import KineticTheory


@dataclasses.dataclass(frozen=True, eq=False)
class GasMixture:
    """Thermodynamics, reactions and transport of the gases ``names``, SI units throughout.

    composition: atoms of every element of ``elements`` in a molecule, (species, elements). Made by `read_mechanism`.
    """

    names: tuple[str, ...]
    elements: tuple[str, ...]
    composition: Float[np.ndarray, "species elements"]
    molar_mass: Float[np.ndarray, " species"]
    thermodynamics: Nasa7
    kinetics: GlobalKinetics
    transport: KineticTheory

    def mean_molar_mass(self, mass_fractions: Species) -> Float[Array, ""]:
        """kg/mol."""
        return jnp.sum(mass_fractions) / jnp.sum(mass_fractions / self.molar_mass)

    def mole_fractions(self, mass_fractions: Species) -> Species:
        """X_k = Y_k W / W_k."""
        moles = mass_fractions / self.molar_mass
        return moles / jnp.sum(moles)

    def mass_fractions(self, mole_fractions: Species) -> Species:
        """Y_k = X_k W_k / W."""
        mass = mole_fractions * self.molar_mass
        return mass / jnp.sum(mass)

    def density(self, temperature: Scalar, pressure: Scalar, mass_fractions: Species) -> Float[Array, ""]:
        """p W / (R T), kg/m^3."""
        return pressure * self.mean_molar_mass(mass_fractions) / (GAS_CONSTANT * temperature)

    def heat_capacities(self, temperature: Scalar) -> Species:
        """c_p of every species, J/(kg K)."""
        return self.thermodynamics.heat_capacity(temperature) / self.molar_mass

    def enthalpies(self, temperature: Scalar) -> Species:
        """h of every species, J/kg, with that of its formation."""
        return self.thermodynamics.enthalpy(temperature) / self.molar_mass

    def production(
        self,
        temperature: Scalar,
        pressure: Scalar,
        mass_fractions: Species,
        activation_energy: Float[Array, "*reactions"] | float | None = None,
    ) -> Species:
        """w_k, kg/(m^3 s)."""
        density = self.density(temperature, pressure, mass_fractions)
        concentrations = density * mass_fractions / self.molar_mass
        return self.molar_mass * self.kinetics.production(temperature, concentrations, activation_energy)

    def conductivity(self, temperature: Scalar, mass_fractions: Species) -> Float[Array, ""]:
        """lambda, W/(m K)."""
        heat_capacity = self.thermodynamics.heat_capacity(temperature)
        return self.transport.mixed_conductivity(temperature, heat_capacity, self.mole_fractions(mass_fractions))

    def viscosity(self, temperature: Scalar, mass_fractions: Species) -> Float[Array, ""]:
        """mu, Pa s."""
        return self.transport.mixed_viscosity(temperature, self.mole_fractions(mass_fractions))

    def diffusion(self, temperature: Scalar, pressure: Scalar, mass_fractions: Species, slopes: Species) -> Species:
        """Mass fluxes ``j_k = i_k - Y_k sum i``, ``i_k = -rho (W_k / W) D_k dX_k/dx``, kg/(m^2 s), of slopes dY_k/dx.

        The correction makes their sum zero.
        """
        fractions, changes = jax.jvp(self.mole_fractions, (mass_fractions,), (slopes,))
        d = self.transport.mixed_diffusivities(temperature, pressure, fractions)
        moles = pressure / (GAS_CONSTANT * temperature)  # rho / W
        raw = -moles * self.molar_mass * d * changes
        return raw - mass_fractions * jnp.sum(raw)

    def slopes(self, temperature: Scalar, pressure: Scalar, mass_fractions: Species, fluxes: Species) -> Species:
        """dX_k/dx, which add up to zero, of fluxes j_k that do so too: `diffusion` the other way round."""
        fractions = self.mole_fractions(mass_fractions)
        d = self.transport.mixed_diffusivities(temperature, pressure, fractions)
        resistance = GAS_CONSTANT * temperature / (pressure * self.molar_mass * d)
        correction = jnp.sum(resistance * fluxes) / jnp.sum(resistance * mass_fractions)
        return -resistance * (fluxes - mass_fractions * correction)

    def burned(self, mass_fractions: Float[np.ndarray, " species"]) -> Float[np.ndarray, " species"]:
        """What the first reaction leaves when one of the species that it takes is used up."""
        change = self.kinetics.net[0] * self.molar_mass
        taken = change < 0
        return mass_fractions + change * np.min(mass_fractions[taken] / -change[taken])

    def burned_temperature(self, temperature: float, mass_fractions: Float[np.ndarray, " species"]) -> float:
        """Of that at constant pressure without loss, K: the enthalpy is that of the unburned gas."""
        after = self.burned(mass_fractions)
        with jax.enable_x64(True):
            before = float(mass_fractions @ self.enthalpies(temperature))
            return brentq(lambda t: float(after @ self.enthalpies(t)) - before, temperature, HOTTEST, xtol=1e-9)

    def amounts(self, moles: Mapping[str, float]) -> Float[np.ndarray, " species"]:
        """Of every species, of amounts by name. Raises ``ValueError`` for what the gas has not got."""
        missing = [name for name in moles if name not in self.names]
        if missing:
            raise ArgumentError(f"There is no {', '.join(missing)} in a gas of {', '.join(self.names)}.")
        return np.asarray([float(moles.get(name, 0.0)) for name in self.names])

    def premixed(
        self, fuel: str, oxidizer: Mapping[str, float], equivalence_ratio: float
    ) -> Float[np.ndarray, " species"]:
        """Mass fractions of fuel in an oxidizer, given by moles, whose first reactant beside the fuel burns it.

        For the ratio one the first reaction leaves neither. Raises ``ValueError`` for what the gas has not got.
        """
        moles = self.amounts({fuel: 0.0, **oxidizer})
        taken, i = np.maximum(-self.kinetics.net[0], 0.0), self.names.index(fuel)
        burns = next(k for k in np.flatnonzero(taken) if k != i)
        moles[i] = equivalence_ratio * moles[burns] * taken[i] / taken[burns]
        mass = moles * self.molar_mass
        return mass / mass.sum()


HOTTEST = 6000.0
"""K, above all flames of fuels in oxygen."""
