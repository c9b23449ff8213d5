"""What the flames of a premixed gas with all of its species have in common."""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations.equation import AbstractEquation

from .gas import GasMixture
from .thermodynamics import Scalar, Species


class AbstractPremixedFlame(AbstractEquation):
    """A gas that comes as the mixture ``unburned`` (mass fractions) and reacts, conducts and diffuses along one axis.

    A state is the temperature T (K) and the mass fractions Y_k of the species of ``gas``. inflow_temperature: K, of all that
    comes. pressure: Pa. activation_energy: J/mol, in the place of those of the gas, or None.
    """

    gas: eqx.AbstractVar[GasMixture]
    unburned: eqx.AbstractVar[tuple[float, ...]]
    inflow_temperature: eqx.AbstractVar[float]
    pressure: eqx.AbstractVar[float]
    activation_energy: eqx.AbstractVar[Scalar | None]

    @property
    def burned(self) -> Float[np.ndarray, " components"]:
        """Temperature and mass fractions where the fuel or the oxygen is used up."""
        before = np.asarray(self.unburned)
        return np.append(self.gas.burned_temperature(self.inflow_temperature, before), self.gas.burned(before))

    @property
    def heat(self) -> Float[Array, ""]:
        """Heat of combustion of the mixture, J/kg."""
        before = np.asarray(self.unburned)
        return (before - self.gas.burned(before)) @ self.gas.enthalpies(self.inflow_temperature)

    def production(self, state: Float[Array, " components"]) -> Species:
        """w_k, kg/(m^3 s)."""
        return self.gas.production(state[0], self.pressure, state[1:], self.activation_energy)

    def fluxes(
        self, state: Float[Array, " components"], slope: Float[Array, " components"]
    ) -> Float[Array, " components"]:
        """``lambda T'`` and j_k."""
        diffused = self.gas.diffusion(state[0], self.pressure, state[1:], slope[1:])
        return jnp.append(self.gas.conductivity(state[0], state[1:]) * slope[0], diffused)

    def balances(
        self,
        mass_flux: Scalar,
        state: Float[Array, " components"],
        slope: Float[Array, " components"],
        bend: Float[Array, " components"],
    ) -> Float[Array, " components"]:
        """Of heat, over `heat`, and of the species, kg/(m^3 s), from a state, its slope and its second derivative:

        m c_p T' - (lambda T')' + sum_k j_k c_pk T' + sum_k h_k w_k,      m Y_k' + j_k' - w_k.
        """
        fluxes, changes = jax.jvp(self.fluxes, (state, slope), (slope, bend))
        made = self.production(state)
        carried = mass_flux * state[1:] + fluxes[1:]
        warmed = (carried @ self.gas.heat_capacities(state[0])) * slope[0]
        balance = warmed - changes[0] + self.gas.enthalpies(state[0]) @ made
        return jnp.append(balance / self.heat, mass_flux * slope[1:] + changes[1:] - made)
