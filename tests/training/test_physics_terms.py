"""Terms of physics-informed losses: zero for exact solutions, with the stated size for others."""

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest
from convergence import observed_order
from physics_convergence import Known, burgers_residual

from neuralpde.equations import Antiderivative, Burgers, Darcy, Poisson, ReactionDiffusion
from neuralpde.operators import AbstractOperator
from neuralpde.solvers import solve_elliptic
from neuralpde.solvers.elliptic import sampled
from neuralpde.solvers.finite_volume import finite_volumes
from neuralpde.spaces import (
    Box,
    ClosedForm,
    Dirichlet,
    Field,
    Free,
    FunctionSpace,
    Neumann,
    Points,
)
from neuralpde.training import (
    EllipticResidual,
    EvolutionResidual,
    InitialState,
    PointwiseResidual,
    SideConditions,
    TrainingArgumentError,
)

LINE = FunctionSpace(Box.of(x=(0.0, 1.0)), ("u",), Dirichlet(0.0))
SPACETIME = Box.of(x=(0.0, 1.0), t=(0.0, 1.0))
AT_REST = FunctionSpace(SPACETIME, ("s",), [Dirichlet(0.0), (Dirichlet(0.0), Free())])
SINES = Field(jnp.sin(jnp.pi * LINE.domain.grid(16).coords()), LINE.domain.grid(16), LINE)


def heated(x):
    """s_t = D s_xx + sin(pi x), D = 0.1."""
    rate = 0.1 * jnp.pi**2
    return (jnp.sin(jnp.pi * x[0]) * (1 - jnp.exp(-rate * x[1])) / rate)[None]


def spacetime(formula, space=AT_REST):
    return Known(ClosedForm(formula, space), LINE)


def test_pointwise_residual_vanishes_for_the_solution(key):
    term = PointwiseResidual(ReactionDiffusion(diffusion=0.1, rate=0.0), argument="source")
    value = jax.jit(lambda: term(spacetime(heated), SINES, SINES.on, key))
    assert float(value()) < 1e-24
    wrong = jax.jit(lambda: term(spacetime(lambda x: 1.1 * heated(x)), SINES, SINES.on, key))
    # 1.1 s misses the source by a tenth of it: the mean of sin^2 over the domain is a half.
    assert float(wrong()) == pytest.approx(0.01 / 2, rel=0.3)


def test_pointwise_residual_of_an_ordinary_differential_equation(key):
    space = FunctionSpace(Box.of(t=(0.0, 1.0)), ("s",))
    grid = space.domain.grid(20, layout="nodes")
    u = Field(grid.coords() ** 2, grid, space)  # a cubic interpolation of a parabola is exact
    term = PointwiseResidual(Antiderivative(), argument="forcing")
    exact = Known(ClosedForm(lambda t: t**3 / 3, space), space)
    assert float(jax.jit(lambda: term(exact, u, grid, key))()) < 1e-24
    start = SideConditions(conditions=[(Dirichlet(0.0), Free())])
    assert float(start(exact, u, grid, key)) == 0.0
    shifted = Known(ClosedForm(lambda t: t**3 / 3 + 0.5, space), space)
    assert float(start(shifted, u, grid, key)) == pytest.approx(0.25)


def test_sides_are_those_of_the_target(key):
    term = SideConditions(points=400)
    assert float(jax.jit(lambda: term(spacetime(heated), SINES, SINES.on, key))()) < 1e-30
    # x + 2 t: (2 t)^2 at x = 0, (1 + 2 t)^2 at x = 1, x^2 at t = 0; nothing is said of t = 1.
    value = jax.jit(lambda: term(spacetime(lambda x: x[:1] + 2 * x[1:]), SINES, SINES.on, key))()
    assert float(value) == pytest.approx(4 / 3 + 13 / 3 + 1 / 3, rel=0.1)
    flux = FunctionSpace(SPACETIME, ("s",), [Neumann(1.0), Free()])
    value = jax.jit(lambda: term(spacetime(lambda x: x[:1] + 2 * x[1:], flux), SINES, SINES.on, key))()
    assert float(value) == pytest.approx(4.0)  # outward: -1 at the lower end where 1 is asked for, 1 at the upper


