"""Flows and evolution problems known in closed form: errors over sequences of grids and steps, for tests and tables."""

import functools
import math

import jax
import jax.numpy as jnp

from neuralpde.equations import BuoyantSmoke, DiffusionSorption, FitzHughNagumo, NavierStokes, ReactionDiffusion
from neuralpde.solvers import MethodOfLines, ProjectionMethod, SemiLagrangian
from neuralpde.spaces import Box, ClosedForm, Field, FunctionSpace, relative_l2

Row = tuple[str, str, str, list[float]]

PLANE = Box.of(x=(0.0, 7.0), y=(0.0, 7.0), t=(0.0, 1.0))
END = 0.5


def in_time(formula, *names):
    """A function of space and time."""
    return ClosedForm(formula, FunctionSpace(PLANE, names))


def at_time(exact, names, on, t: float) -> Field:
    """The state of a function of space and time, with a pressure of mean zero."""
    state = ClosedForm(lambda x: exact(jnp.append(x, t)), FunctionSpace(on.domain, names)).sample(on)
    return state.with_values(state.values.at[..., 2].add(-state.values[..., 2].mean()))


def vortices_between_walls():
    """The vortex of Taylor and Green in a square whose walls slide along with it, slower and slower."""
    exact = NavierStokes(0.1).exact()
    equation = NavierStokes(0.1, wall_velocity=in_time(lambda x: exact(x)[:2], "u", "v"))
    return equation, exact, Box.cube(2, 0.0, math.pi)


def forced_flow_between_walls():
    """A steady flow without symmetry at rest on the walls, driven by the force that its residual asks for."""
    box = Box.cube(2, 0.0, math.pi)

    def stream(x):
        return 2 * jnp.sin(x[0]) ** 2 * jnp.sin(x[1]) ** 2 * jnp.exp(0.2 * x[0] - 0.3 * x[1])

    def exact(x):
        slope = jax.grad(stream)(x[:2])
        return jnp.stack([slope[1], -slope[0], jnp.sin(x[0]) * jnp.cos(2 * x[1])])

    force = ClosedForm(lambda x: NavierStokes(0.1).residual(exact, x)[:2], FunctionSpace(box, ("u", "v")))
    return NavierStokes(0.1, force), exact, box


def smoke_in_vortices():
    """Smoke that follows the stream lines of decaying vortices, its lift taken up by a force."""
    flow, buoyancy, diffusivity = NavierStokes(0.1), 0.8, 0.05

    def exact(x):
        smoke = 1.5 + jnp.exp(-2 * diffusivity * x[2]) * jnp.sin(x[0]) * jnp.sin(x[1])
        return jnp.append(flow.exact()(x), smoke)

    force = in_time(lambda x: jnp.stack([0.0 * x[0], -buoyancy * exact(x)[3]]), "u", "v")
    box = Box.cube(2, 0.3, 0.3 + 2 * math.pi, periodic=True)
    return BuoyantSmoke(0.1, buoyancy, diffusivity, force), exact, box


FLOWS = {
    "smoke in vortices": smoke_in_vortices,
}

SLOW_FLOWS = {
    "forced flow between walls": forced_flow_between_walls,
    "vortices between walls": vortices_between_walls,
}


def flow_solution(solver, problem, n: int):
    """Solution at `END` on n x n cells and the exact one there."""
    equation, exact, box = problem
    on = box.grid(n, layout="cells")

    @jax.jit
    def both():
        first, last = (at_time(exact, equation.names, on, t) for t in (0.0, END))
        return last.with_values(solver.solve(equation, first, [0.0, END]).field.values[-1]), last

    return both()


@functools.cache
def flow_error(name: str, n: int, solver=None) -> dict[str, float]:
    """Relative L2 errors of velocity, pressure and smoke."""
    found, exact = flow_solution(solver or ProjectionMethod(), (FLOWS | SLOW_FLOWS)[name](), n)
    parts = {"velocity": slice(0, 2), "pressure": slice(2, 3)}
    if found.space.channels == 4:
        parts["smoke"] = slice(3, 4)
    part = lambda u, s: Field(u.values[..., s], u.on, u.space.free(u.space.names[s]))
    return {key: float(relative_l2(part(found, s), part(exact, s))) for key, s in parts.items()}


