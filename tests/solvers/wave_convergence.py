"""Problems of the Helmholtz solver with known solutions: the errors over grids of doubled resolution, for tests and tables."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from neuralpde.equations import Helmholtz, Strip
from neuralpde.solvers import HelmholtzSolution, solve_helmholtz
from neuralpde.spaces import Box, ClosedForm, FunctionSpace, Neumann

SQUARE = Box.cube(2)
CLOSED = FunctionSpace(SQUARE, ("u",), Neumann(0.0))
FREQUENCY = 9.0
STRIP = Strip(0.31, 0.74)  # which ends between nodes


def standing(x):
    """A function without flux through the walls."""
    return jnp.exp(jnp.cos(jnp.pi * x[:1])) * jnp.cos(2 * jnp.pi * x[1:])


def even(x):
    """A speed without slope at the walls."""
    return 1 + 0.2 * jnp.cos(jnp.pi * x[:1]) * jnp.sin(jnp.cos(jnp.pi * x[1:]))


def uniform(x):
    return jnp.ones_like(x[:1])


def sloping(x):
    """A speed with a slope at every wall."""
    return 1 + 0.2 * (x[:1] + 0.3) * (1 + x[1:])


@functools.cache
def manufactured_error(n: int) -> float:
    """Relative error for the source that makes `standing` the solution in the medium `even`."""

    def error():
        medium = ClosedForm(even, CLOSED.free(("c",)))
        source = ClosedForm(lambda x: Helmholtz(FREQUENCY, medium).residual(standing, x), CLOSED.free(("f",)))
        on = SQUARE.grid(n, layout="nodes")
        found = solve_helmholtz(Helmholtz(FREQUENCY, medium, source), CLOSED, on)
        exact = ClosedForm(standing, CLOSED).sample(on)
        return (found.field - exact).norm() / exact.norm()

    return float(jax.jit(error)())


def beamed(n: int, k: float, strip: Strip, terms: int = 20_000) -> np.ndarray:
    """The wave that a strip of the upper side excites in a medium of constant speed, at n nodes an axis.

    ``sum_m g_m cos(m pi x) cosh(mu y) / (mu sinh(mu))``, mu^2 = (m pi)^2 - k^2, of either sign.
    """
    x = np.linspace(0, 1, n)
    m = np.pi * np.arange(1, terms)
    g = np.concatenate([[strip.upper - strip.lower], 2 * (np.sin(m * strip.upper) - np.sin(m * strip.lower)) / m])
    m = np.concatenate([[0.0], m])
    mu = np.sqrt(m**2 - k**2 + 0j)[:, None]
    profile = (np.exp(mu * (x - 1)) + np.exp(-mu * (x + 1))) / (mu * (1 - np.exp(-2 * mu)))
    return np.cos(np.outer(x, m)) @ (g[:, None] * profile.real)


def solved(
    speed: Callable, n: int, frequency: float = FREQUENCY, space: FunctionSpace = Helmholtz().space(STRIP)
) -> HelmholtzSolution:
    """The wave that a strip excites, at n nodes an axis; one compiled program for all media and frequencies."""
    on = SQUARE.grid(n, layout="nodes")
    medium = ClosedForm(speed, CLOSED.free(("c",))).sample(on)
    return solve_helmholtz(Helmholtz(jnp.asarray(frequency), medium), space, on)


def beam_error(n: int) -> float:
    """Relative error for a strip that excites a medium of constant speed."""
    return _distance(_values(uniform, n), beamed(n, FREQUENCY, STRIP))


def sloping_error(n: int, finest: int) -> float:
    """Relative distance to the solution on a much finer grid, in the medium `sloping`."""
    stride = (finest - 1) // (n - 1)
    return _distance(_values(sloping, n), _values(sloping, finest)[::stride, ::stride])


@functools.cache
def _values(speed: Callable, n: int) -> np.ndarray:
    return np.asarray(solved(speed, n).field.values[..., 0])


def _distance(found: np.ndarray, exact: np.ndarray) -> float:
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


def wave_rows() -> list[tuple[str, str, str, list[float]]]:
    """Rule, problem, expected order and errors over doubled grids, for the table of orders."""
    sizes = (17, 33, 65)
    return [
        ("Helmholtz, cosines", "medium with slopes at the walls", "2", [sloping_error(n, 257) for n in sizes]),
        ("Helmholtz, cosines", "jumping data, constant speed", "5", [beam_error(n) for n in sizes]),
    ]
