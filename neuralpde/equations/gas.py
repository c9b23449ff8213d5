"""Ideal gas: the conserved quantities of gas dynamics, their fluxes and waves, in one to three dimensions.

Toro, "Riemann Solvers and Numerical Methods for Fluid Dynamics", 3rd edition, Springer 2009, chapters 3 and 10.
"""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from neuralpde.spaces import Field

from .conservation_law import AbstractConservationLaw, Scalar, State, components

AXES = "xyz"


class AbstractGas(AbstractConservationLaw):
    """An ideal gas with p = (gamma - 1) rho e.

    Conserved: density rho, momentum rho v, total energy E = p / (gamma - 1) + rho |v|^2 / 2, each per unit of volume.
    Primitive: rho, v, p. In both the vector comes second, so that a state has ``dim + 2`` components.
    """

    gamma: eqx.AbstractVar[Float[Array, ""] | float]
    dim: eqx.AbstractVar[int]

    @property
    def names(self) -> tuple[str, ...]:
        """Conserved components, in order."""
        return ("density", *(f"momentum_{x}" for x in AXES[: self.dim]), "energy")

    @property
    def primitive_names(self) -> tuple[str, ...]:
        """Primitive components, in order."""
        return ("density", *(f"velocity_{x}" for x in AXES[: self.dim]), "pressure")

    def primitive(self, u: State) -> State:
        """Density, velocity and pressure of conserved quantities."""
        density, velocity, pressure = self._parts(u)
        return jnp.stack([density, *velocity, pressure], -1)

    def conserved(self, w: State) -> State:
        """Density, momentum and energy of (density, velocity, pressure)."""
        density, *velocity, pressure = components(w)
        energy = pressure / (self.gamma - 1) + density * _dot(velocity, velocity) / 2
        return jnp.stack([density, *(density * v for v in velocity), energy], -1)

    def to_primitive(self, u: Field) -> Field:
        """The field of density, velocity and pressure, with its conditions on the walls."""
        return Field(self.primitive(u.values), u.on, u.space.renamed(*self.primitive_names))

    def to_conserved(self, w: Field) -> Field:
        """The field of density, momentum and energy, with its conditions on the walls."""
        return Field(self.conserved(w.values), w.on, w.space.renamed(*self.names))

    def flux(self, u: State, axis: int) -> State:
        """rho v_i, rho v_i v + p e_i, (E + p) v_i."""
        _, velocity, pressure = self._parts(u)
        return jnp.stack(self._flux(components(u), velocity[axis], pressure, axis), -1)

    def signal_speeds(self, u: State, axis: int) -> tuple[Scalar, Scalar]:
        """v_i - c and v_i + c with the speed of sound c = sqrt(gamma p / rho)."""
        density, velocity, pressure = self._parts(u)
        sound = jnp.sqrt(self.gamma * pressure / density)
        return velocity[axis] - sound, velocity[axis] + sound

    def admissible(self, u: State) -> Bool[Array, "*point"]:
        """Whether density and pressure are positive."""
        density, *momentum, energy = components(u)
        return (density > 0) & (energy * density > _dot(momentum, momentum) / 2)

    def wave_speeds(self, left: State, right: State, axis: int) -> tuple[Scalar, Scalar]:
        """Einfeldt's bounds: the speeds of each side's outer wave, and those of Roe's average state.

        With them HLL and HLLC keep density and pressure positive (Batten, Clarke, Lambert, Causon, SIAM J. Sci.
        Comput. 18 (1997) 1553). Toro, section 10.5.1.
        """
        (rho_l, v_l, p_l), (rho_r, v_r, p_r) = self._parts(left), self._parts(right)
        weight = 1 / (1 + jnp.sqrt(rho_r / rho_l))
        average = lambda a, b: b + weight * (a - b)
        v = [average(a, b) for a, b in zip(v_l, v_r, strict=True)]
        enthalpy = average((left[..., -1] + p_l) / rho_l, (right[..., -1] + p_r) / rho_r)
        sound = jnp.sqrt((self.gamma - 1) * (enthalpy - _dot(v, v) / 2))
        slow = jnp.minimum(v_l[axis] - jnp.sqrt(self.gamma * p_l / rho_l), v[axis] - sound)
        return slow, jnp.maximum(v_r[axis] + jnp.sqrt(self.gamma * p_r / rho_r), v[axis] + sound)

    def contact_flux(self, left: State, right: State, axis: int) -> State:
        """HLLC of Toro, Spruce and Speares: F_K + S_K (U*_K - U_K) on the side K of the contact wave S*.

        Toro, equations 10.37-10.39 and 10.71-10.73.
        """
        slow, fast = self.wave_speeds(left, right, axis)
        (rho_l, v_l, p_l), (rho_r, v_r, p_r) = self._parts(left), self._parts(right)
        mass_l, mass_r = rho_l * (slow - v_l[axis]), rho_r * (fast - v_r[axis])
        contact = (mass_l * v_l[axis] - mass_r * v_r[axis] + p_r - p_l) / (mass_l - mass_r)

        # Only the star state of one side is needed: its side is chosen first.
        side = lambda a, b: jnp.where(contact >= 0, a, b)
        u = [side(a, b) for a, b in zip(components(left), components(right), strict=True)]
        rho, v, p, speed = u[0], side(v_l[axis], v_r[axis]), side(p_l, p_r), side(slow, fast)
        outgoing = side(jnp.minimum(slow, 0.0), jnp.maximum(fast, 0.0))
        squeezed = (speed - v) / (speed - contact)
        star = [squeezed * part for part in u]
        star[1 + axis] = squeezed * rho * contact
        star[-1] += squeezed * (contact - v) * (rho * contact + p / (speed - v))
        flux = self._flux(u, v, p, axis)
        return jnp.stack([f + outgoing * (s - a) for f, s, a in zip(flux, star, u, strict=True)], -1)

    def _parts(self, u: State) -> tuple[Scalar, list[Scalar], Scalar]:
        """Density, velocity and pressure of conserved quantities, by components."""
        density, *momentum, energy = components(u)
        velocity = [m / density for m in momentum]
        return density, velocity, (self.gamma - 1) * (energy - _dot(velocity, momentum) / 2)

    def _flux(self, u: list[Scalar], velocity: Scalar, pressure: Scalar, axis: int) -> list[Scalar]:
        flux = [velocity * part for part in u]
        flux[1 + axis] += pressure
        flux[-1] += velocity * pressure
        return flux


def _dot(a: list[Scalar], b: list[Scalar]) -> Scalar:
    return sum((x * y for x, y in zip(a[1:], b[1:], strict=True)), start=a[0] * b[0])
