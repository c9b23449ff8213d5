"""Functions that have the shape of a flame between two inlets, whatever network is in them."""

from __future__ import annotations

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations.combustion import CounterflowFlame
from neuralpde.equations.combustion.thermodynamics import GAS_CONSTANT
from neuralpde.spaces import AbstractFunction, FunctionSpace, Value, concatenate, propagate

from .flame_front import REACH, place

BURNS, MEETS = 0.29, 0.61
"""Where the gas burns and where it meets the opposed one for n = 0, in lengths."""
RISE, MIX = 250.0, 50.0
"""How fast the logarithms of both fronts change, in one length."""
BOUND = 8.0
"""How far a network bends these logarithms at most."""
SPENT, LEFT = 8.0, 2.0
"""Minus the logarithm of what is left of a reactant behind the flame for n = 0, and how far a network bends it at most: fuel
that stays behind where there is no oxygen hardly moves there, so that training would take long to be rid of it."""
MARGIN = 0.1
"""How far a product may exceed its amount after complete combustion: gases diffuse at different speeds."""
ZOOM = 0.06
"""Half of the network's coordinate goes over so wide a zone around the flame, in lengths."""


class CounterflowFront(AbstractFunction):
    """u, V, T and mass fractions of a `CounterflowFlame`, from as many outputs n of a network; s in [0, 1] on the interval:

        rho u = m_0 - (m_0 + m_1) (3 s^2 - 2 s^3) + 16 s^2 (1 - s)^2 n_u,      V = slope s (1 - s) (1 + 5 n_V),
        y = y_1 + left (y_0 - y_1) + hot (y_b - y_0)      for the temperature and what is made,
        y = y_1 + left (y_b + rest (y_0 - y_b) - y_1)      for what is used.

    y_0 comes at s = 0, y_1 at s = 1, both exactly, and y_b is what burning leaves; V = 0 and (rho u)' = 0 at both ends. The
    last mass fraction makes their sum one. Every ``hot`` rises where the gas burns and falls where it meets the opposed one,
    every ``rest`` falls where it burns, by a network's output of their own; ``left`` falls where the gases meet, by the last
    one. Networks move and bend logarithms of these fronts by no more than `BOUND`, so that the zone between is hot whatever
    they say: the same equations have a solution in which the gases mix and stay cold, to which training goes otherwise.

    The network sees the zone around the flame enlarged. The constants are those of methane in air at an equivalence ratio of
    one, between inlets 20 mm apart.
    """

    u: AbstractFunction
    flame: CounterflowFlame = eqx.field(static=True)
    burned: tuple[float, ...] = eqx.field(static=True)
    slope: float = eqx.field(static=True)

    @property
    def space(self) -> FunctionSpace:
        """That of u."""
        return self.u.space

    def __call__(self, x: Float[Array, " 1"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        flame, s = self.flame, place(self.space, x)
        n = propagate(self.u, self._zoomed(s))
        state, moles = self._state(s, n[2:])
        inflow, opposed = flame.mass_flux, flame.opposed_mass_flux
        bump = s * (1 - s)
        mass_flux = inflow - (inflow + opposed) * s * s * (3 - 2 * s) + 16 * bump * bump * n[:1]
        velocity = mass_flux * moles * state[:1] * (GAS_CONSTANT / flame.pressure)
        return concatenate([velocity, self.slope * bump * (1 + REACH * n[1:2]), state])

    def _zoomed(self, s: Value) -> Value:
        bounds = self.space.domain.bounds
        zoomed = (s + (1 + propagate(jnp.tanh, (s - BURNS) / ZOOM)) / 2) / 2
        return bounds.lower[0] + bounds.extents[0] * zoomed

    def _state(self, s: Value, n: Value) -> tuple[Value, Value]:
        """Temperature and mass fractions, and moles in a kilogram."""
        before, opposed, burned = (np.asarray(part) for part in self._ends())
        made = burned > before
        made[-1] = False
        bend = BOUND * propagate(jnp.tanh, n * (REACH / BOUND))
        rises = propagate(jnp.exp, -RISE * (s - BURNS) - bend)
        falls = propagate(jnp.exp, -MIX * (MEETS - s) - bend)
        bump = 4 * s * (1 - s)
        lacks = MARGIN * propagate(jnp.exp, -2 * propagate(jnp.tanh, n))
        present = (1 + MARGIN) * bump / (bump * (1 + lacks) + rises + falls)
        unspent = rises + math.exp(-SPENT) * propagate(jnp.exp, -bend * (LEFT / BOUND))
        remains = unspent / (unspent + s)
        stays = (1 - s) / ((1 - s) + s * falls[-1:])
        dtype = n.dtype
        array = lambda part: jnp.asarray(part[:-1], dtype)
        ends = array(opposed) + stays * array(np.where(made, before, burned) - opposed)
        state = (
            ends
            + present[:-1] * array(np.where(made, burned - before, 0.0))
            + stays * remains[:-1] * array(np.where(made, 0.0, before - burned))
        )
        state = concatenate([state, 1 - jnp.ones((1, len(before) - 2), dtype) @ state[1:]])
        return state, jnp.asarray(1 / self.flame.gas.molar_mass[None], dtype) @ state[1:]

    def _ends(self):
        flame = self.flame
        return (
            (flame.inflow_temperature, *flame.unburned),
            (flame.inflow_temperature, *flame.opposed),
            self.burned,
        )
