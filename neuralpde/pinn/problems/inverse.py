"""Coefficients to be found from measurements of the solution."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations import Burgers, PointFunction
from neuralpde.equations.derivatives import gradient, laplacian, rate
from neuralpde.pinn.conditions import Boundary, Interior, Observations
from neuralpde.pinn.problem import Problem
from neuralpde.pinn.unknowns import Positive
from neuralpde.spaces import AbstractFunction, Box, ClosedForm, Dirichlet, FunctionSpace, Value, concatenate, propagate

from .statement import zero_walls

PLANE = (0, 1)
FRONT = Box.of(x=(-0.01, 0.01), t=(0.35, 1.0))
"""Where the solution of Burgers' equation tells most of its viscosity, when that is 0.01 / pi."""
AROUND = Box.of(x=(-0.05, 0.05), t=(0.25, 1.0))
"""Where it is steep."""


def burgers_inverse(
    viscosity: float = 0.01 / math.pi,
    start: float = 0.01,
    noise: float = 0.01,
    points: int = 2000,
    front: float = 0.8,
    seed: int = 0,
) -> Problem:
    """Find nu in u_t + u u_x = nu u_xx on [-1, 1] x [0, 1], u(x, 0) = -sin(pi x), u = 0 at both ends, from values of u.

    ``points`` values are known, with Gaussian errors whose standard deviation is ``noise`` times that of u; a share
    ``front`` of them at random points of `FRONT`, the others all over the strip. ``start`` is the first guess of nu, which
    is kept positive. Beginning and ends are met by the form of the function; the equation is asked for everywhere, and
    once more around the front (`AROUND`), which few points of the strip would hit.

    How well nu can be told is bounded, whatever the method (Cramér and Rao): with 1 % of noise its relative standard
    deviation is no less than 0.45 % from 2000 points all over the strip (``front=0``), and 0.046 % with four fifths of
    them in the front. Raissi, Perdikaris & Karniadakis, J. Comput. Phys. 378 (2019) 686, section 4, find it within 0.47 %
    without noise, all over the strip.
    """
    domain = Box.of(x=(-1.0, 1.0), t=(0.0, 1.0))
    exact = Burgers(viscosity).exact(domain)
    random = np.random.default_rng(seed)
    near = round(front * points)
    boxes = [FRONT] * near + [domain] * (points - near)
    x = random.uniform([box.lower for box in boxes], [box.upper for box in boxes])
    everywhere = domain.grid(64, 32).coords().reshape(-1, 2)
    u, usual = (np.asarray(jax.lax.map(exact, jnp.asarray(at, float), batch_size=256)) for at in (x, everywhere))
    u = u + noise * np.std(usual) * random.normal(size=u.shape)
    stated = zero_walls(domain, True, lambda x: -jnp.sin(jnp.pi * x[0]))
    laws = [Interior(Burgers(start), on=AROUND, name="front"), Observations(x, u)]
    return Problem(domain, Burgers(start), laws, exact, unknowns={"viscosity": Positive(start)}, **stated)


def poisson_inverse(noise: float = 0.1, points: int = 50, seed: int = 0) -> Problem:
    """Find u and a with -div(a grad u) = f on the unit square, from noisy values of u and those of a on the walls.

    u = sin(pi x) sin(pi y), observed on a grid of ``points`` by ``points`` nodes with Gaussian errors of standard
    deviation ``noise``; a = 1 / (1 + x^2 + y^2 + (x - 1)^2 + (y - 1)^2). PInv of PINNacle (Hao et al., NeurIPS 2024
    Datasets and Benchmarks). Published relative L2 error of a: 2.5e-2 (variational network), of a problem that is not
    quite this one: the source of its code has 2x + 1, 2y + 1 in the places of 2x - 1, 2y - 1, for which this a is not
    the solution.
    """
    space = FunctionSpace(Box.cube(2), ("u", "a"))
    reference = ClosedForm(lambda x: jnp.stack([_state(x), _coefficient(x)]), space)
    nodes = np.linspace(0, 1, points)
    x = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    errors = noise * np.random.default_rng(seed).normal(size=len(x))
    measured = Observations(x, np.prod(np.sin(np.pi * x), axis=1) + errors, of="u")
    walls = Boundary(Dirichlet(_coefficient), of="a")
    return Problem(space.domain, _balance, [walls, measured], reference, names=space.names)


