"""A premixed flame that is told by its temperature alone."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations.derivatives import partial
from neuralpde.equations.equation import AbstractEquation, PointFunction

Scalar = Float[Array, ""] | float

GAS_CONSTANT = 8.3145
"""J / (mol K), as in the publication."""


class SimplifiedFlame(AbstractEquation):
    """``rho_u s_L c_p T' - lambda T'' - q_F w = 0``: a flame that stands still in a mixture which comes at speed s_L.

    One reaction ``w = A exp(-E_a / (R T)) (rho Y_F)^n``, in which the mass fraction of the fuel follows the temperature,
    ``Y_F = Y_u + c_p (T_u - T) / q_F`` with Y_u = phi / (phi + 4): heat and fuel diffuse alike (Lewis number one). An ideal
    gas under momentum balance has ``u = (c - sqrt(c^2 - 4 R T / W)) / 2``, c = s_L + R T_u / (W s_L), and
    ``rho = rho_u s_L / u``. Only one s_L is that of a flame from the unburned T_u to the burned
    ``T_b = T_u + q_F Y_u / c_p``: the laminar flame speed.

    Units: x m; flame_speed s_L m/s; conductivity lambda W/(m K); activation_energy E_a J/mol; pre_exponential A
    (kg/m^3)^(1 - n)/s; heat_release q_F J/kg; heat_capacity c_p J/(kg K); molar_mass W kg/mol; inflow_temperature T_u K;
    pressure Pa. Case 1 of FlamePINN-1D (Wu, Wang, Xue & Zhang, Combust. Flame 273 (2025) 113964).
    """

    names: ClassVar[tuple[str, ...]] = ("T",)
    flame_speed: Scalar = 0.3
    activation_energy: Scalar = 1.214172e5
    conductivity: Scalar = 0.026
    equivalence_ratio: Scalar = 0.42
    inflow_temperature: Scalar = 298.0
    pressure: Scalar = 101325.0
    pre_exponential: Scalar = 1.4e8
    order: float = 1.6
    heat_release: Scalar = 5e7
    heat_capacity: Scalar = 1000.0
    molar_mass: Scalar = 0.02897

    @property
    def fuel(self) -> Scalar:
        """Mass fraction of the fuel in the unburned mixture."""
        return self.equivalence_ratio / (self.equivalence_ratio + 4)

    @property
    def burned_temperature(self) -> Scalar:
        """T_b, without fuel."""
        return self.inflow_temperature + self.heat_release * self.fuel / self.heat_capacity

    @property
    def mass_flux(self) -> Scalar:
        """rho_u s_L, the same everywhere, kg/(m^2 s)."""
        unburned = self.pressure * self.molar_mass / (GAS_CONSTANT * self.inflow_temperature)
        return unburned * self.flame_speed

    def velocity(self, temperature: Scalar) -> Float[Array, ""]:
        """u: the slower of the two speeds at which mass and momentum are those of the inflow."""
        gas = GAS_CONSTANT / self.molar_mass
        c = self.flame_speed + gas * self.inflow_temperature / self.flame_speed
        # The usual formula of the smaller root would be the difference of two numbers that are almost the same.
        return 2 * gas * temperature / (c + jnp.sqrt(c**2 - 4 * gas * temperature))

    def heating(self, temperature: Scalar) -> Float[Array, ""]:
        """q_F w, W/m^3: none where there is no fuel left."""
        density = self.mass_flux / self.velocity(temperature)
        left = (self.burned_temperature - temperature) * self.heat_capacity / self.heat_release
        speed = self.pre_exponential * jnp.exp(-self.activation_energy / (GAS_CONSTANT * temperature))
        return self.heat_release * speed * (density * jnp.maximum(left, 0.0)) ** self.order

    def residual(self, u: PointFunction, x: Float[Array, " 1"]) -> Float[Array, " 1"]:
        conduction = self.conductivity * partial(u, 0, 2)(x)
        return self.mass_flux * self.heat_capacity * partial(u, 0)(x) - conduction - self.heating(u(x)[0])

    def outlet(self, u: PointFunction, x: Float[Array, " 1"]) -> Float[Array, " 1"]:
        """``rho_u s_L c_p T' - q_F w``: zero where burned gas leaves, as the last fuel reacts and nothing is conducted."""
        return self.mass_flux * self.heat_capacity * partial(u, 0)(x) - self.heating(u(x)[0])
