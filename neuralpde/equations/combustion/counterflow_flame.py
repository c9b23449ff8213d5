"""A premixed flame in a gas that meets another one."""

from __future__ import annotations

from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations.derivatives import partial
from neuralpde.equations.equation import PointFunction

from .free_flame import AIR
from .gas import GasMixture
from .premixed import AbstractPremixedFlame
from .thermodynamics import Scalar

NITROGEN = {"N2": 1.0}


class CounterflowFlame(AbstractPremixedFlame):
    """A flame near the plane where a premixed gas and an ``opposed`` gas meet, on the axis x between two inlets:

        (rho u)' + 2 rho V = 0,      rho u V' + rho V^2 - P - (mu V')' = 0,
        rho u c_p T' - (lambda T')' + sum_k j_k c_pk T' + sum_k h_k w_k = 0,      rho u Y_k' + j_k' - w_k = 0.

    Unknown are the velocity u along the axis (m/s), the radial velocity over the radius V (1/s), the temperature T (K) and
    the mass fractions Y_k; rho is the density of an ideal gas, and j_k are the fluxes of `FreeFlame`. The pressure falls
    with the radius r, ``dp/dr = -P r`` with the same P everywhere: an eigenvalue, -Lambda of the literature. The balance
    of momentum is divided by ``strain`` and that of heat by the heat of combustion, so that all residuals are in
    kg/(m^3 s).

    unburned: mass fractions of the gas that comes from the lower end, ``mass_flux`` of it, and moves upwards; opposed: of
    the gas that comes from the upper end, ``opposed_mass_flux`` of it. Both fluxes are positive, kg/(m^2 s).
    inflow_temperature: of both. Other units: pressure_drop P Pa/m^2, strain 1/s, pressure Pa, activation_energy
    J/mol, x m. Kee, Coltrin & Glarborg, "Chemically Reacting Flow", Wiley 2003, chapters 6 and 17.
    """

    gas: GasMixture = eqx.field(static=True)
    unburned: tuple[float, ...] = eqx.field(static=True)
    opposed: tuple[float, ...] = eqx.field(static=True)
    pressure_drop: Scalar = 1e4
    mass_flux: float = eqx.field(static=True, default=1.0)
    opposed_mass_flux: float = eqx.field(static=True, default=1.0)
    inflow_temperature: float = eqx.field(static=True, default=300.0)
    pressure: float = eqx.field(static=True, default=101325.0)
    activation_energy: Scalar | None = None
    strain: float = eqx.field(static=True, default=100.0)

    @property
    def names(self) -> tuple[str, ...]:
        """u, V, T, and the species."""
        return ("u", "V", "T", *self.gas.names)

    def density(self, state: Float[Array, " components"]) -> Float[Array, ""]:
        """rho, kg/m^3, of temperature and mass fractions."""
        return self.gas.density(state[0], self.pressure, state[1:])

    def friction(self, state: Float[Array, " components"], slope: Float[Array, ""]) -> Float[Array, ""]:
        """``mu V'``, kg/(m^2 s^2), of temperature and mass fractions and a slope of V."""
        return self.gas.viscosity(state[0], state[1:]) * slope

    def residual(self, u: PointFunction, x: Float[Array, " 1"]) -> Float[Array, " components"]:
        value, slope, bend = u(x), partial(u, 0)(x), partial(u, 0, 2)(x)
        state, moves = value[2:], slope[2:]
        density, grows = jax.jvp(self.density, (state,), (moves,))
        _, rubs = jax.jvp(self.friction, (state, slope[1]), (moves, bend[1]))
        mass_flux = density * value[0]
        continuity = density * slope[0] + grows * value[0] + 2 * density * value[1]
        momentum = mass_flux * slope[1] + density * value[1] ** 2 - self.pressure_drop - rubs
        flow = jnp.stack([continuity, momentum / self.strain])
        return jnp.concatenate([flow, self.balances(mass_flux, state, moves, bend[2:])])


def counterflow_flame(
    gas: GasMixture,
    fuel: str,
    equivalence_ratio: float,
    oxidizer: Mapping[str, float] = AIR,
    opposed: Mapping[str, float] = NITROGEN,
    **others,
) -> CounterflowFlame:
    """A `CounterflowFlame` of fuel in an oxidizer, against another gas, both given by moles.

    Raises ``ValueError`` for what the gas has not got.
    """
    mixture = gas.premixed(fuel, dict(oxidizer), equivalence_ratio)
    mass = gas.amounts(opposed) * gas.molar_mass
    return CounterflowFlame(gas, tuple(mixture.tolist()), tuple((mass / mass.sum()).tolist()), **others)
