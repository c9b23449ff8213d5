"""The shallow water equations over a flat bottom."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuralpde.spaces import AbstractDiscretization, AbstractPrior, Field, FunctionSpace

from .conservation_law import AbstractConservationLaw, Scalar, State, components

AXES = "xyz"


class ShallowWater(AbstractConservationLaw):
    """Shallow water equations over a flat bottom, without friction or rotation.

        h_t + div(h v) = 0,  (h v)_t + div(h v v + g h^2 / 2 I) = 0

    Conserved: depth h and momentum h v. Primitive: h and v.
    Toro, "Shock-Capturing Methods for Free-Surface Shallow Flows", Wiley 2001, chapters 3 and 10.

    gravity: g, length / time^2. dim: number of horizontal dimensions, 1 or 2.
    """

    gravity: Float[Array, ""] | float = 1.0
    dim: int = eqx.field(static=True, default=2)

    @property
    def names(self) -> tuple[str, ...]:
        """Conserved components, in order."""
        return ("depth", *(f"momentum_{x}" for x in AXES[: self.dim]))

    def primitive(self, u: State) -> State:
        """Depth and velocity."""
        depth, *momentum = components(u)
        return jnp.stack([depth, *(m / depth for m in momentum)], -1)

    def conserved(self, w: State) -> State:
        """Depth and momentum."""
        depth, *velocity = components(w)
        return jnp.stack([depth, *(depth * v for v in velocity)], -1)

    def flux(self, u: State, axis: int) -> State:
        """h v_i, h v_i v + g h^2 / 2 e_i."""
        return jnp.stack(self._flux(u, axis), -1)

    def signal_speeds(self, u: State, axis: int) -> tuple[Scalar, Scalar]:
        """v_i - c and v_i + c with c = sqrt(g h)."""
        velocity, wave = u[..., 1 + axis] / u[..., 0], jnp.sqrt(self.gravity * u[..., 0])
        return velocity - wave, velocity + wave

    def admissible(self, u: State) -> Bool[Array, "*point"]:
        """Whether the depth is positive: there is no dry ground."""
        return (u[..., 0] > 0) & jnp.isfinite(u).all(-1)

    def wave_speeds(self, left: State, right: State, axis: int) -> tuple[Scalar, Scalar]:
        """Einfeldt's bounds: the speeds of each side's outer wave, and those of Roe's average state.

        With them HLL keeps the depth positive (Einfeldt, SIAM J. Numer. Anal. 25 (1988) 294).
        """
        h_l, h_r = left[..., 0], right[..., 0]
        v_l, v_r = left[..., 1 + axis] / h_l, right[..., 1 + axis] / h_r
        weight = 1 / (1 + jnp.sqrt(h_r / h_l))
        v, wave = v_r + weight * (v_l - v_r), jnp.sqrt(self.gravity * (h_l + h_r) / 2)
        slow = jnp.minimum(v_l - jnp.sqrt(self.gravity * h_l), v - wave)
        return slow, jnp.maximum(v_r + jnp.sqrt(self.gravity * h_r), v + wave)

    def contact_flux(self, left: State, right: State, axis: int) -> State:
        """HLL for depth and normal momentum; the tangential velocity comes from the side that the water leaves.

        This is HLLC with one depth between the outer waves: Toro, section 10.4.
        """
        slow, fast = self.wave_speeds(left, right, axis)
        slow, fast = jnp.minimum(slow, 0.0), jnp.maximum(fast, 0.0)
        of_left, of_right = components(left), components(right)
        flux = [
            (fast * f_l - slow * f_r + slow * fast * (u_r - u_l)) / (fast - slow)
            for f_l, f_r, u_l, u_r in zip(
                self._flux(left, axis), self._flux(right, axis), of_left, of_right, strict=True
            )
        ]
        for other in set(range(1, len(flux))) - {1 + axis}:
            flux[other] = flux[0] * jnp.where(flux[0] >= 0, of_left[other] / of_left[0], of_right[other] / of_right[0])
        return jnp.stack(flux, -1)

    def _flux(self, u: State, axis: int) -> list[Scalar]:
        parts = components(u)
        velocity = parts[1 + axis] / parts[0]
        flux = [velocity * part for part in parts]
        flux[1 + axis] += self.gravity * parts[0] ** 2 / 2
        return flux


class RadialDamBreak(AbstractPrior):
    """Water at rest, deeper inside a circle about the middle of the box, with a random radius.

    The initial states of PDEBench's shallow water set (Takamoto et al., NeurIPS 2022, appendix D): depth 2 for
    |x| <= R and 1 elsewhere, R uniform in ``radius``, on (-2.5, 2.5)^2 with free sides.
    ``space`` has the components of `ShallowWater` in its number of dimensions.
    """

    space: FunctionSpace = eqx.field(static=True)
    inside: float = 2.0
    outside: float = 1.0
    radius: tuple[float, float] = eqx.field(static=True, default=(0.3, 0.7))

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One state, conserved; the same function on every ``on`` for one key."""
        radius = jax.random.uniform(key, minval=self.radius[0], maxval=self.radius[1])
        box = self.space.domain.bounds
        offset = on.coords() - (jnp.asarray(box.lower) + jnp.asarray(box.upper)) / 2
        depth = jnp.where(jnp.sum(offset**2, -1) <= radius**2, self.inside, self.outside)
        return Field(jnp.stack([depth, *[jnp.zeros_like(depth)] * self.space.dim], -1), on, self.space)
