"""Reference solutions of flames between two inlets, with the fall of the pressure as the eigenvalue."""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations.combustion import CounterflowFlame

from .boundary_value import BoundaryValueSolution, solve_boundary_value

BURNS, MEETS = 0.25, 0.58
"""Where the first guess has the flame, and where the burned gas meets the opposed one, in lengths."""
THIN, WIDE = 0.0075, 0.025
"""How wide both are, in lengths."""
TRACES = (1e-3, 1e-6, 1e-8)
"""Twice the mass fractions that reactions see where there is nothing of a gas: rates have a kink where a gas is used up, at
which Newton's method stops. It begins with a large one."""
TOLERANCE = 1e-8


class Stream(NamedTuple):
    """What the equations of first order are for, at a point: the components of `solve_counterflow_flame`."""

    temperature: Float[Array, ""]
    mole_fractions: Float[Array, " species"]
    heat: Float[Array, ""]
    carried: Float[Array, " species"]
    radial: Float[Array, ""]
    momentum: Float[Array, ""]

    @classmethod
    def of(cls, y: Float[Array, " n"]) -> Stream:
        """The parts of a vector."""
        species = (len(y) - 4) // 2
        temperature, x, heat, carried, radial, momentum = jnp.split(
            y, [1, 1 + species, 2 + species, 2 + 2 * species, 3 + 2 * species]
        )
        return cls(temperature[0], x, heat[0], carried, radial[0], momentum[0])

    def vector(self) -> Float[Array, " n"]:
        """All parts in one."""
        return jnp.concatenate([jnp.atleast_1d(part) for part in self])


def solve_counterflow_flame(
    flame: CounterflowFlame, length: float, elements: int = 100, degree: int = 4
) -> BoundaryValueSolution:
    """T, X_k, H, F_k, V, G on [0, length], and P: the flame that burns.

    H = sum_k F_k h_k - lambda T' is the heat that passes a point, F_k = rho u Y_k + j_k the mass of each species, and
    G = rho u V - mu V' the momentum, so that the equations are of first order:

        F_k' = w_k - 2 rho V Y_k,      H' = -2 rho V sum_k Y_k h_k,      G' = P - 3 rho V^2.

    At both ends the temperature is that of the inflow, V = 0, and F_k is what comes. Newton's method begins with a front
    between unburned and burned gas and one between that and the opposed gas, and with the flow of a gas of that
    temperature: from a cold guess it would find the gases mixed without a flame. Reactions see at least a mass fraction of
    5e-9 of every gas, which makes P about 1.5e-6 larger at an equivalence ratio of one. Raises ``ValueError`` where Newton's
    method finds nothing.
    """
    gas, start = flame.gas, flame.inflow_temperature
    comes = flame.mass_flux * np.asarray(flame.unburned)
    opposed = -flame.opposed_mass_flux * np.asarray(flame.opposed)

    def rate(x, y, p, trace):
        at = Stream.of(y)
        fractions = gas.mass_fractions(at.mole_fractions)
        state = jnp.append(at.temperature, fractions)
        mass_flux, enthalpies = jnp.sum(at.carried), gas.enthalpies(at.temperature)
        diffused = at.carried - mass_flux * fractions
        spread = 2 * flame.density(state) * at.radial
        return Stream(
            (at.carried @ enthalpies - at.heat) / gas.conductivity(at.temperature, fractions),
            gas.slopes(at.temperature, flame.pressure, fractions, diffused),
            -spread * (fractions @ enthalpies),
            flame.production(_above(state, trace)) - spread * fractions,
            *_momentum(flame, state, mass_flux, at.radial, at.momentum, p[0]),
        ).vector()

    def ends(a, b, p):
        lower, upper = Stream.of(a), Stream.of(b)
        warmer = jnp.stack([lower.temperature, upper.temperature]) / start - 1
        turns = jnp.stack([lower.radial, upper.radial]) / flame.strain
        whole = jnp.sum(lower.mole_fractions)[None] - 1
        return jnp.concatenate([warmer, turns, whole, lower.carried - comes, upper.carried - opposed])

    guess = _Guess(flame, length, flame.burned)
    flow = guess.flow(elements)

    begins = lambda x: np.asarray(jax.jit(jax.vmap(guess.stream))(x, flow(x)))
    begun, near = (flow.equidistributed(elements), begins), flow.parameters
    for trace in TRACES:
        seen = functools.partial(rate, trace=trace)
        found = solve_boundary_value(seen, ends, *begun, near, degree=degree, adapted=1, tolerance=TOLERANCE)
        begun, near = (found.equidistributed(elements), found), found.parameters
    return found


