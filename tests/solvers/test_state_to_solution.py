"""The solution of an evolution equation as one function of space and time, against a closed form."""

import jax
import jax.numpy as jnp
import pytest

from neuralpde.equations import Burgers
from neuralpde.solvers import ETDRK, StateToSolution
from neuralpde.spaces import Box, ClosedForm, FunctionSpace, Grid, relative_l2

DOMAIN = Box.of(periodic=("x",), x=(-1.0, 1.0), t=(0.0, 0.5))
LINE = FunctionSpace(Box(DOMAIN.axes[:1]), ("u",))
BEGIN = ClosedForm(lambda x: -jnp.sin(jnp.pi * x), LINE)
PROBLEM = StateToSolution(Burgers(0.1), ETDRK(step=0.01))


def test_burgers_from_a_sine_is_the_solution_of_cole_and_hopf():
    on = Grid(DOMAIN, (16, 6), ("periodic", "nodes"))
    found = jax.jit(lambda: PROBLEM.solution(PROBLEM.input(BEGIN), on))()
    exact = jax.jit(lambda: Burgers(0.1).exact(DOMAIN).sample(on))()
    assert float(relative_l2(found, exact)) < 1e-7
    assert found.space == FunctionSpace(DOMAIN, ("u",))


def test_statement_is_the_equation():
    assert (
        PROBLEM.statement == "Viscous Burgers equation in one dimension  u_t + (u^2 / 2)_x = nu u_xx. from u at t = 0"
    )


def test_refined_has_finer_grid_and_step():
    assert PROBLEM.refined().refine == 8 and PROBLEM.refined().solver.step == pytest.approx(0.005)