def heat_inverse(noise: float = 0.1, points: int = 2500, seed: int = 0) -> Problem:
    """Find u and a with u_t - div(a grad u) = f on [-1, 1]^2 for t in [0, 1], from noisy values of u and those of a on the

    walls: u = exp(-t) s and a = 2 + s with s = sin(pi x) sin(pi y). u is observed at ``points`` random points with Gaussian
    errors of standard deviation ``noise``. HInv of PINNacle (Hao et al., NeurIPS 2024 Datasets and Benchmarks). Published
    relative L2 error of a: 5.3e-2 (weights of the terms tuned by hand). a does not depend on t and has its values on the
    walls by the form of the function (`SteadyCoefficient`).

    The equation also holds, nearly, for a flat u and an a without bounds: it should become strict only as u comes to
    resemble its observations (`RisingPenalty`).
    """
    domain = Box.of(x=(-1.0, 1.0), y=(-1.0, 1.0), t=(0.0, 1.0))
    reference = ClosedForm(_cooling, FunctionSpace(domain, ("u", "a")))
    random = np.random.default_rng(seed)
    x = random.uniform(domain.lower, domain.upper, (points, 3))
    values = np.exp(-x[:, 2]) * np.prod(np.sin(np.pi * x[:, :2]), axis=1)
    measured = Observations(x, values + noise * random.normal(size=points), of="u")
    return Problem(domain, _heat_balance, [measured], reference, names=("u", "a"), ansatz=SteadyCoefficient)


class SteadyCoefficient(AbstractFunction):
    """u of x, y and t, and a = 2 + (1 - x^2) (1 - y^2) n of x and y alone, from the two outputs (u, n) of a function."""

    u: AbstractFunction

    @property
    def space(self) -> FunctionSpace:
        """That of the function."""
        return self.u.space

    def __call__(self, x: Float[Array, " 3"]) -> Float[Array, " 2"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        bubble = (1 - x[:1] * x[:1]) * (1 - x[1:2] * x[1:2])
        at_first = x * jnp.asarray([1.0, 1.0, 0.0])
        return concatenate([propagate(self.u, x)[:1], 2 + bubble * propagate(self.u, at_first)[1:]])


def _cooling(x: Float[Array, " 3"]) -> Float[Array, " 2"]:
    s = _state(x[:2])
    return jnp.stack([jnp.exp(-x[2]) * s, 2 + s])


def _heat_balance(u: PointFunction, x: Float[Array, " 3"]) -> Float[Array, " 1"]:
    """u_t - div(a grad u) - f with f = exp(-t) ((4 pi^2 - 1) s + 2 pi^2 s^2 - |grad s|^2)"""
    slopes, change = gradient(u, PLANE)(x), rate(u)(x)[0]
    divergence = u(x)[1] * laplacian(u, PLANE)(x)[0] + slopes[:, 0] @ slopes[:, 1]
    s, sines, cosines = _state(x[:2]), jnp.sin(jnp.pi * x[:2]), jnp.cos(jnp.pi * x[:2])
    steepness = jnp.pi**2 * jnp.sum((cosines * sines[::-1]) ** 2)
    source = jnp.exp(-x[2]) * ((4 * jnp.pi**2 - 1) * s + 2 * jnp.pi**2 * s**2 - steepness)
    return (change - divergence - source)[None]


def _balance(u: PointFunction, x: Float[Array, " 2"]) -> Float[Array, " 1"]:
    """-div(a grad u) - f"""
    slopes = gradient(u, PLANE)(x)
    divergence = u(x)[1] * laplacian(u, PLANE)(x)[0] + slopes[:, 0] @ slopes[:, 1]
    return (-divergence - _source(x))[None]


def _state(x: Float[Array, " 2"]) -> Float[Array, ""]:
    return jnp.prod(jnp.sin(jnp.pi * x))


def _coefficient(x: Float[Array, " 2"]) -> Float[Array, ""]:
    return 1 / (1 + jnp.sum(x**2) + jnp.sum((x - 1) ** 2))


def _source(x: Float[Array, " 2"]) -> Float[Array, ""]:
    """``2 pi^2 a u + 2 pi a^2 (2 x_i - 1) cos(pi x_i) sin(pi x_j)``, summed over i != j."""
    a, sines, cosines = _coefficient(x), jnp.sin(jnp.pi * x), jnp.cos(jnp.pi * x)
    return 2 * jnp.pi**2 * a * _state(x) + 2 * jnp.pi * a**2 * jnp.sum((2 * x - 1) * cosines * sines[::-1])
