"""Problems with exact solutions for the finite volume solver: errors over doubled grids, for tests and tables."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from neuralpde.equations import (
    AbstractConservationLaw,
    CompressibleNavierStokes,
    DamBreak,
    EntropyWave,
    Euler,
    GasRiemann,
    IsentropicVortex,
    ShallowWater,
    SimpleWave,
    snapshot,
)
from neuralpde.solvers import FiniteVolume
from neuralpde.spaces import AbstractFunction, Box, ClosedForm, FunctionSpace

# The programs of the tests run for a moment and take long to compile: less optimisation halves that.
compiled = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


class Evolution(NamedTuple):
    """An exact solution up to a time, and the grids on which its order is measured."""

    law: AbstractConservationLaw
    solution: AbstractFunction
    time: float
    sizes: tuple[tuple[int, ...], ...]
    component: int = 0
    solver: FiniteVolume = FiniteVolume()

    @functools.cache  # noqa: B019 the problems live as long as the module
    def errors(self) -> list[float]:
        """Relative L1 error of one component at the end, on each grid."""
        return [self.error(self.solver, shape) for shape in self.sizes]

    def error(self, solver: FiniteVolume, shape: tuple[int, ...]) -> float:
        return float(compiled(lambda: self._error(solver, shape))())

    def _error(self, solver, shape):
        space = spatial(self.solution.space)
        on = space.domain.grid(*shape, layout="cells")
        found = solver.solve(self.law, snapshot(self.solution, on, 0.0, space), (0.0, self.time)).field.values[-1]
        exact = snapshot(self.solution, on, self.time, space).values
        difference = jnp.abs(found - exact)[..., self.component]
        return jnp.sum(difference) / jnp.sum(jnp.abs(exact[..., self.component]))


def spatial(space: FunctionSpace) -> FunctionSpace:
    """The states of functions of space and time: their last axis left out."""
    return FunctionSpace(Box(space.domain.axes[:-1]), space.names)


def cylinder(law: AbstractConservationLaw, periodic: bool, **intervals: tuple[float, float]) -> FunctionSpace:
    """Functions of space and time with the components of a law."""
    names = tuple(intervals)
    return FunctionSpace(Box.of(names if periodic else (), **intervals) * Box.of(t=(0.0, 10.0)), law.names)


GAS, PLANE_GAS, WATER = Euler(1.4, 1), Euler(1.4, 2), ShallowWater(9.81, 1)
VISCOUS = CompressibleNavierStokes(1.4, 0.05, 0.02, 0.0, 2)
TUBE = cylinder(GAS, False, x=(0.0, 1.0))


def _shear_layer(x):
    """v_y = a exp(-nu k^2 t) sin(k x): the heat kernel; a so small that its heat does not matter."""
    density, k, size = 2.0, 2 * jnp.pi, 1e-4
    v = size * jnp.exp(-0.05 / density * k**2 * x[-1]) * jnp.sin(k * x[0])
    return VISCOUS.conserved(jnp.stack([jnp.asarray(density), jnp.asarray(0.0), v, jnp.asarray(1.0)]))


def _line(*sizes: int) -> tuple[tuple[int, ...], ...]:
    return tuple((n,) for n in sizes)


SMOOTH: dict[str, Evolution] = {
    "entropy wave, 1-D": Evolution(
        GAS, EntropyWave(cylinder(GAS, True, x=(0.0, 1.0)), (1.0,), (1,)), 0.5, _line(64, 128)
    ),
    "simple wave, 1-D": Evolution(GAS, SimpleWave(cylinder(GAS, True, x=(0.0, 1.0))), 0.5, _line(64, 128)),
    "entropy wave, 2-D": Evolution(
        PLANE_GAS,
        EntropyWave(cylinder(PLANE_GAS, True, x=(0.0, 1.0), y=(0.0, 2.0)), (1.0, -0.5), (1, 2)),
        0.25,
        ((32, 64), (64, 128)),
    ),
    "isentropic vortex": Evolution(
        PLANE_GAS,
        IsentropicVortex(cylinder(PLANE_GAS, True, x=(-5.0, 5.0), y=(-5.0, 5.0))),
        1.0,
        ((40, 40), (80, 80)),
    ),
    "viscous shear layer": Evolution(
        VISCOUS,
        ClosedForm(_shear_layer, cylinder(VISCOUS, True, x=(0.0, 1.0), y=(0.0, 0.25))),
        0.2,
        ((16, 4), (32, 4)),
        component=2,
    ),
}

# Toro 2009, tables 4.1 and 4.2: states and times.
TORO = {
    "Sod": ((1.0, 0.0, 1.0), (0.125, 0.0, 0.1), 0.25, 0.5),
    "123, near vacuum": ((1.0, -2.0, 0.4), (1.0, 2.0, 0.4), 0.15, 0.5),
    "strong shock": ((1.0, 0.0, 1000.0), (1.0, 0.0, 0.01), 0.012, 0.5),
    "collision": ((5.99924, 19.5975, 460.894), (5.99242, -6.19633, 46.0950), 0.035, 0.4),
}

SHOCKS: dict[str, Evolution] = {
    name: Evolution(GAS, GasRiemann(TUBE, left, right, 1.4, position), time, _line(100, 200))
    for name, (left, right, time, position) in TORO.items()
} | {
    "dam break": Evolution(
        WATER,
        DamBreak(cylinder(WATER, False, x=(-5.0, 5.0)), (2.0, 0.0), (0.5, 0.0), 9.81),
        0.7,
        _line(100, 200),
    ),
}


def consistency_errors(law: AbstractConservationLaw, profile: Callable, sizes: tuple[int, ...]) -> list[float]:
    """Largest error of the semi-discrete tendency on a periodic cube, against the law differentiated exactly."""
    box = Box.cube(law.dim, periodic=True)
    solution = ClosedForm(profile, FunctionSpace(box * Box.of(t=(0.0, 1.0)), law.names))
    finest = box.grid(sizes[-1])
    residual = compiled(jax.vmap(lambda x: law.residual(solution, jnp.append(x, 0.0))))
    exact = -residual(finest.coords().reshape(-1, law.dim)).reshape(*finest.shape, -1)

    def error(n):
        state = snapshot(solution, box.grid(n), 0.0)
        euler = FiniteVolume(limiter="central", order=1).step(law, state, 1.0)
        # The points of a coarse periodic grid are points of the finest one.
        every = (slice(None, None, sizes[-1] // n),) * law.dim
        return jnp.max(jnp.abs(euler.values - state.values - exact[every])) / jnp.max(jnp.abs(exact))

    return [float(compiled(error, static_argnums=0)(n)) for n in sizes]


def gas_profile(law):
    """A smooth periodic gas flow with no symmetry, constant in time."""

    def profile(x):
        phases = [2 * jnp.pi * jnp.sum(x[:-1]) + 0.7 * i for i in range(law.dim + 2)]
        waves = jnp.sin(jnp.stack(phases)) * jnp.cos(2 * jnp.pi * x[0] + jnp.arange(law.dim + 2.0))
        return law.conserved(jnp.asarray([1.0, *[0.3] * law.dim, 1.0]) + 0.2 * waves)

    return profile


def water_profile(law):
    """A smooth periodic flow of water with no symmetry, constant in time."""

    def profile(x):
        waves = jnp.sin(2 * jnp.pi * jnp.sum(x[:-1]) + jnp.arange(law.dim + 1.0)) * jnp.cos(2 * jnp.pi * x[0])
        return law.conserved(jnp.asarray([1.0, *[0.3] * law.dim]) + 0.2 * waves)

    return profile


SEMI_DISCRETE = {
    "Euler, 1-D": (Euler(1.4, 1), gas_profile, (32, 64)),
    "Navier-Stokes, 1-D": (CompressibleNavierStokes(1.4, 0.1, 0.05, 0.2, 1), gas_profile, (32, 64)),
    "Navier-Stokes, 2-D": (CompressibleNavierStokes(5 / 3, 0.1, 0.05, 0.2, 2), gas_profile, (32, 64)),
    "Navier-Stokes, 3-D": (CompressibleNavierStokes(5 / 3, 0.1, 0.05, 0.2, 3), gas_profile, (16, 32)),
    "shallow water, 1-D": (ShallowWater(9.81, 1), water_profile, (32, 64)),
    "shallow water, 2-D": (ShallowWater(9.81, 2), water_profile, (32, 64)),
}


@functools.cache
def semi_discrete_errors(name: str) -> list[float]:
    law, profile, sizes = SEMI_DISCRETE[name]
    return consistency_errors(law, profile(law), sizes)


# What these show the others show too, in other dimensions or states: for thorough runs.
SLOW = (
    *("Euler, 1-D", "Navier-Stokes, 1-D", "Navier-Stokes, 3-D", "shallow water, 1-D"),
    *("entropy wave, 2-D", "simple wave, 1-D", "viscous shear layer"),
    *("Sod", "strong shock", "collision"),
)


def conservation_rows(slow: bool = False) -> list[tuple[str, str, str, list[float]]]:
    """Rule, problem, expected order and errors over doubled grids, for the table of orders."""
    tables = (
        ("MUSCL, semi-discrete", "2", {name: lambda name=name: semi_discrete_errors(name) for name in SEMI_DISCRETE}),
        ("MUSCL-HLLC, L1", "2", {name: problem.errors for name, problem in SMOOTH.items()}),
        ("MUSCL-HLLC, L1", "1", {name: problem.errors for name, problem in SHOCKS.items()}),
    )
    return [
        (rule, name, expected, errors())
        for rule, expected, problems in tables
        for name, errors in problems.items()
        if slow or name not in SLOW
    ]
