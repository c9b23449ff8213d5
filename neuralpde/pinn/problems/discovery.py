"""Equations with a term that is hidden: to be learned from few noisy samples of a solution, and read as a formula."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations import Burgers, LotkaVolterra, PointFunction
from neuralpde.equations.derivatives import partial, rate
from neuralpde.pinn.conditions import Observations
from neuralpde.pinn.hidden import hidden_network
from neuralpde.pinn.problem import Problem
from neuralpde.solvers import solve_ode
from neuralpde.spaces import Box, Field, FunctionSpace

from .statement import zero_walls

FINE = 10
"""Points of the reference for each observed one."""


def hidden_burgers(
    viscosity: float = 0.1, samples: int = 300, noise: float = 0.0, seed: int = 0, width: int = 8, depth: int = 2
) -> Problem:
    """u_t + H(u, u_x, u_xx) = nu u_xx on [-1, 1] x [0, 1], u = 0 at both ends: find H, which is u u_x, and u.

    ``samples`` values of u at random points of the strip are known, with Gaussian errors whose standard deviation is
    ``noise`` times that of u; the beginning, -sin(pi x), is not told. H is a network of ``depth`` layers of ``width``.
    After Podina, Eastman & Kohandel, arXiv 2212.04630.
    """
    domain = Box.of(x=(-1.0, 1.0), t=(0.0, 1.0))
    exact = Burgers(viscosity).exact(domain)
    random = np.random.default_rng(seed)
    x = random.uniform(domain.lower, domain.upper, (samples, 2))
    u = np.asarray(jax.lax.map(exact, jnp.asarray(x), batch_size=256))
    u = u + noise * np.std(u) * random.normal(size=u.shape)

    def law(u: PointFunction, x: Float[Array, " 2"], hidden) -> Float[Array, " 1"]:
        return rate(u)(x) + hidden(u, x) - viscosity * partial(u, 0, 2)(x)

    def state(u: PointFunction, x: Float[Array, " 2"]) -> Float[Array, " 3"]:
        return jnp.concatenate([u(x), partial(u, 0)(x), partial(u, 0, 2)(x)])

    ranges = Box.of(u=(-1.0, 1.0), u_x=(-5.0, 5.0), u_xx=(-20.0, 20.0))
    hidden = hidden_network(state, ranges, "hidden", width=width, depth=depth, key=jax.random.key(seed))
    walls = zero_walls(domain, hard=True)
    return Problem(domain, law, [Observations(x, u)], reference=exact, unknowns={"hidden": hidden}, **walls)


def hidden_lotka_volterra(
    samples: int = 80, noise: float = 0.0, seed: int = 0, end: float = 6.0, width: int = 8, depth: int = 2
) -> Problem:
    """x' = 1.5 x + H_1(x, y), y' = -3 y + H_2(x, y) from (1, 1): find the interaction H, which is (-x y, x y).

    Hunters y and prey x are observed at ``samples`` times between 0 and ``end``, equally far apart, with Gaussian errors
    whose standard deviation is ``noise`` times that of each. H is a network of ``depth`` layers of ``width``. After
    Podina, Eastman & Kohandel, arXiv 2212.04630.
    """
    domain, equation = Box.of(t=(0.0, end)), LotkaVolterra()
    space = FunctionSpace(domain, equation.names)
    with jax.enable_x64(True):
        grid = domain.grid(FINE * (samples - 1) + 1, layout="nodes")
        times = np.linspace(0.0, end, FINE * (samples - 1) + 1)
        states = np.asarray(
            jax.jit(lambda y: solve_ode(equation, y, times.tolist(), rtol=1e-10))(equation.initial_state())
        )
    random = np.random.default_rng(seed)
    seen = states[::FINE] + noise * np.std(states, axis=0) * random.normal(size=states[::FINE].shape)

    def law(u: PointFunction, t: Float[Array, " 1"], hidden) -> Float[Array, " 2"]:
        growth = jnp.asarray([equation.alpha, -equation.delta]) * u(t)
        return rate(u)(t) - growth - hidden(u, t)

    ranges = Box.of(prey=(0.0, 8.0), hunters=(0.0, 5.0))
    names = tuple(f"hidden_{name}" for name in equation.names)
    hidden = hidden_network(lambda u, t: u(t), ranges, names, width=width, depth=depth, key=jax.random.key(seed))
    observed = Observations(times[::FINE, None], seen)
    reference = Field(jnp.asarray(states, float), grid, space)
    return Problem(domain, law, [observed], reference, unknowns={"hidden": hidden}, names=equation.names)
