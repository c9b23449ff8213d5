"""Incompressible flow in the plane, in velocity and pressure: Navier-Stokes and buoyant smoke."""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import AbstractFunction, AbstractPrior, Box, ClosedForm, Field, FunctionSpace, Grid
from neuralpde.spaces.random_noise import power_noise

from .derivatives import expanded, gradient, laplacian, rate
from .equation import AbstractEquation, Coefficient, PointFunction

Vector = Coefficient | Float[Array, " 2"]
PLANE = (0, 1)
"""Coordinates of space."""


class AbstractIncompressibleFlow(AbstractEquation):
    """Momentum and mass balance of a fluid of unit density with velocity w = (u, v) and pressure p.

        w_t + w . grad w = -grad p + viscosity Laplace(w) + force + (what a concrete equation adds),   div w = 0.

    ``force`` and ``wall_velocity`` are numbers (the same for both components), pairs, or functions of two components
    of the points (x, y), or (x, y, t) where they vary in time. Walls bound the axes that are not periodic; nothing
    passes them, so that only the tangential part of ``wall_velocity`` counts.
    """

    viscosity: eqx.AbstractVar[float | Float[Array, ""]]
    force: eqx.AbstractVar[Vector]
    wall_velocity: eqx.AbstractVar[Vector]

    def kinetic_energy(self, u: Field) -> Float[Array, ""]:
        """Integral of |w|^2 / 2."""
        return u.on.integrate(0.5 * jnp.sum(u.values[..., :2] ** 2, axis=-1, keepdims=True))[0]


class NavierStokes(AbstractIncompressibleFlow):
    """Navier-Stokes equations  w_t + w . grad w = -grad p + viscosity Laplace(w) + force,  div w = 0.

    Components u, v, p; density one. viscosity: length^2 / time. `AbstractIncompressibleFlow` describes ``force`` and
    ``wall_velocity``.
    """

    names: ClassVar[tuple[str, ...]] = ("u", "v", "p")
    viscosity: float | Float[Array, ""]
    force: Vector = 0.0
    wall_velocity: Vector = 0.0

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 3"]:
        """Two momentum balances and div w, at x = (x, y, t); at x = (x, y) those of a steady flow."""
        return _balances(self, u, x, value_at(self.force, x))

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """Momentum, where both axes are periodic and the force has no mean."""
        if not all(u.space.domain.bounds.periodic):
            return {}
        return dict(zip(("momentum_x", "momentum_y"), u.integral()[:2], strict=True))

    def exact(self) -> AbstractFunction:
        """The vortices of Taylor and Green on the periodic square (0, 2 pi)^2, for 0 <= t <= 1 and no force."""
        nu = self.viscosity

        def vortices(x):
            decay = jnp.exp(-2 * nu * x[2])
            u, v = jnp.sin(x[0]) * jnp.cos(x[1]), -jnp.cos(x[0]) * jnp.sin(x[1])
            return jnp.stack([u * decay, v * decay, (jnp.cos(2 * x[0]) + jnp.cos(2 * x[1])) / 4 * decay**2])

        side = (0.0, 2 * jnp.pi)
        return ClosedForm(vortices, FunctionSpace(Box.of(("x", "y"), x=side, y=side, t=(0.0, 1.0)), self.names))


class BuoyantSmoke(AbstractIncompressibleFlow):
    """Smoke s that rises in a fluid (Boussinesq approximation).

        w_t + w . grad w = -grad p + viscosity Laplace(w) + (0, buoyancy s) + force,   div w = 0,
        s_t + w . grad s = diffusivity Laplace(s),   ds/dn = 0 on walls.

    Components u, v, p, s; density one. viscosity, diffusivity: length^2 / time. buoyancy: acceleration for a unit of
    smoke along the second axis. `AbstractIncompressibleFlow` describes ``force`` and ``wall_velocity``. With the
    defaults in a box of 32 x 32 it is the smoke of Gupta & Brandstetter, "Towards multi-spatiotemporal-scale
    generalized PDE modeling", TMLR 2023 (PDEArena), whose smoke does not diffuse.
    """

    names: ClassVar[tuple[str, ...]] = ("u", "v", "p", "s")
    viscosity: float | Float[Array, ""] = 0.01
    buoyancy: float | Float[Array, ""] = 0.5
    diffusivity: float | Float[Array, ""] = 0.0
    force: Vector = 0.0
    wall_velocity: Vector = 0.0

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 4"]:
        """Two momentum balances, div w and the balance of smoke, at x = (x, y, t), or (x, y) for a steady state."""
        u = expanded(u, x)
        lift = jnp.stack([jnp.zeros((), x.dtype), self.buoyancy * u(x)[3]])
        smoke = _carried(u, x)[3] - self.diffusivity * laplacian(u, PLANE)(x)[3]
        return jnp.append(_balances(self, u, x, value_at(self.force, x) + lift), smoke)

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """The amount of smoke."""
        return {"smoke": u.integral()[3]}


