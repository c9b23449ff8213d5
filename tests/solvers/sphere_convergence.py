"""Flows on the rotating sphere: waves of Rossby and Haurwitz, errors over halved steps, for tests and tables."""

import functools

import jax
import jax.numpy as jnp

from neuralpde.equations import SphereShallowWater
from neuralpde.solvers import SpectralTransform
from neuralpde.spaces import Box, Field, FunctionSpace, SphericalHarmonics, relative_l2

SPHERE = Box.of(("lon",), lat=(-90.0, 90.0), lon=(0.0, 360.0))
STATES = FunctionSpace(SPHERE, SphereShallowWater.names)
DAY = 86400.0
OMEGA, WAVES = 7.848e-6, 4
N, DEGREE = 16, 10
"""Latitudes, half the longitudes, and the degree that a solver takes on them."""


def planet(rotation: float = 7.292e-5, diffusion_time: float = 1e30) -> SphereShallowWater:
    """Parameters as arrays, so that one program serves them all; by default there is next to no diffusion."""
    numbers = {"radius": 6.371e6, "gravity": 9.81, "depth": 1e4} | {
        "rotation": rotation,
        "diffusion_time": diffusion_time,
    }
    arrays = {name: jnp.asarray(number) for name, number in numbers.items()}
    return SphereShallowWater(**arrays, diffusion_degree=DEGREE, diffusion_power=2)


def haurwitz_vorticity(latitude, longitude):
    """Four waves in a solid rotation: Williamson et al., J. Comput. Phys. 102 (1992) 211, equation 143."""
    wave = jnp.cos(latitude) ** WAVES * jnp.cos(WAVES * longitude)
    return OMEGA * jnp.sin(latitude) * (2 - (WAVES**2 + 3 * WAVES + 2) * wave)


@functools.partial(jax.jit, static_argnums=1)
def haurwitz_wave(equation: SphereShallowWater, n: int = N) -> Field:
    """Those waves in balance, on n latitudes and 2 n longitudes."""
    gauss = SphericalHarmonics.gaussian(DEGREE)
    latitude = jnp.arcsin(gauss.sine)[:, None]
    longitude = 2 * jnp.pi * jnp.arange(gauss.longitudes) / gauss.longitudes
    vorticity = gauss.analyse(haurwitz_vorticity(latitude, longitude))
    return state(equation, jnp.stack([vorticity, 0 * vorticity, equation.balanced(vorticity, gauss)]), n)


def state(equation: SphereShallowWater, spectrum, n: int = N) -> Field:
    """The state of coefficients of vorticity, divergence and pressure."""
    on = SPHERE.grid(n, 2 * n)
    degree = spectrum.shape[-1] - 1
    return Field(equation.synthesise(spectrum, SphericalHarmonics.on_grid(on, degree)), on, STATES)


def days(equation: SphereShallowWater, first: Field, step: float = 3600.0, order: int = 4, degree: int | None = None):
    """The states on the first, second and third day."""
    return SpectralTransform(step, order, degree).solve(equation, first, [0.0, DAY, 2 * DAY]).field


@functools.cache
def waves(step: float, order: int = 4) -> Field:
    """The waves on the third day."""
    found = days(planet(), haurwitz_wave(planet()), step, order)
    return Field(found.values[-1], found.on, found.space)


STEPS = {1: 768, 2: 48, 3: 96, 4: 24}
"""Steps a day at which each order is seen."""


@functools.cache
def step_errors(order: int) -> list[float]:
    """Relative L2 errors with a number of steps a day and twice as many."""
    steps = STEPS[order]
    return [float(relative_l2(waves(DAY / parts, order), waves(DAY / 240))) for parts in (steps, 2 * steps)]


def sphere_rows() -> list[tuple[str, str, str, list[float]]]:
    """Rule, problem, expected order and errors over halved steps, for the table of orders."""
    return [
        (f"spectral transform, ETDRK{order}", "Rossby-Haurwitz wave", str(order), step_errors(order))
        for order in (1, 2, 3, 4)
    ]
