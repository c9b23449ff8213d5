"""Errors of the solvers of ordinary and stochastic equations, for their tests and for the table of orders."""

import functools

import diffrax
import jax
import jax.numpy as jnp

from neuralpde.equations import GeometricBrownianMotion, LotkaVolterra
from neuralpde.solvers import brownian_path, solve_ode, solve_sde


@functools.cache
def strong_errors(solver):
    """Mean distance to the exact solution on the same paths, for steps 1/16 and 1/64."""
    equation = GeometricBrownianMotion(0.5, 0.8)
    y = equation.initial_state()

    def error(key, step):
        path = brownian_path(key, 1, [0.0, 1.0], 1 / 256)
        found = solve_sde(equation, y, [0.0, 1.0], path, step=step, solver=solver)[-1]
        return jnp.abs(found - equation.path(1.0, path.evaluate(0.0, 1.0), y))[0]

    keys = jax.random.split(jax.random.key(2), 500)
    return [float(jax.jit(jax.vmap(lambda key: error(key, step)))(keys).mean()) for step in (1 / 16, 1 / 64)]  # noqa: B023


def tolerance_errors() -> list[float]:
    """Of `solve_ode` on predators and prey at relative tolerances 1e-4, 1e-6 and 1e-8."""
    equation = LotkaVolterra()
    y = jnp.array([2.0, 1.0])
    end = lambda tolerance: solve_ode(equation, y, [0.0, 5.0], rtol=tolerance, atol=1e-2 * tolerance)[-1]
    exact = end(1e-13)
    return [float(jnp.linalg.norm(end(t) - exact) / jnp.linalg.norm(exact)) for t in (1e-4, 1e-6, 1e-8)]


def particle_rows():
    """Rule, problem, expected order, errors, and the ratio of their steps or tolerances, for the table of orders."""
    return [
        ("Tsit5, relative tolerance", "predators and prey", "1", tolerance_errors(), 100.0),
        ("Euler-Maruyama, strong", "geometric Brownian motion", "0.5", strong_errors(diffrax.Euler()), 4.0),
        ("Milstein, strong", "geometric Brownian motion", "1", strong_errors(diffrax.ItoMilstein()), 4.0),
    ]