def test_initial_state_is_the_input(key):
    term = InitialState(points=200)
    begun = spacetime(lambda x: (jnp.sin(jnp.pi * x[0]) * jnp.exp(-x[1]))[None])
    assert float(term(begun, SINES, SINES.on, key)) < 1e-24
    assert float(term(spacetime(heated), SINES, SINES.on, key)) == pytest.approx(0.5, rel=0.2)


def test_evolution_residual_of_the_exact_solution_vanishes_with_the_order_of_the_derivative_in_time():
    # Fourth order in the mean square: the stencils at the two ends lose nothing.
    errors = [burgers_residual(n) for n in (33, 65)]
    assert observed_order(errors) > 3.5
    assert burgers_residual(24, "chebyshev") < 1e-6 < errors[-1]


SQUARE = Box.cube(2)
PRESSURE = FunctionSpace(SQUARE, ("u",), Dirichlet(0.0))
CELLS = SQUARE.grid(16)
MEDIUM = Field(jnp.where(jnp.sin(9 * CELLS.coords()[..., :1]) > 0.1, 12.0, 3.0), CELLS, FunctionSpace(SQUARE, ("a",)))


class Answer(AbstractOperator):
    """An operator that answers with the values it holds."""

    values: jax.Array
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)

    def __call__(self, u, at=None, key=None):
        return Field(self.values, CELLS, self.target)


@pytest.fixture(scope="module")
def darcy():
    """Solution, operator A and right-hand side b."""
    solution = solve_elliptic(Darcy(MEDIUM), PRESSURE, CELLS, tolerance=1e-13).field.values[..., 0]
    return solution, *finite_volumes(sampled(MEDIUM, CELLS), jnp.ones(CELLS.shape), PRESSURE, CELLS)


def elliptic(values, measure="energy"):
    operator = Answer(values[..., None], MEDIUM.space, PRESSURE)
    return EllipticResidual(Darcy(1.0), measure=measure)(operator, MEDIUM, CELLS, jax.random.key(0))


def test_elliptic_residual_vanishes_for_the_discrete_solution_of_a_medium_that_jumps(darcy):
    assert float(jax.jit(elliptic)(darcy[0])) < 1e-24


@pytest.mark.parametrize("kind", ["noise", "smooth"])
def test_elliptic_residual_is_the_squared_error_in_the_energy_norm(darcy, kind):
    """Up to a factor near one, whatever the scale of the error: noise of the grid, or one bump."""
    solution, A, b = darcy
    x, y = jnp.moveaxis(CELLS.coords(), -1, 0)
    error = jax.random.normal(jax.random.key(1), CELLS.shape) if kind == "noise" else x * (1 - x) * y * (1 - y)
    error = 0.1 * error * jnp.linalg.norm(solution) / jnp.linalg.norm(error)
    expected = jnp.vdot(error, A(error)) / jnp.vdot(b, solution)
    assert 0.7 < float(jax.jit(elliptic)(solution + error) / expected) < 1.4


def test_ritz_energy_is_least_at_the_solution_by_half_the_energy_of_the_difference(darcy):
    solution, A, _ = darcy
    slope = jax.jit(jax.grad(lambda v: elliptic(v, "ritz")))(solution)
    assert float(jnp.max(jnp.abs(slope))) < 1e-12
    error = jax.random.normal(jax.random.key(1), CELLS.shape)
    gained = elliptic(solution + error, "ritz") - elliptic(solution, "ritz")
    assert float(gained) == pytest.approx(float(jnp.vdot(error, A(error)) / 2 / CELLS.size), rel=1e-9)


def test_unusable_terms_are_refused(key):
    with pytest.raises(TrainingArgumentError, match="has the parameters source, diffusion, rate"):
        PointwiseResidual(ReactionDiffusion(), argument="forcing")
    with pytest.raises(TrainingArgumentError, match="measure='l2'"):
        EllipticResidual(Poisson(), argument="source", measure="l2")
    free = spacetime(heated, FunctionSpace(SPACETIME, ("s",)))
    with pytest.raises(TrainingArgumentError, match="all sides of the target"):
        SideConditions()(free, SINES, SINES.on, key)
    points = Points.random(SPACETIME, 5, key=key)
    with pytest.raises(TrainingArgumentError, match="needs answers on a grid"):
        EvolutionResidual(Burgers(0.1))(free, SINES, points, key)
