"""Chebyshev collocation: exponential convergence to closed forms, and agreement with finite volumes in time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from solvers.collocation_convergence import CLAMPED, LINE, Layer, error, layer_errors, zeros

from neuralpde.equations import AbstractEquation, Darcy, ReactionDiffusion
from neuralpde.solvers import ChebyshevCollocation, MethodOfLines, solve_two_point
from neuralpde.spaces import ClosedForm, Dirichlet, Field, FunctionSpace, Neumann, Robin


class Bratu(AbstractEquation):
    """u'' + strength exp(u) = 0."""

    strength: float

    def residual(self, u, x):
        return jax.hessian(u)(x)[:, 0, 0] + self.strength * jnp.exp(u(x))


def test_layer_is_resolved_exponentially():
    errors = layer_errors()
    # Six points more divide the error by more than the six before: faster than any power.
    assert errors[0] / errors[1] > 10
    assert errors[1] / errors[2] > errors[0] / errors[1]
    assert errors[2] < 1e-6


def test_nonlinear_problem_is_solved_to_round_off():
    # u = -2 log(cosh(theta (x - 1/2) / 2) / cosh(theta / 4)) with theta = sqrt(2 strength) cosh(theta / 4).
    theta = 1.5
    strength = (theta / np.cosh(theta / 4)) ** 2 / 2
    exact = lambda x: -2 * jnp.log(jnp.cosh(theta * (x - 0.5) / 2) / jnp.cosh(theta / 4))
    solve = jax.jit(lambda s, u: solve_two_point(Bratu(s), u))
    assert error(solve(strength, zeros(16)), exact) < 1e-11
    # Past the fold, strength 3.51, there is no solution.
    assert jnp.isnan(solve(4.0, zeros(16)).values).all()


@pytest.mark.parametrize("walls", [(Dirichlet(1.0), Neumann(3.0)), (Robin(2.0, 0.5, 1.5), Dirichlet(jnp.e))])
def test_conditions_of_all_kinds_are_met(walls):
    # u = exp(x^2): du/dn = 2 e at the right end and 0 at the left one, where u = 1.
    exact = lambda x: jnp.exp(x**2)
    data = {Neumann: Neumann(float(2 * jnp.e)), Robin: Robin(2.0, 0.5, 2.0)}
    walls = tuple(data.get(type(side), side) for side in walls)
    space = FunctionSpace(LINE, ("u",), [walls])
    medium = ClosedForm(lambda x: 1 + x, CLAMPED.free(("a",)))
    source = ClosedForm(lambda x: Darcy(medium, 0.0).residual(exact, x), CLAMPED.free(("f",)))
    solve = jax.jit(lambda u: solve_two_point(Darcy(medium, source), u))
    assert error(solve(zeros(20, space)), exact) < 1e-10


def test_evolution_is_exact_to_its_tolerance_and_keeps_the_walls():
    shape = ClosedForm(lambda x: jnp.sin(jnp.pi * x), CLAMPED.free(("f",)))
    equation, decay = ReactionDiffusion(shape, 0.3, 0.0), 0.3 * np.pi**2
    found = jax.jit(lambda u: ChebyshevCollocation().solve(equation, u, [0.0, 0.2, 1.0]).field)(zeros(16)).values
    x = zeros(16).on.coords()
    for state, t in zip(found, (0.0, 0.2, 1.0), strict=True):
        np.testing.assert_allclose(state, -np.expm1(-decay * t) / decay * jnp.sin(jnp.pi * x), atol=1e-8)


@pytest.mark.slow
def test_nonlinear_evolution_agrees_with_finite_volumes():
    equation = ReactionDiffusion(4.0, 0.5, 0.5)
    space = FunctionSpace(LINE, ("s",), Dirichlet(0.5))
    start = lambda on: Field(jnp.full((*on.shape, 1), 0.5), on, space)
    spectral = jax.jit(lambda u: ChebyshevCollocation().solve(equation, u, [0.0, 0.5]).field.values[-1])
    volumes = jax.jit(lambda u: MethodOfLines(rtol=1e-7, atol=1e-9).solve(equation, u, [0.0, 0.5]).field.values[-1])
    grids = [LINE.grid(n) for n in (16, 32)]
    u = Field(spectral(start(LINE.grid(14, layout="chebyshev"))), LINE.grid(14, layout="chebyshev"), space)
    coarse, fine = (float(jnp.abs(volumes(start(on)) - u.resample(on).values).max()) for on in grids)
    assert u.values.max() > 1.2
    assert fine < 2e-3 and coarse / fine == pytest.approx(4, rel=0.1)


def test_problem_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="layout='chebyshev'"):
        solve_two_point(Layer(0.1), Field(jnp.zeros((8, 1)), LINE.grid(8), CLAMPED))
    with pytest.raises(ValueError, match="a condition on both sides"):
        solve_two_point(Layer(0.1), zeros(8, CLAMPED.free()))
    with pytest.raises(ValueError, match="Dirichlet on both sides"):
        ChebyshevCollocation().solve(
            ReactionDiffusion(), zeros(8, FunctionSpace(LINE, ("s",), Neumann(0.0))), [0.0, 1.0]
        )
