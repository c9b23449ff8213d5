"""Fields in time against closed forms: errors over halved steps, for tests and tables."""

import functools
import math

import diffrax
import jax
import jax.numpy as jnp

from neuralpde.dynamics import FieldODE, QWiener, exponential_euler, implicit_explicit, rms
from neuralpde.equations import Burgers
from neuralpde.operators import AbstractOperator
from neuralpde.solvers import ETDRK
from neuralpde.spaces import Box, Field, FunctionSpace, White, relative_l2

NU, END = 0.05, 0.5
RING = Box.cube(1, periodic=True)
SPACE = FunctionSpace(RING)
GRID = RING.grid(16)
KENCARP = diffrax.KenCarp3(root_finder=diffrax.VeryChord(rtol=1e-9, atol=1e-11, norm=rms))


class Laplacian(AbstractOperator):
    """``nu Laplace(u)`` by series."""

    source: FunctionSpace = SPACE
    target: FunctionSpace = SPACE

    def __call__(self, u, at=None, key=None):
        return NU * u.laplacian()


def wave(t: float) -> Field:
    """A solution of the heat equation."""
    decay = lambda m: jnp.exp(-NU * (2 * jnp.pi * m) ** 2 * t)
    x = GRID.coords()
    return Field(decay(1) * jnp.sin(2 * jnp.pi * x) + 0.5 * decay(2) * jnp.cos(4 * jnp.pi * x), GRID, SPACE)


def heat_error(solver: diffrax.AbstractSolver, steps: int) -> float:
    """Of the heat equation as a `FieldODE`, the error in time alone: space is exact."""

    @jax.jit
    def error():
        term, h = diffrax.ODETerm(FieldODE(Laplacian())), END / steps
        found = diffrax.diffeqsolve(term, solver, 0.0, END, h, wave(0.0)).ys
        return relative_l2(jax.tree.map(lambda leaf: leaf[0], found), wave(END))

    return float(error())


def imex_error(solver: diffrax.AbstractSolver, steps: int) -> float:
    """Of Burgers' equation, split, against the exponential method with short steps on the same grid."""
    equation = Burgers(NU)

    @jax.jit
    def error():
        found = diffrax.diffeqsolve(implicit_explicit(equation), solver, 0.0, END, END / steps, wave(0.0)).ys
        fine = ETDRK(END / 256, dealias=1.0).solve(equation, wave(0.0), (0.0, END)).field
        return jnp.linalg.norm(found.values[0] - fine.values[-1]) / jnp.linalg.norm(fine.values[-1])

    return float(error())


@functools.cache
def strong_errors(parts: tuple[int, ...] = (8, 16), finest: int = 512, paths: int = 8) -> list[float]:
    """Root mean square over paths of the error of `exponential_euler` for stochastic Burgers, additive noise, against
    short steps along the same paths.
    """
    equation, noise = Burgers(NU), QWiener(SPACE, White(0.3), modes=9)

    def end(increments, steps: int):
        advance = exponential_euler(equation, noise, wave(0.0), END / steps)
        joined = increments.reshape(steps, -1, *noise.shape).sum(1)
        fourier = equation.transform(wave(0.0))
        spectrum, _ = jax.lax.scan(lambda s, dw: (advance(s, dw), None), fourier.analyse(wave(0.0)), joined)
        return fourier.synthesise(spectrum, SPACE).values

    @jax.jit
    def errors():
        increments = math.sqrt(END / finest) * jax.random.normal(jax.random.key(0), (paths, finest, *noise.shape))
        ends = [jax.vmap(lambda dw, n=n: end(dw, n))(increments) for n in (*parts, finest)]
        return [jnp.sqrt(jnp.mean((e - ends[-1]) ** 2)) for e in ends[:-1]]

    return [float(e) for e in errors()]


@functools.cache
def field_rows() -> list[tuple[str, str, str, list[float]]]:
    """Rule, problem, expected order and errors over halved steps, for the table of orders."""
    rows = [
        (f"FieldODE, {type(solver).__name__}", "heat", str(order), [heat_error(solver, n) for n in (16, 32)])
        for solver, order in ((diffrax.Heun(), 2), (diffrax.Bosh3(), 3))
    ]
    rows.append(("KenCarp3, implicit-explicit", "Burgers", "3", [imex_error(KENCARP, n) for n in (8, 16)]))
    rows.append(("exponential Euler, strong", "stochastic Burgers", "1", strong_errors()))
    return rows