def value_at(vector: Vector, x: Float[Array, " d"]) -> Float[Array, " 2"]:
    """Two components at a point of space and time; a function of space alone gets its coordinates alone."""
    if isinstance(vector, AbstractFunction):
        return vector(x[: vector.space.dim])
    return jnp.broadcast_to(jnp.asarray(vector, x.dtype), (2,))


def _balances(equation: AbstractIncompressibleFlow, u: PointFunction, x, force) -> Float[Array, " 3"]:
    u = expanded(u, x)
    slopes = gradient(u, PLANE)(x)
    momentum = _carried(u, x)[:2] + slopes[:, 2] - equation.viscosity * laplacian(u, PLANE)(x)[:2] - force
    return jnp.append(momentum, jnp.trace(slopes[:, :2]))


def _carried(u: PointFunction, x) -> Float[Array, " c"]:
    """Rate of change along the flow; a steady flow has points without time."""
    transport = u(x)[:2] @ gradient(u, PLANE)(x)
    return transport + rate(u)(x) if len(x) > len(PLANE) else transport


class SmokeAtRest(AbstractPrior):
    """States of `BuoyantSmoke` at rest: the absolute value of `PowerNoise` as smoke, everything else zero.

    The defaults of its ``scale`` and ``smoothness`` are those of PDEArena's smoke. ``space`` has the components of
    `BuoyantSmoke` on a box; ``modes`` is the number of eigenfunctions an axis.
    """

    space: FunctionSpace = eqx.field(static=True)
    scale: float = eqx.field(static=True, default=11.0)
    smoothness: float = eqx.field(static=True, default=6.0)
    modes: int = eqx.field(static=True, default=33)

    def sample(self, key: PRNGKeyArray, on: Grid) -> Field:
        """One state; the same function on every grid of a box for one key."""
        smoke = jnp.abs(self.noise(key, on))[..., None]
        rest = jnp.zeros((*on.shape, 3), smoke.dtype)
        return Field(jnp.concatenate([rest, smoke], axis=-1), on, self.space)

    def noise(self, key: PRNGKeyArray, on: Grid) -> Float[Array, "*cell"]:
        """The noise before its sign is dropped."""
        return power_noise(key, on, self.scale, self.smoothness, self.modes)


class StirredSmoke(AbstractPrior):
    """States of `BuoyantSmoke` in motion: two components of `PowerNoise` as velocity, the absolute value of a third as
    smoke. A solver takes from them the velocity that is free of divergence and passes no wall.

    The defaults of ``scale`` and ``smoothness`` are those of the velocity in PDEBench's incompressible set (Takamoto
    et al., NeurIPS 2022). speed: root mean square of each component. ``smoke_scale``, ``smoke_smoothness``: of the
    smoke. ``space`` has the components of `BuoyantSmoke` on a box.
    """

    space: FunctionSpace = eqx.field(static=True)
    speed: float = 1.0
    scale: float = eqx.field(static=True, default=0.4)
    smoothness: float = eqx.field(static=True, default=1.0)
    smoke_scale: float = eqx.field(static=True, default=0.4)
    smoke_smoothness: float = eqx.field(static=True, default=3.0)
    modes: int = eqx.field(static=True, default=33)

    def sample(self, key: PRNGKeyArray, on: Grid) -> Field:
        """One state; the same function on every grid of a box for one key."""
        *keys, key_smoke = jax.random.split(key, 3)
        velocity = [self.speed * power_noise(k, on, self.scale, self.smoothness, self.modes) for k in keys]
        smoke = jnp.abs(power_noise(key_smoke, on, self.smoke_scale, self.smoke_smoothness, self.modes))
        return Field(jnp.stack([*velocity, jnp.zeros_like(smoke), smoke], axis=-1), on, self.space)
