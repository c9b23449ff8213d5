"""A small reactor of oxygen and methane that a laser sets on fire: what is known of it."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import Box

from .gas import GasMixture
from .reactor import Reactor
from .thermodynamics import Scalar, Species

EXPERIMENTS = Box.of(
    energy=(0.06, 0.2),
    axial=(0.0, 1.0),
    radial=(0.0, 1.0),
    radius=(0.2e-3, 0.6e-3),
    timing=(0.1e-3, 0.4e-3),
    mixture=(0.15, 0.25),
)
"""Parameters of an experiment: energy of the laser (J), place of its spot along and across the jet (shares of the length and
the width), radius of the spot (m), time of the pulse (s), equivalence ratio of the gas."""
VOLUME, INFLOW, ORIFICE = 1e-7, 4e-5, 3e-6
"""m^3, kg/s, m^2: cold gas stays for three milliseconds, burned gas for less than one."""


class HeatPulse(eqx.Module):
    """Q(t) = energy / (sqrt(2 pi) duration) exp(-(t - centre)^2 / (2 duration^2)), W; energy J, times s."""

    energy: Scalar
    centre: Scalar
    duration: Scalar

    def __call__(self, x: Float[Array, " 1"]) -> Float[Array, " 1"]:
        height = self.energy / (jnp.sqrt(2 * jnp.pi) * self.duration)
        return height * jnp.exp(-0.5 * ((x - self.centre) / self.duration) ** 2)


def lean_mixture(gas: GasMixture, equivalence_ratio: Scalar) -> Species:
    """Mass fractions of methane in oxygen, of which one molecule burns two of oxygen."""
    moles = jnp.zeros(len(gas.names)).at[gas.names.index("CH4")].set(0.5 * equivalence_ratio)
    return gas.mass_fractions(moles.at[gas.names.index("O2")].set(1.0))


def igniter(gas: GasMixture, equivalence_ratio: Scalar, **others) -> Reactor:
    """The reactor before the pulse: 0.1 cm^3 at one atmosphere and 300 K, through which 0.04 g/s of the mixture flow.

    ``others`` are fields of `Reactor`. Ignited, it burns on as long as gas comes; else the heat of the pulse leaves with
    the gas.
    """
    constants = {"volume": VOLUME, "inflow": INFLOW, "orifice": ORIFICE}
    return Reactor(gas, lean_mixture(gas, equivalence_ratio), **(constants | others))