def flow_step_errors() -> list[float]:
    """Errors in time: against a solution with short steps on the same grid."""
    equation, exact, box = vortices_between_walls()

    @jax.jit
    def solve(step):
        first = at_time(exact, equation.names, box.grid(8), 0.0)
        return ProjectionMethod(cfl=10.0, step=step).solve(equation, first, [0.0, END]).field.values[-1, ..., :2]

    fine = solve(END / 128)
    return [float(jnp.linalg.norm(solve(END / parts) - fine) / jnp.linalg.norm(fine)) for parts in (4, 8)]


def semi_lagrangian_errors() -> list[float]:
    """Grid and step refined together."""
    return [flow_error("smoke in vortices", n, SemiLagrangian(step=2.0 / n))["velocity"] for n in (16, 32)]


@functools.cache
def flow_rows() -> list[Row]:
    """Rule, problem, expected order and errors over doubled grids or halved steps, for the table of orders."""
    rows = _flow_rows(FLOWS)
    rows.append(("projection, steps", "vortices between walls", "3", flow_step_errors()))
    return rows


@functools.cache
def slow_flow_rows() -> list[Row]:
    """More of `flow_rows`, of programs that take longer to compile."""
    rows = _flow_rows(SLOW_FLOWS)
    rows.append(("semi-Lagrangian, grid and step", "smoke in vortices", "1", semi_lagrangian_errors()))
    return rows


def _flow_rows(names) -> list[Row]:
    rows = []
    for name in names:
        errors = [flow_error(name, n) for n in (16, 32)]
        rows += [(f"projection, {part}", name, "2", [e[part] for e in errors]) for part in errors[0]]
    return rows


def sorption():
    """A linear isotherm, of which the slowest mode between the two ends decays: tan(k) = -diffusion k."""
    diffusion, k = 0.5, 2.288929728
    equation = DiffusionSorption(diffusion, exponent=1.0)
    rate = diffusion * k**2 / equation.retardation(jnp.zeros(()))

    def exact(x):
        steady = 1 - x[:1] / (1 + diffusion)
        return steady - 0.5 * jnp.exp(-rate * x[1:]) * jnp.sin(k * x[:1])

    return equation, exact


def driven_diffusion():
    """A source in one sine, from rest and without reaction."""
    shape = ClosedForm(lambda x: jnp.sin(jnp.pi * x), FunctionSpace(Box.cube(1), ("f",)))
    equation = ReactionDiffusion(shape, 0.3, 0.0)
    decay = 0.3 * jnp.pi**2
    return equation, lambda x: -jnp.expm1(-decay * x[1:]) / decay * jnp.sin(jnp.pi * x[:1])


LINES = {"diffusion-sorption": sorption, "reaction-diffusion": driven_diffusion}


@functools.cache
def line_error(name: str, n: int) -> float:
    """Relative L2 error at `END` on n cells, with tolerances that leave the error of the grid alone."""
    equation, exact = LINES[name]()
    space = equation.space()
    solver = MethodOfLines(rtol=1e-8, atol=1e-10)

    @jax.jit
    def error():
        at = lambda t: ClosedForm(lambda x: exact(jnp.append(x, t)), space).sample(space.domain.grid(n))
        found = solver.solve(equation, at(0.0), [0.0, END]).field.values[-1]
        return relative_l2(at(END).with_values(found), at(END))

    return float(error())


@functools.cache
def tendency_error(n: int) -> float:
    """Of FitzHugh and Nagumo's equation: the mean tendency error on n x n cells of a smooth pair without flux."""
    equation = FitzHughNagumo(0.1, 0.2)
    pair = lambda x: jnp.stack([jnp.cos(jnp.pi * x[0]) * x[1] * (3 - x[1] ** 2), jnp.sin(jnp.pi / 2 * x[1]) + 0 * x[0]])
    space = equation.space()

    @jax.jit
    def error():
        field = ClosedForm(pair, space).sample(space.domain.grid(n))
        rate = lambda x: -equation.residual(lambda y: pair(y[:2]), jnp.append(x, 0.0))
        return relative_l2(equation.tendency(field), ClosedForm(rate, space).sample(field.on))

    return float(error())


def line_rows() -> list[Row]:
    """Rule, problem, expected order and errors over doubled grids, for the table of orders."""
    rows = [("method of lines", name, "2", [line_error(name, n) for n in (16, 32)]) for name in LINES]
    return [*rows, ("tendency", "FitzHugh-Nagumo", "2", [tendency_error(n) for n in (16, 32)])]
