"""A well-stirred vessel of reacting gas: all of a flame but space."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations.ode import AbstractODE, Forcing, forcing_at
from neuralpde.spaces import Box

from .gas import HOTTEST, GasMixture
from .thermodynamics import GAS_CONSTANT, Scalar, Species

SOFT = 100.0
"""Pa. Below such a difference of pressure the outflow is proportional to it: a root has no slope at zero."""


class Reactor(AbstractODE):
    """Mass of every species and energy of an ideal gas that is the same everywhere in a volume V:

        V d rho_k/dt = m_in Y_k,in - m_out Y_k + V w_k,
        V rho c_v dT/dt = m_in sum_k Y_k,in (h_k(T_in) - u_k(T)) - m_out p / rho - V sum_k u_k w_k + Q(t) - G (T - T_w),

    with rho = sum_k rho_k, Y_k = rho_k / rho, p = R T sum_k rho_k / W_k, u_k = h_k - R T / W_k and production w_k. Through
    an orifice of effective area a gas leaves by the difference of pressures, ``m_out = a sqrt(2 rho dp)`` for dp = p - p_out
    (and of its own composition comes back where that is negative). Without inflow, orifice, Q and G the vessel is closed
    and adiabatic: masses of elements and sum_k rho_k u_k are constant.

    The state is T and the densities rho_k. ``inflow`` m_in kg/s of ``fractions`` Y_k,in at ``inflow_temperature``; the
    initial state is that gas at ``outside_pressure``. rate_factor multiplies the rates, pre-exponential factors are
    those of the mechanism times it; ``activation_energy`` (J/mol) takes the place of those of the mechanism. heat Q(t)
    W, a number or a function of time; conductance G W/K to walls of ``wall_temperature``; orifice a m^2; volume m^3.
    Qian, Wang, Douasbin & Darve 2023 (a model for laser ignition of rockets); Kee, Coltrin & Glarborg, "Chemically
    Reacting Flow", Wiley 2003, chapter 16.
    """

    gas: GasMixture = eqx.field(static=True)
    fractions: Species | tuple[float, ...]
    volume: Scalar = 1.0
    inflow: Scalar = 0.0
    inflow_temperature: Scalar = 300.0
    orifice: Scalar = 0.0
    outside_pressure: Scalar = 101325.0
    heat: Forcing = 0.0
    conductance: Scalar = 0.0
    wall_temperature: Scalar = 300.0
    rate_factor: Float[Array, "*reactions"] | float = 1.0
    activation_energy: Float[Array, "*reactions"] | float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """T, and the species."""
        return ("T", *self.gas.names)

    def vector_field(self, t: Scalar, y: Float[Array, " c"], args: Any = None) -> Float[Array, " c"]:
        """Rates of the temperature, K/s, and of the densities, kg/(m^3 s)."""
        temperature, densities = y[0], y[1:]
        fractions, density = jnp.asarray(self.fractions, y.dtype), jnp.sum(densities)
        pressure = self.pressure(y)
        energies = self.energies(temperature)
        production = self.production(y)
        coming = self.inflow / self.volume
        leaving = self.outflow(density, pressure) / self.volume
        brought = coming * fractions @ (self.gas.enthalpies(self.inflow_temperature) - energies)
        given = (forcing_at(self.heat, t) - self.conductance * (temperature - self.wall_temperature)) / self.volume
        heating = brought - leaving * pressure / density - energies @ production + given
        moved = coming * fractions - leaving * densities / density
        return jnp.concatenate([heating[None] / self.heat_capacity(y), moved + production])

    def production(self, y: Float[Array, " c"]) -> Species:
        """w_k, kg/(m^3 s)."""
        gas = self.gas
        rates = gas.kinetics.rates(y[0], y[1:] / gas.molar_mass, self.activation_energy)
        return gas.molar_mass * ((self.rate_factor * rates) @ gas.kinetics.net)

    def outflow(self, density: Scalar, pressure: Scalar) -> Float[Array, ""]:
        """m_out, kg/s."""
        excess = pressure - self.outside_pressure
        return self.orifice * jnp.sqrt(2 * density) * excess / (excess**2 + SOFT**2) ** 0.25

    def pressure(self, y: Float[Array, " c"]) -> Float[Array, ""]:
        """p, Pa."""
        return GAS_CONSTANT * y[0] * jnp.sum(y[1:] / self.gas.molar_mass)

    def energies(self, temperature: Scalar) -> Species:
        """u_k, J/kg."""
        return self.gas.enthalpies(temperature) - GAS_CONSTANT * temperature / self.gas.molar_mass

    def heat_capacity(self, y: Float[Array, " c"]) -> Float[Array, ""]:
        """rho c_v, J/(m^3 K)."""
        return y[1:] @ (self.gas.heat_capacities(y[0]) - GAS_CONSTANT / self.gas.molar_mass)

    def conserved(self, y: Float[Array, " c"]) -> dict[str, Float[Array, ""]]:
        """Density of energy, J/m^3, and of the atoms of each element, mol/m^3; of a closed adiabatic vessel."""
        atoms = (y[1:] / self.gas.molar_mass) @ self.gas.composition
        return {"energy": y[1:] @ self.energies(y[0]), **dict(zip(self.gas.elements, atoms, strict=True))}

    def state(self, temperature: Scalar, pressure: Scalar, mass_fractions: Species) -> Float[Array, " c"]:
        """Of a gas at a temperature and a pressure."""
        densities = self.gas.density(temperature, pressure, mass_fractions) * mass_fractions
        return jnp.append(jnp.asarray(temperature, densities.dtype), densities)

    def initial_state(self) -> Float[Array, " c"]:
        """The vessel is full of the gas that comes."""
        return self.state(self.inflow_temperature, self.outside_pressure, jnp.asarray(self.fractions, float))

    def initial_states(self) -> Box:
        """From 300 K to the hottest flames; the density of no species above that of the initial state."""
        most = float(np.sum(np.asarray(self.initial_state())[1:]))
        return Box.of(T=(300.0, HOTTEST), **dict.fromkeys(self.gas.names, (0.0, most)))
