"""The compressible Navier-Stokes equations."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .conservation_law import Scalar, State, components
from .gas import AbstractGas

Parameter = Float[Array, ""] | float


class CompressibleNavierStokes(AbstractGas):
    """Compressible Navier-Stokes equations of an ideal gas.

        rho_t + div(rho v) = 0,  (rho v)_t + div(rho v v + p I - sigma) = 0,
        E_t + div((E + p) v - sigma v - conductivity grad T) = 0,
        sigma = shear (grad v + grad v^T - 2/3 div v I) + bulk div v I,  T = p / rho

    Landau & Lifshitz, "Fluid Mechanics", section 15 and 49; the factor 2/3 is that of three dimensions in any
    number of dimensions, as in PDEBench (Takamoto et al., NeurIPS 2022), which has gamma = 5/3 and conducts no heat.

    gamma: ratio of specific heats. shear, bulk: dynamic viscosities eta and zeta, mass / (length time).
    conductivity: of heat, for temperatures in units where the gas constant is one, mass / (length time).
    dim: number of space dimensions, 1 to 3.
    """

    gamma: Parameter = 5 / 3
    shear: Parameter = 0.01
    bulk: Parameter = 0.01
    conductivity: Parameter = 0.0
    dim: int = eqx.field(static=True, default=2)

    def viscous_flux(self, u: State, gradient: Float[Array, "*point d c"], axis: int) -> State:
        """0, sigma e_i, (sigma v)_i + conductivity dT/dx_i."""
        rho, v, p = self._parts(u)
        # Row i: the derivatives along x_i of density, momentum and energy.
        rows = [components(gradient[..., i, :]) for i in range(self.dim)]
        dv = [[(m - v[j] * row[0]) / rho for j, m in enumerate(row[1:-1])] for row in rows]
        divergence = sum(dv[i][i] for i in range(self.dim))
        stress = [self.shear * (dv[axis][j] + dv[j][axis]) for j in range(self.dim)]
        stress[axis] += (self.bulk - 2 / 3 * self.shear) * divergence
        work = sum(s * w for s, w in zip(stress, v, strict=True))
        # dT = d(p / rho) with p = (gamma - 1) (E - rho |v|^2 / 2).
        d_rho, d_energy = rows[axis][0], rows[axis][-1]
        d_kinetic = sum(w * (w * d_rho / 2 + rho * dw) for w, dw in zip(v, dv[axis], strict=True))
        d_temperature = ((self.gamma - 1) * (d_energy - d_kinetic) - p / rho * d_rho) / rho
        return jnp.stack([jnp.zeros_like(rho), *stress, work + self.conductivity * d_temperature], -1)

    def diffusivity(self, u: State) -> Scalar:
        """The greater of (4/3 shear + bulk) / rho, for sound, and (gamma - 1) conductivity / rho, for heat."""
        return jnp.maximum(4 / 3 * self.shear + self.bulk, (self.gamma - 1) * self.conductivity) / u[..., 0]
