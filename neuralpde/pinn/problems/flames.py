"""Laminar flames in one dimension, whose speed is an unknown of the problem."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from neuralpde.equations.combustion import FreeFlame, SimplifiedFlame, premixed_flame, read_mechanism
from neuralpde.equations.combustion.thermodynamics import Scalar
from neuralpde.errors import ArgumentError
from neuralpde.pinn.conditions import AbstractCondition, Boundary, Interior, Observations
from neuralpde.pinn.problem import Problem
from neuralpde.pinn.unknowns import Positive
from neuralpde.solvers import BoundaryValueSolution, solve_free_flame, solve_simplified_flame
from neuralpde.spaces import AbstractFunction, Box, Field, FunctionSpace

from .flame_front import Burning, Ignited

POINTS = 1001
"""Of the grids on which references are given."""
THIN = 10
"""Flames are about that much thinner than the interval: residuals are of size one in units of such a layer."""
SLOPE = 1e5
"""K/m at the inflow of the simplified flame."""
WARMED = 50.0
"""K at the inflow of the flame with all species: nothing reacts yet, and the tail before is cut off without loss."""
GUESSES = {"flame_speed": 0.4, "activation_energy": 1.5e5, "conductivity": 0.04}
"""Of the quantities that an inverse problem may look for."""
DATA = 1e-2
"""Weight of observations beside laws, both in units of size one: the laws hold, and data decide what they leave open."""


def flame_simplified(
    equivalence_ratio: float = 0.42,
    inflow_temperature: float = 298.0,
    pressure: float = 101325.0,
    length: float = 1.5e-3,
) -> Problem:
    """The temperature and the speed of a `SimplifiedFlame` on [0, length]: T = T_u and T' = 1e5 K/m at the inflow.

    Case 1 of FlamePINN-1D (Wu, Wang, Xue & Zhang, Combust. Flame 273 (2025) 113964). The slope puts the flame in its place;
    both are met exactly by the form of the function (`Ignited`). Without the balance of burned gas at the outlet, there
    would be solutions at any smaller speed, which do not burn or go out on their way. Reference: `solve_simplified_flame`,
    for the defaults s_L = 0.2927861 m/s, within 1e-10; published, by Euler's method, 0.2929314 m/s.
    """
    flame = _simplified(equivalence_ratio=equivalence_ratio, inflow_temperature=inflow_temperature, pressure=pressure)
    reference = _temperature(solve_simplified_flame(flame, SLOPE, length))
    laws = _simplified_laws(flame, length)
    unknowns = {"flame_speed": Positive(GUESSES["flame_speed"])}
    return Problem(reference.space.domain, *laws, reference, unknowns, ansatz=lambda u: _ignited(u, flame))


def flame_simplified_inverse(
    points: int = 10,
    noise: float = 0.01,
    seed: int = 0,
    unknown: tuple[str, ...] = ("flame_speed", "activation_energy"),
    velocity: bool = False,
    equivalence_ratio: float = 0.42,
    length: float = 1.5e-3,
) -> Problem:
    """Quantities of a `SimplifiedFlame` from noisy values of its temperature at a few evenly spaced points.

    The flame of `flame_simplified`, of which E_a = 1.214172e5 J/mol and lambda = 0.026 W/(m K) are to be found where
    ``unknown`` names them, and always the flame speed. ``noise`` is the standard deviation of relative errors. With
    ``velocity`` as many values of the velocity are known too. Ten temperatures with errors of 1 % tell E_a within 0.1 %
    where lambda is known, and within 5 % where it is not (bound of Cramér and Rao).

    Raises ``ValueError`` for other unknowns.
    """
    if "flame_speed" not in unknown or not set(unknown) <= GUESSES.keys():
        raise ArgumentError(f"unknown holds flame_speed, and may hold others of {', '.join(GUESSES)}; got {unknown}.")
    flame = _simplified(equivalence_ratio=equivalence_ratio)
    solution = solve_simplified_flame(flame, SLOPE, length)
    inside, conditions = _simplified_laws(flame, length)
    x = np.linspace(0, length, points + 2)[1:-1]
    errors = 1 + noise * np.random.default_rng(seed).normal(size=(2, points))
    true = solution(x)[:, 0]
    weight = DATA / flame.burned_temperature**2
    data = [Observations(x[:, None], true * errors[0], weight=weight, name="temperature")]
    if velocity:
        speeds = np.asarray(jax.vmap(_lit(flame, float(solution.parameters[0])).velocity)(jnp.asarray(true)))
        seen = lambda u, x, flame_speed: _lit(flame, flame_speed).velocity(u(x)[0])[None]
        weight = DATA / float(speeds[-1]) ** 2
        data.append(Observations(x[:, None], speeds * errors[1], seen, weight=weight, name="velocity"))
    reference, unknowns = _temperature(solution), {name: Positive(GUESSES[name]) for name in unknown}
    domain, conditions = reference.space.domain, [*conditions, *data]
    return Problem(domain, inside, conditions, reference, unknowns, ansatz=lambda u: _ignited(u, flame))


def flame_free(
    mechanism: str = "methane_one_step",
    fuel: str = "CH4",
    equivalence_ratio: float = 1.0,
    inflow_temperature: float = 300.0,
    pressure: float = 101325.0,
    length: float = 2e-3,
) -> Problem:
    """Temperature, species and speed of a `FreeFlame` in air on [0, length], 50 K warmer at its beginning than what comes.

    Case 2 of FlamePINN-1D (Wu, Wang, Xue & Zhang, Combust. Flame 273 (2025) 113964). The temperature at the beginning puts
    the flame in its place, and nothing is lost there; nothing diffuses at the end. mechanism: see `read_mechanism`.
    Reference: `solve_free_flame`, for the defaults s_L = 0.38137 m/s; published, with other fits of the transport
    properties, 0.38120 m/s.
    """
    gas = read_mechanism(mechanism)
    others = {"inflow_temperature": inflow_temperature, "pressure": pressure}
    flame = premixed_flame(gas, fuel, equivalence_ratio, flame_speed=GUESSES["flame_speed"], **others)
    solution = solve_free_flame(flame, WARMED, length)
    domain, grid = _grid(solution)
    found = solution(np.asarray(grid.coords())[:, 0])[:, : 1 + len(gas.names)]
    mass = found[:, 1:] * gas.molar_mass
    values = np.concatenate([found[:, :1], mass / mass.sum(axis=1, keepdims=True)], axis=1)
    reference = Field(values, grid, FunctionSpace(domain, flame.names))
    flux = float(flame.mass_flux)
    outlet = lambda u, x, n, flame_speed: dataclasses.replace(flame, flame_speed=flame_speed).outlet(u, x)
    inflow = lambda u, x, n, flame_speed: dataclasses.replace(flame, flame_speed=flame_speed).inflow(u, x)
    conditions = [
        Boundary(inflow, ("x", "lower"), name="inflow"),
        Boundary(outlet, ("x", "upper"), name="outlet"),
    ]
    unknowns = {"flame_speed": Positive(GUESSES["flame_speed"])}
    inside = Interior(flame, weight=(length / THIN / flux) ** 2)
    return Problem(domain, inside, conditions, reference, unknowns, ansatz=lambda u: _burning(u, flame))


def _simplified(**given: float) -> SimplifiedFlame:
    return SimplifiedFlame(flame_speed=GUESSES["flame_speed"], **given)


def _lit(flame: SimplifiedFlame, flame_speed: Scalar, **others: Scalar) -> SimplifiedFlame:
    return dataclasses.replace(flame, flame_speed=flame_speed, **others)


def _simplified_laws(flame: SimplifiedFlame, length: float) -> tuple[AbstractCondition, list[AbstractCondition]]:
    """The equation, and the balance at the outlet."""
    rise = flame.burned_temperature - flame.inflow_temperature
    weight = (length / THIN / (flame.mass_flux * flame.heat_capacity * rise)) ** 2

    def outlet(u, x, n, flame_speed, activation_energy=flame.activation_energy):
        return _lit(flame, flame_speed, activation_energy=activation_energy).outlet(u, x)

    return Interior(flame, weight=weight), [Boundary(outlet, ("x", "upper"), weight=weight, name="outlet")]


def _ignited(u: AbstractFunction, flame: SimplifiedFlame) -> AbstractFunction:
    start, stop = flame.inflow_temperature, flame.burned_temperature
    length = u.space.domain.bounds.extents[0]
    tail = flame.mass_flux * flame.heat_capacity / flame.conductivity
    return Ignited(u, start, stop, SLOPE * length / (stop - start), 0.5 * tail * length)


def _burning(u: AbstractFunction, flame: FreeFlame) -> AbstractFunction:
    before = (flame.inflow_temperature, *flame.unburned)
    after = tuple(flame.burned.tolist())
    length = u.space.domain.bounds.extents[0]
    return Burning(u, before, after, WARMED / (after[0] - before[0] - WARMED), flame.tail * length)


def _temperature(solution: BoundaryValueSolution) -> Field:
    domain, grid = _grid(solution)
    return Field(solution(np.asarray(grid.coords())[:, 0])[:, :1], grid, FunctionSpace(domain, ("T",)))


def _grid(solution: BoundaryValueSolution):
    domain = Box.of(x=(float(solution.mesh[0]), float(solution.mesh[-1])))
    return domain, domain.grid(POINTS, layout="nodes")
