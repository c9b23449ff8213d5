"""Second-order finite volumes in space: limited linear reconstruction, Riemann solvers, central diffusion.

Dimension by dimension on a uniform grid. The slopes are limited in the law's primitive variables and applied to the
conserved ones, ``u +- (du/dw) slope / 2``, so that the mean of a cell's two face states is the cell's value: with a
Riemann solver that keeps admissible states admissible so does the scheme, for CFL numbers up to 1/2
(Perthame & Shu, Numer. Math. 73 (1996) 119).
"""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import AbstractConservationLaw
from neuralpde.spaces import FunctionSpace

from .finite_volume import along
from .ghost_cells import with_ghosts

Cells = Float[Array, "*cell c"]
Line = Float[Array, "*line c"]
Faces = Float[Array, "*face c"]
GHOSTS = 2


class Muscl(eqx.Module):
    """The tendency of a conservation law on the cells of a uniform grid."""

    law: AbstractConservationLaw
    space: FunctionSpace = eqx.field(static=True)
    spacing: tuple[float, ...] = eqx.field(static=True)
    limiter: Callable = eqx.field(static=True)
    riemann: Callable = eqx.field(static=True)

    def __call__(self, u: Cells) -> Cells:
        """du/dt = - sum over axes of the difference of the face fluxes, over h."""
        beyond = with_ghosts(u, self.space, GHOSTS)
        primitive = self.law.primitive(beyond)
        total = jnp.zeros_like(u)
        for axis, h in enumerate(self.spacing):
            flux = self._flux(self._line(beyond, axis), self._line(primitive, axis), axis)
            viscous = self._viscous_flux(beyond, axis)
            if viscous is not None:
                flux = flux - viscous
            total -= (along(flux, axis, 1) - along(flux, axis, 0, -1)) / h
        return total

    def _flux(self, u: Line, w: Line, axis: int) -> Faces:
        """Through the n + 1 faces of an axis, from the cells along it and two ghosts on each side."""
        difference = along(w, axis, 1) - along(w, axis, 0, -1)
        slope = self.limiter(along(difference, axis, 0, -1), along(difference, axis, 1))
        mean = along(u, axis, 1, -1)
        half = jax.jvp(self.law.conserved, (along(w, axis, 1, -1),), (slope / 2,))[1]
        physical = self.law.admissible(mean - half) & self.law.admissible(mean + half)
        half = jnp.where(physical[..., None], half, 0.0)
        return self.riemann(self.law, along(mean + half, axis, 0, -1), along(mean - half, axis, 1), axis)

    def _viscous_flux(self, u: Cells, axis: int) -> Faces | None:
        """Central: mean of the two cells of a face, their difference, and the mean of their central differences."""
        near = along(u, axis, GHOSTS - 1, 1 - GHOSTS)
        lower, upper = along(near, axis, 0, -1), along(near, axis, 1)
        gradient = []
        for direction, h in enumerate(self.spacing):
            if direction == axis:
                gradient.append(self._line((upper - lower) / h, axis))
            else:
                both = self._line(lower + upper, axis, but=direction)
                ends = (
                    along(both, direction, GHOSTS + 1, 1 - GHOSTS),
                    along(both, direction, GHOSTS - 1, -GHOSTS - 1),
                )
                gradient.append((ends[0] - ends[1]) / (4 * h))
        return self.law.viscous_flux(self._line((lower + upper) / 2, axis), jnp.stack(gradient, -2), axis)

    def _line(self, beyond: Cells, axis: int, but: int | None = None) -> Line:
        """Without the ghosts of the other axes, ``but`` excepted."""
        for other in range(len(self.spacing)):
            if other not in (axis, but):
                beyond = along(beyond, other, GHOSTS, -GHOSTS)
        return beyond

    def rate(self, u: Cells) -> Float[Array, ""]:
        """Inverse of the time that waves and diffusion need to cross a cell, the largest over all cells.

        ``sum_i (max |speed_i| / h_i + 2 D / h_i^2)``: explicit Euler steps with upwind and with central differences
        are stable up to its inverse.
        """
        total = 2 * self.law.diffusivity(u) * sum(1 / h**2 for h in self.spacing)
        for axis, h in enumerate(self.spacing):
            slow, fast = self.law.signal_speeds(u, axis)
            total = total + jnp.maximum(jnp.abs(slow), jnp.abs(fast)) / h
        return jnp.max(total)
