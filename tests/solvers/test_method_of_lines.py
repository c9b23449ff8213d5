"""The method of lines: orders, agreement of tendencies with residuals, balance of mass, stiffness, failures."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order
from solvers.dynamics_convergence import line_rows

from neuralpde.equations import (
    DiffusionSorption,
    FitzHughNagumo,
    Poisson,
    ReactionDiffusion,
    UniformConstant,
    WhiteNoise,
)
from neuralpde.equations.diffusion import laplacian
from neuralpde.solvers import MethodOfLines
from neuralpde.spaces import Box, ClosedForm, Dirichlet, Field, Free, FunctionSpace, Neumann, Robin

LINE = Box.of(x=(0.5, 2.0))


@pytest.mark.parametrize("row", range(3))
def test_rules_have_their_order(row):
    _, _, expected, errors = line_rows()[row]
    assert observed_order(errors) == pytest.approx(int(expected), abs=0.1)


@pytest.mark.parametrize(
    "walls", [(Dirichlet(2.0), Neumann(3.0)), (Robin(2.0, 0.5, 2.5), Dirichlet(lambda x: 3 * x + 0.5))]
)
def test_straight_lines_do_not_diffuse(walls):
    # u = 3 x + 1/2: at the lower end u = 2 and du/dn = -3, so that 2 u + du/dn / 2 = 2.5.
    space = FunctionSpace(LINE, ("u",), [walls])
    line = ClosedForm(lambda x: 3 * x + 0.5, space).sample(LINE.grid(7))
    np.testing.assert_allclose(laplacian(line), 0, atol=1e-12)


def test_diffusion_without_flux_loses_nothing_and_smooths():
    equation = FitzHughNagumo()
    state = WhiteNoise(equation.space()).sample(jax.random.key(0), equation.space().domain.grid(6, 9))
    spread = laplacian(state)
    np.testing.assert_allclose(state.on.integrate(spread), 0, atol=1e-12)
    assert state.inner(state.with_values(spread)) < 0


@pytest.mark.parametrize(
    "equation", [DiffusionSorption(0.1), ReactionDiffusion(2.0, 0.1, 0.3)], ids=["sorption", "reaction"]
)
def test_tendency_and_residual_agree_inside(equation):
    # Second differences of a quadratic are exact; the point next to a wall also knows the wall.
    space = equation.space()
    field = ClosedForm(lambda x: 0.3 + 0.2 * x**2, space).sample(space.domain.grid(8))
    residual = jax.vmap(lambda x: equation.residual(lambda y: 0.3 + 0.2 * y[:1] ** 2, jnp.append(x, 0.0)))(
        field.on.coords()
    )
    np.testing.assert_allclose(equation.tendency(field).values[1:-1], -residual[1:-1], rtol=1e-10)


def test_sorption_slows_diffusion_down_as_the_isotherm_says():
    # 1 + 0.71 / 0.29 * 2880 * 3.5e-4 * 0.874 * 0.1^-0.126, with logarithms of five digits.
    assert float(DiffusionSorption().retardation(jnp.array(0.1))) == pytest.approx(3.8829, rel=1e-4)
    # Stationary: u falls linearly to the value that leaves at the outlet, u = -diffusion u_x.
    equation = DiffusionSorption(0.25)
    steady = ClosedForm(lambda x: 1 - x / 1.25, equation.space()).sample(equation.space().domain.grid(8))
    np.testing.assert_allclose(equation.tendency(steady).values, 0, atol=1e-13)


def test_solute_stays_between_what_it_was_and_what_comes_in():
    equation = DiffusionSorption()
    start = UniformConstant(equation.space()).sample(jax.random.key(1), equation.space().domain.grid(32))
    states = jax.jit(lambda u: MethodOfLines().solve(equation, u, [0.0, 50.0, 500.0]).field.values)(start)
    assert 0 < start.values[0, 0] < 0.2
    assert (jnp.diff(states[:, :16, 0], axis=0) > 0).all()
    assert states.min() >= 0 and states.max() <= 1
    assert (jnp.diff(states[-1, :16, 0]) < 0).all()


def test_uniform_reaction_follows_its_ordinary_equation():
    equation = FitzHughNagumo(k=0.3)
    space = equation.space()
    start = Field(jnp.broadcast_to(jnp.array([0.4, -0.2]), (4, 4, 2)), space.domain.grid(4), space)
    found = jax.jit(lambda u: MethodOfLines(rtol=1e-9, atol=1e-11).solve(equation, u, [0.0, 2.0]).field.values[-1])(
        start
    )
    rate = lambda t, y, args: jnp.stack([y[0] - y[0] ** 3 - 0.3 - y[1], y[0] - y[1]])
    steps = diffrax.diffeqsolve(diffrax.ODETerm(rate), diffrax.Dopri8(), 0.0, 2.0, 0.005, jnp.array([0.4, -0.2]))
    np.testing.assert_allclose(found, jnp.broadcast_to(steps.ys[0], (4, 4, 2)), atol=1e-8)


@pytest.fixture(scope="module")
def stiff():
    """A diffusion whose time scales lie 1e4 apart, and its state at rest."""
    equation = ReactionDiffusion(1.0, 1.0, 0.1)
    space = equation.space()
    return equation, Field(jnp.zeros((32, 1)), space.domain.grid(32), space)


def test_explicit_and_implicit_methods_agree(stiff):
    equation, rest = stiff
    end = lambda solver: jax.jit(lambda u: solver.solve(equation, u, [0.0, 0.7]).field.values[-1])(rest)
    explicit = end(MethodOfLines(rtol=1e-7, atol=1e-10))
    implicit = end(MethodOfLines(diffrax.Kvaerno5(), rtol=1e-7, atol=1e-10))
    assert explicit.max() > 0.1
    np.testing.assert_allclose(implicit, explicit, atol=1e-7)


def test_failure_gives_no_numbers_and_the_first_state_is_kept(stiff):
    equation, rest = stiff
    found = MethodOfLines(max_steps=3).solve(equation, rest, [0.0, 0.7])
    assert jnp.isnan(found.field.values[-1]).all()
    assert jnp.array_equal(MethodOfLines().solve(equation, rest, [0.3]).field.values[0], rest.values)


def test_refined_solver_has_smaller_tolerances():
    fine = MethodOfLines().refined()
    assert fine.rtol == 1e-6 / 2**5 and fine.atol == 1e-9 / 2**5


@pytest.mark.parametrize(
    "layout, wall, message", [("nodes", Dirichlet(0.0), "layout='cells'"), ("cells", Free(), "axis 'x'")]
)
def test_unsuitable_state_is_refused(layout, wall, message):
    space = FunctionSpace(Box.cube(1), ("s",), wall)
    state = Field(jnp.zeros((8, 1)), space.domain.grid(8, layout=layout), space)
    with pytest.raises(ValueError, match=message):
        ReactionDiffusion().tendency(state)


def test_equation_without_a_tendency_says_so():
    state = Field(jnp.zeros((8, 1)), Box.cube(1).grid(8), FunctionSpace(Box.cube(1)))
    with pytest.raises(NotImplementedError, match="Poisson has not got a tendency"):
        MethodOfLines().solve(Poisson(), state, [0.0, 1.0])
