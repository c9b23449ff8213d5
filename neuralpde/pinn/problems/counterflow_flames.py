"""Flames between two inlets, where the fall of the pressure is an unknown of the problem."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations.combustion import CounterflowFlame, counterflow_flame, read_mechanism
from neuralpde.errors import ArgumentError
from neuralpde.pinn.conditions import AbstractCondition, Interior, Observations
from neuralpde.pinn.problem import Problem
from neuralpde.pinn.unknowns import Positive
from neuralpde.solvers import BoundaryValueSolution, solve_counterflow_flame
from neuralpde.spaces import Box, Field, FunctionSpace

from .counterflow_front import BURNS, ZOOM, CounterflowFront

POINTS = 1001
"""Of the grid on which the reference is given."""
WIDE, THIN = 4.0, 40.0
"""The distance of the inlets over the lengths on which things change, far from the flame and in it."""
GUESSES = {"pressure_drop": 1e4, "activation_energy": 1e5}
"""Of the quantities that are looked for, Pa/m^2 and J/mol."""
FRONT = (0.2, 0.4)
"""Where the flame is looked for closely, in lengths."""
DATA = 1e-2
"""Weight of observations beside laws, both in units of size one: the laws hold, and data decide what they leave open."""


def flame_counterflow(
    mechanism: str = "methane_one_step",
    fuel: str = "CH4",
    equivalence_ratio: float = 1.0,
    mass_flux: float = 1.0,
    opposed_mass_flux: float = 1.0,
    length: float = 0.02,
) -> Problem:
    """Velocities, temperature, species and the fall P of the pressure of a `CounterflowFlame` in air, against nitrogen.

    Case 3 of FlamePINN-1D (Wu, Wang, Xue & Zhang, Combust. Flame 273 (2025) 113964). What comes through the inlets is met
    exactly by the form of the function (`CounterflowFront`), which cannot be cold: the gases mixed without a flame are
    another solution. The equation holds everywhere and once more, as ``front``, on the fifth of the interval where the
    flame is. Reference: `solve_counterflow_flame`, for the defaults P = 16565.63 Pa/m^2; published, on a coarser grid,
    16640.9 Pa/m^2. Raises ``ArgumentError`` for mechanisms with intermediates.
    """
    gas = read_mechanism(mechanism)
    flame = counterflow_flame(gas, fuel, equivalence_ratio, mass_flux=mass_flux, opposed_mass_flux=opposed_mass_flux)
    mass_fraction_changes(flame)  # refuses before anything is solved
    reference = _reference(flame, solve_counterflow_flame(flame, length))
    return _stated(flame, reference, ["pressure_drop"])


def flame_counterflow_inverse(
    points: int = 18,
    noise: float = 0.01,
    seed: int = 0,
    equivalence_ratio: float = 1.0,
    length: float = 0.02,
) -> Problem:
    """P and the activation energy of the flame of `flame_counterflow`, from noisy values at a few evenly spaced points.

    The values are those of u, V, T and the mass fractions; ``noise`` is the standard deviation of their relative errors.
    E_a = 83680 J/mol is to be found from 1e5 J/mol. Case 3 of FlamePINN-1D, inverse.
    """
    flame = counterflow_flame(read_mechanism("methane_one_step"), "CH4", equivalence_ratio)
    solution = solve_counterflow_flame(flame, length)
    reference = _reference(flame, solution)
    x = np.linspace(0, length, points + 2)[1:-1]
    true, scales = _states(flame, solution, x), np.abs(np.asarray(reference.values)).max(axis=0)
    errors = 1 + noise * np.random.default_rng(seed).normal(size=true.shape)
    seen = lambda u, x: u(x) / jnp.asarray(scales)
    data = Observations(x[:, None], true * errors / scales, seen, weight=DATA)
    return _stated(flame, reference, ["pressure_drop", "activation_energy"], data)


def _stated(flame: CounterflowFlame, reference: Field, looked_for: Sequence[str], *data: AbstractCondition) -> Problem:
    domain = reference.space.domain
    length = domain.bounds.extents[0]
    inside, front = _laws(flame, length)
    unknowns = {name: Positive(GUESSES[name]) for name in looked_for}
    slope = GUESSES["pressure_drop"] * length / flame.mass_flux
    burned = tuple(flame.burned.tolist())
    ansatz = lambda u: CounterflowFront(u, flame, burned, slope)
    return Problem(domain, inside, [front, *data], reference, unknowns, names=flame.names, ansatz=ansatz)


def _laws(flame: CounterflowFlame, length: float) -> tuple[AbstractCondition, AbstractCondition]:
    """The equation everywhere, and near the flame: residuals times the length on which things change there.

    Beside the balances stand those of what reactions conserve. Small residuals of these add up to a gas that is hotter or
    cooler than it should be, and one whose enthalpy is higher by half a per cent burns 6 % faster, which moves the flame.
    """
    scales = np.concatenate([np.ones(3), mass_fraction_changes(flame)])

    def law(u, x, pressure_drop, activation_energy=None):
        given = dataclasses.replace(flame, pressure_drop=pressure_drop, activation_energy=activation_energy)
        near = 1 - jnp.tanh((x[0] / length - BURNS) / ZOOM) ** 2
        balances = given.residual(u, x)
        residuals = jnp.concatenate([balances / scales, _conserved(flame, u(x)[2], balances[2:])])
        return residuals * length / (WIDE + THIN * near) / flame.mass_flux

    close = Box.of(x=(FRONT[0] * length, FRONT[1] * length))
    return Interior(law), Interior(law, on=close, name="front")


def mass_fraction_changes(flame: CounterflowFlame) -> Float[np.ndarray, " species"]:
    """By how much mass fractions differ between the unburned, the burned and the opposed gas; 1 where they do not.

    Raises ``ArgumentError`` for intermediates, which `CounterflowFront` has no form for.
    """
    net = flame.gas.kinetics.net
    both = np.any(net > 0, axis=0) & np.any(net < 0, axis=0)
    between = [name for name, is_one in zip(flame.gas.names, both, strict=True) if is_one]
    if between:
        raise ArgumentError(
            f"flame_counterflow: {', '.join(between)} is made and used within the flame, and its functions have a form for "
            "what is used up and what is left alone; take a mechanism without intermediates, such as methane_one_step."
        )
    states = np.stack([flame.unburned, flame.burned[1:], flame.opposed])
    changes = states.max(axis=0) - states.min(axis=0)
    return np.where(changes > 0, changes, 1.0)


def _conserved(
    flame: CounterflowFlame, temperature: Float[Array, ""], balances: Float[Array, " components"]
) -> Float[Array, " conserved"]:
    """Residuals of enthalpy and elements, of which reactions make nothing, over what comes of them with the unburned gas."""
    gas = flame.gas
    atoms = gas.composition / gas.molar_mass[:, None]
    comes = np.asarray(flame.unburned) @ atoms
    enthalpy = balances[0] + gas.enthalpies(temperature) @ balances[1:] / flame.heat
    return jnp.append(balances[1:] @ atoms[:, comes > 0] / comes[comes > 0], enthalpy)


def _reference(flame: CounterflowFlame, solution: BoundaryValueSolution) -> Field:
    domain = Box.of(x=(float(solution.mesh[0]), float(solution.mesh[-1])))
    grid = domain.grid(POINTS, layout="nodes")
    values = _states(flame, solution, np.asarray(grid.coords())[:, 0])
    return Field(values, grid, FunctionSpace(domain, flame.names))


def _states(flame: CounterflowFlame, solution: BoundaryValueSolution, x: np.ndarray) -> np.ndarray:
    """u, V, T and mass fractions at points, of the solver's T, X_k, H, F_k, V and G."""
    found, species = solution(x), len(flame.gas.names)
    mass = found[:, 1 : 1 + species] * flame.gas.molar_mass
    states = np.concatenate([found[:, :1], mass / mass.sum(axis=1, keepdims=True)], axis=1)
    flux = found[:, 2 + species : 2 + 2 * species].sum(axis=1)
    velocity = flux / np.asarray(jax.vmap(flame.density)(jnp.asarray(states)))
    return np.concatenate([velocity[:, None], found[:, -2:-1], states], axis=1)
