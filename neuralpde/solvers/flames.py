"""Reference solutions of laminar flames, with the flame speed as the eigenvalue."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
import numpy as np

from neuralpde.equations.combustion import FreeFlame, SimplifiedFlame

from .boundary_value import BoundaryValueSolution, solve_boundary_value


def solve_simplified_flame(
    flame: SimplifiedFlame, slope: float, length: float, elements: int = 200, degree: int = 4
) -> BoundaryValueSolution:
    """T, T' on [0, length] and s_L, with T = T_u, T' = ``slope`` at the inflow, `SimplifiedFlame.outlet` at the end.

    The slope is that of the tail of the flame, which it puts in its place. Newton's method begins from the speed of
    ``flame`` and raises ``ValueError`` where that is too far from the truth.
    """
    start, rise = flame.inflow_temperature, flame.burned_temperature - flame.inflow_temperature

    def rate(x, y, p):
        lit = dataclasses.replace(flame, flame_speed=p[0])
        carried = lit.mass_flux * lit.heat_capacity * y[1]
        return jnp.stack([y[1], (carried - lit.heating(y[0])) / lit.conductivity])

    def ends(a, b, p):
        lit = dataclasses.replace(flame, flame_speed=p[0])
        burning = lit.heating(b[0]) / (lit.mass_flux * lit.heat_capacity)
        return jnp.stack([(a[0] - start) / rise, a[1] / slope - 1, (b[1] - burning) / slope])

    # A tail grows like exp(k x); that of the guess a little more slowly, as it bends later.
    growth = 0.8 * flame.mass_flux * flame.heat_capacity / flame.conductivity

    def guess(x):
        grown = np.expm1(growth * x) * slope / growth / rise
        bend = rise / (1 + grown) ** 2
        return np.stack([start + rise * grown / (1 + grown), bend * slope * np.exp(growth * x) / rise], axis=1)

    mesh, speed = np.linspace(0, length, elements + 1), np.asarray([flame.flame_speed], float)
    return solve_boundary_value(rate, ends, mesh, guess, speed, degree=degree, adapted=2)


def solve_free_flame(
    flame: FreeFlame, warmed: float, length: float, elements: int = 100, degree: int = 4
) -> BoundaryValueSolution:
    """T, mole fractions X_k and progress xi_i of the reactions (mol/kg) on [0, length], and s_L.

    What passes a point, carried and diffused, is what came and what was made, of every species and of heat:

        m Y_k + j_k = m e_k,  e_k = Y_uk + W_k sum_i nu_ik xi_i,  m xi_i' = r_i,
        m sum_k e_k h_k(T) - lambda T' = m sum_k Y_uk h_k(T_u),

    so that the equations are of first order. At the inflow xi = 0 and T = T_u + ``warmed``, which puts the flame in its
    place: the tail before is cut off without loss. No fluxes of diffusion and conduction at the end. Newton's method
    begins from the speed of ``flame`` and raises ``ValueError`` where that is too far from the truth.
    """
    gas, pressure, start = flame.gas, flame.pressure, flame.inflow_temperature
    species = len(gas.names)
    before, after = np.asarray(flame.unburned), flame.burned
    made = gas.kinetics.net * gas.molar_mass
    rise = after[0] - start

    def state(y, p):
        lit = dataclasses.replace(flame, flame_speed=p[0])
        fractions = gas.mass_fractions(y[1 : 1 + species])
        passing = before + y[1 + species :] @ made
        heat = lit.mass_flux * (passing @ gas.enthalpies(y[0]) - before @ gas.enthalpies(start))
        return lit, fractions, lit.mass_flux * (passing - fractions), heat

    def rate(x, y, p):
        lit, fractions, diffused, heat = state(y, p)
        slope = heat / gas.conductivity(y[0], fractions)
        concentrations = gas.density(y[0], pressure, fractions) * fractions / gas.molar_mass
        reacted = gas.kinetics.rates(y[0], concentrations, flame.activation_energy) / lit.mass_flux
        return jnp.concatenate([slope[None], gas.slopes(y[0], pressure, fractions, diffused), reacted])

    def ends(a, b, p):
        lit, _, diffused, heat = state(b, p)
        begins = [(a[:1] - start - warmed) / rise, a[1 + species :], jnp.sum(a[1 : 1 + species])[None] - 1]
        stops = [heat[None] / (lit.mass_flux * flame.heat), diffused[1:] / lit.mass_flux]
        return jnp.concatenate([*begins, *stops])

    growth = flame.tail
    consumed = np.linalg.lstsq(made.T, after[1:] - before, rcond=None)[0]

    def guess(x):
        done = (lambda z: z / (1 + z))(warmed / rise * np.exp(growth * x))[:, None]
        moles = (before + 0.98 * done * (after[1:] - before)) / gas.molar_mass
        return np.concatenate([start + rise * done, moles / moles.sum(1, keepdims=True), done**2 * consumed], axis=1)

    mesh, speed = np.linspace(0, length, elements + 1), np.asarray([flame.flame_speed], float)
    return solve_boundary_value(rate, ends, mesh, guess, speed, degree=degree, adapted=2)
