"""Viscosity, conductivity and diffusion of dilute gases by kinetic theory, averaged over a mixture.

Kee, Coltrin & Glarborg, "Chemically Reacting Flow", Wiley 2003, chapter 12. Collision integrals of the Lennard-Jones
potential by the fits of Neufeld, Janzen & Aziz, J. Chem. Phys. 57 (1972) 1100, with the correction for dipoles of Brokaw,
Ind. Eng. Chem. Process Des. Dev. 8 (1969) 240; they are within 0.2 % of the tables for molecules without dipoles.
"""

from __future__ import annotations

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .thermodynamics import GAS_CONSTANT, Scalar, Species

BOLTZMANN, AVOGADRO = 1.380649e-23, 6.02214076e23
ANGSTROM, DEBYE = 1e-10, 3.33564e-30
VACUUM = 8.8541878128e-12
"""Permittivity, C^2/(J m)."""
FREEDOMS = {"atom": 0.0, "linear": 1.0, "nonlinear": 1.5}
"""Rotational heat capacity over R."""


@dataclasses.dataclass(frozen=True, eq=False)
class KineticTheory:
    """Properties of gases by those of their molecules.

    molar_mass kg/mol; well_depth of the potential over Boltzmann's constant, K; diameter Å; dipole D; polarizability Å^3;
    rotation: rotational heat capacity over R (`FREEDOMS`); relaxation: collisions that it takes at 298 K for rotation to
    relax.
    """

    molar_mass: Float[np.ndarray, " species"]
    well_depth: Float[np.ndarray, " species"]
    diameter: Float[np.ndarray, " species"]
    dipole: Float[np.ndarray, " species"]
    polarizability: Float[np.ndarray, " species"]
    rotation: Float[np.ndarray, " species"]
    relaxation: Float[np.ndarray, " species"]

    def viscosities(self, temperature: Scalar) -> Species:
        """Of the pure gases, Pa s: ``5 sqrt(pi m k T) / (16 pi sigma^2 Omega_22)``."""
        mass, area = self.molar_mass / AVOGADRO, math.pi * (self.diameter * ANGSTROM) ** 2
        integral = omega_22(temperature / self.well_depth, np.diag(self._pairs[2]))
        return 5 / 16 * jnp.sqrt(math.pi * mass * BOLTZMANN * temperature) / (area * integral)

    def diffusivities(self, temperature: Scalar, pressure: Scalar) -> Float[Array, "species species"]:
        """Of pairs, m^2/s: ``3 sqrt(2 pi (k T)^3 / m_jk) / (16 p pi sigma_jk^2 Omega_11)``, m_jk the reduced mass."""
        depth, diameter, delta = self._pairs
        m = self.molar_mass / AVOGADRO
        reduced = m[:, None] * m / (m[:, None] + m)
        integral = omega_11(temperature / depth, delta)
        speed = jnp.sqrt(2 * math.pi * (BOLTZMANN * temperature) ** 3 / reduced)
        return 3 / 16 * speed / (pressure * math.pi * diameter**2 * integral)

    def conductivities(self, temperature: Scalar, heat_capacity: Species) -> Species:
        """Of the pure gases, W/(m K), for heat capacities at constant pressure in J/(mol K).

        Translation, rotation and vibration carry their shares (Warnatz, in Peters & Warnatz, "Numerical Methods in Laminar
        Flame Propagation", Vieweg 1982).
        """
        reduced = temperature / self.well_depth
        ratio = 1.2 * omega_22(reduced, np.diag(self._pairs[2])) / omega_11(reduced, np.diag(self._pairs[2]))
        vibration = heat_capacity / GAS_CONSTANT - 2.5 - self.rotation
        relaxation = self.relaxation * _parker(298.0 / self.well_depth) / _parker(reduced)
        shared = 2 / math.pi * (2.5 - ratio) / (relaxation + 2 / math.pi * (5 / 3 * self.rotation + ratio))
        translated = 2.5 * (1 - shared * self.rotation / 1.5) * 1.5
        rotated = ratio * (1 + shared) * self.rotation
        shares = translated + rotated + ratio * vibration
        return self.viscosities(temperature) / self.molar_mass * GAS_CONSTANT * shares

    def mixed_viscosity(self, temperature: Scalar, fractions: Species) -> Float[Array, ""]:
        """Pa s, of a mixture by mole fractions (Wilke, J. Chem. Phys. 18 (1950) 517)."""
        mu, w = self.viscosities(temperature), self.molar_mass
        square = (1 + jnp.sqrt(mu[:, None] / mu) * (w / w[:, None]) ** 0.25) ** 2
        phi = square / np.sqrt(8 * (1 + w[:, None] / w))
        return jnp.sum(fractions * mu / (phi @ fractions))

    def mixed_conductivity(self, temperature: Scalar, heat_capacity: Species, fractions: Species) -> Float[Array, ""]:
        """W/(m K): the mean of arithmetic and harmonic mean (Mathur, Tondon & Saxena, Mol. Phys. 12 (1967) 569)."""
        pure = self.conductivities(temperature, heat_capacity)
        return (fractions @ pure + 1 / jnp.sum(fractions / pure)) / 2

    def mixed_diffusivities(self, temperature: Scalar, pressure: Scalar, fractions: Species) -> Species:
        """m^2/s of every species in the others: ``(1 - Y_k) / sum_{j != k} X_j / D_jk``."""
        others = (1 - np.eye(len(self.molar_mass))) / self.diffusivities(temperature, pressure)
        # With a trace of everything, a pure gas diffuses in itself as a trace does in it.
        x = (jnp.maximum(fractions, 0.0) + TRACE) / jnp.sum(jnp.maximum(fractions, 0.0) + TRACE)
        mass = self.molar_mass * x
        return (jnp.sum(mass) - mass) / jnp.sum(mass) / (others @ x)

    @property
    def _pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Well depth (K), diameter (m) and reduced dipole moment of pairs, with the dipoles that polar ones induce."""
        depth, sigma = self.well_depth, self.diameter * ANGSTROM
        reduced = (self.dipole * DEBYE) ** 2 / (4 * math.pi * VACUUM * BOLTZMANN * depth * sigma**3)
        polar = self.dipole > 0
        softness = self.polarizability / self.diameter**3
        pull = 0.25 * softness[:, None] * reduced * np.sqrt(depth / depth[:, None])
        induced = 1 + np.where(~polar[:, None] & polar, pull, 0.0) + np.where(~polar & polar[:, None], pull.T, 0.0)
        pair_depth = np.sqrt(depth[:, None] * depth) * induced**2
        pair_sigma = (sigma[:, None] + sigma) / 2 * induced ** (-1 / 6)
        moments = self.dipole[:, None] * self.dipole * DEBYE**2 / (4 * math.pi * VACUUM)
        return pair_depth, pair_sigma, 0.5 * moments / (BOLTZMANN * pair_depth * pair_sigma**3)


TRACE = 1e-12


def omega_22(t: Array | np.ndarray, delta: np.ndarray) -> Array:
    """The collision integral of viscosity at the temperature k T / epsilon, for the reduced dipole moment delta."""
    waves = 6.435e-4 * t**0.14874 * jnp.sin(18.0323 * t**-0.76830 - 7.27371)
    smooth = 1.16145 * t**-0.14874 + 0.52487 * jnp.exp(-0.77320 * t) + 2.16178 * jnp.exp(-2.43787 * t)
    return smooth - waves + 0.2 * delta**2 / t


def omega_11(t: Array | np.ndarray, delta: np.ndarray) -> Array:
    """That of diffusion."""
    first = 1.06036 * t**-0.15610 + 0.19300 * jnp.exp(-0.47635 * t)
    return first + 1.03587 * jnp.exp(-1.52996 * t) + 1.76474 * jnp.exp(-3.89411 * t) + 0.19 * delta**2 / t


def _parker(t: Array | np.ndarray) -> Array:
    """How rotational relaxation depends on temperature (Parker, Phys. Fluids 2 (1959) 449)."""
    root = jnp.sqrt(1 / t)
    return 1 + math.pi**1.5 / 2 * root + (math.pi**2 / 4 + 2) / t + math.pi**1.5 * root**3
