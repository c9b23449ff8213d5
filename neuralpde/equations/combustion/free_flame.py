"""A premixed flame with all of its species."""

from __future__ import annotations

from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations.derivatives import partial
from neuralpde.equations.equation import PointFunction

from .gas import GasMixture
from .premixed import AbstractPremixedFlame
from .thermodynamics import Scalar

AIR = {"O2": 1.0, "N2": 3.76}
"""By moles."""


class FreeFlame(AbstractPremixedFlame):
    """A flame that stands still in a gas which comes at the laminar flame speed s_L; m = rho_u s_L:

        m c_p T' - (lambda T')' + sum_k j_k c_pk T' + sum_k h_k w_k = 0,      m Y_k' + j_k' - w_k = 0.

    Unknown are the temperature T (K) and the mass fractions Y_k of the species of ``gas``; j_k are fluxes of diffusion
    averaged over the mixture (`GasMixture.diffusion`). The heat balance is divided by the heat of combustion of the
    mixture, so that all residuals are in kg/(m^3 s).

    unburned: mass fractions of the gas that comes. activation_energy: J/mol, in the place of those of the gas. Other units:
    flame_speed m/s, inflow_temperature K, pressure Pa, x m. Kee, Coltrin & Glarborg, "Chemically Reacting Flow", Wiley
    2003, chapter 16.
    """

    gas: GasMixture = eqx.field(static=True)
    unburned: tuple[float, ...] = eqx.field(static=True)
    flame_speed: Scalar = 0.4
    inflow_temperature: float = eqx.field(static=True, default=300.0)
    pressure: float = eqx.field(static=True, default=101325.0)
    activation_energy: Scalar | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """T, and the species."""
        return ("T", *self.gas.names)

    @property
    def mass_flux(self) -> Scalar:
        """m, kg/(m^2 s)."""
        return self.gas.density(self.inflow_temperature, self.pressure, np.asarray(self.unburned)) * self.flame_speed

    def residual(self, u: PointFunction, x: Float[Array, " 1"]) -> Float[Array, " components"]:
        return self.balances(self.mass_flux, u(x), partial(u, 0)(x), partial(u, 0, 2)(x))

    def inflow(self, u: PointFunction, x: Float[Array, " 1"]) -> Float[Array, " components"]:
        """What the gas carries and diffuses through the first point, less what comes, over m: heat over `heat`, species.

        Zero where the tail of the flame is cut off and nothing is lost.
        """
        state, slope = u(x), partial(u, 0)(x)
        fluxes = self.fluxes(state, slope) / self.mass_flux
        lacks = state[1:] + fluxes[1:] - np.asarray(self.unburned)
        brought = np.asarray(self.unburned) @ self.gas.enthalpies(self.inflow_temperature)
        passing = (state[1:] + fluxes[1:]) @ self.gas.enthalpies(state[0])
        return jnp.append((passing - fluxes[0] - brought) / self.heat, lacks)

    def outlet(self, u: PointFunction, x: Float[Array, " 1"]) -> Float[Array, " components"]:
        """Conducted heat over m `heat`, and diffused species over m: zero far behind the flame."""
        fluxes = self.fluxes(u(x), partial(u, 0)(x)) / self.mass_flux
        return fluxes.at[0].divide(self.heat)

    @property
    def tail(self) -> float:
        """m c_p / lambda at a quarter of the way to the burned temperature, 1/m: how fast the flame begins."""
        before, warm = np.asarray(self.unburned), 0.75 * self.inflow_temperature + 0.25 * float(self.burned[0])
        with jax.enable_x64(True):
            heat_capacity = before @ self.gas.heat_capacities(warm)
            return float(self.mass_flux * heat_capacity / self.gas.conductivity(warm, before))


def premixed_flame(
    gas: GasMixture,
    fuel: str,
    equivalence_ratio: float,
    oxidizer: Mapping[str, float] = AIR,
    **others,
) -> FreeFlame:
    """A `FreeFlame` of fuel in an oxidizer, which is given by moles."""
    mixture = gas.premixed(fuel, dict(oxidizer), equivalence_ratio)
    return FreeFlame(gas, tuple(mixture.tolist()), **others)