def _above(state: Float[Array, " components"], trace: float) -> Float[Array, " components"]:
    """The state with mass fractions that are smoothly bounded from below: half of the trace where there is nothing."""
    return state.at[1:].set((state[1:] + jnp.sqrt(state[1:] ** 2 + trace**2)) / 2)


def _momentum(
    flame: CounterflowFlame,
    state: Float[Array, " components"],
    mass_flux: Float[Array, ""],
    radial: Float[Array, ""],
    momentum: Float[Array, ""],
    drop: Float[Array, ""],
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """V' and G'."""
    slope = (mass_flux * radial - momentum) / flame.gas.viscosity(state[0], state[1:])
    return slope, drop - 3 * flame.density(state) * radial**2


@dataclasses.dataclass(frozen=True)
class _Guess:
    """A gas that burns at one place and meets the opposed gas at another."""

    flame: CounterflowFlame
    length: float
    burned: Float[np.ndarray, " components"]

    def state(self, x: Float[Array, ""]) -> Float[Array, " components"]:
        """Temperature and mass fractions."""
        flame, s = self.flame, x / self.length
        gone, left = jax.nn.sigmoid((s - BURNS) / THIN), jax.nn.sigmoid((MEETS - s) / WIDE)
        cold, opposed = (np.append(flame.inflow_temperature, y) for y in (flame.unburned, flame.opposed))
        return opposed + left * (cold + 0.98 * gone * (self.burned - cold) - opposed)

    def stream(self, x: Float[Array, ""], flow: Float[Array, " 3"]) -> Float[Array, " n"]:
        """All that `Stream` holds, with what this state conducts and diffuses in a flow of rho u, V and G."""
        gas, (mass_flux, radial, momentum) = self.flame.gas, flow
        state, slope = jax.jvp(self.state, (x,), (jnp.ones_like(x),))
        fluxes = self.flame.fluxes(state, slope)
        carried = mass_flux * state[1:] + fluxes[1:]
        heat = carried @ gas.enthalpies(state[0]) - fluxes[0]
        return Stream(state[0], gas.mole_fractions(state[1:]), heat, carried, radial, momentum).vector()

    def flow(self, elements: int) -> BoundaryValueSolution:
        """rho u, V, G and P of a gas in this state."""
        flame = self.flame

        def rate(x, y, p):
            state = self.state(x)
            return jnp.stack([-2 * flame.density(state) * y[1], *_momentum(flame, state, *y, p[0])])

        def ends(a, b, p):
            comes = jnp.stack([a[0] - flame.mass_flux, b[0] + flame.opposed_mass_flux])
            return jnp.append(comes, jnp.stack([a[1], b[1]]) / flame.strain)

        def begins(x):
            s = x / self.length
            mass_flux = flame.mass_flux - (flame.mass_flux + flame.opposed_mass_flux) * (3 - 2 * s) * s**2
            radial = 4 * flame.strain * s * (1 - s)
            return np.stack([mass_flux, radial, mass_flux * radial], axis=1)

        drop = np.asarray([flame.pressure_drop], float)
        return solve_boundary_value(rate, ends, np.linspace(0, self.length, elements + 1), begins, drop, adapted=1)
