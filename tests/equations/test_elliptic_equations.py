"""Residuals against solutions known in closed form, and the prior of two-phase media."""

import jax
import jax.numpy as jnp
import pytest

from neuralpde.equations import AbstractEquation, Darcy, Poisson, TwoPhase
from neuralpde.spaces import Box, ClosedForm, Field, FunctionSpace, GaussianField, Neumann, PowerLaplace

SQUARE = FunctionSpace(Box.cube(2))
POINT = jnp.array([0.3, 0.8])


def test_darcy_residual_vanishes_for_a_solution_in_a_smooth_medium():
    # u = x^2 y, a = 1 + x y:  -div(a grad u) = -(y (1 + x y) 2 + y 2 x y + x x^2) = -(2 y + 4 x y^2 + x^3).
    medium = ClosedForm(lambda x: 1 + x[:1] * x[1:], SQUARE)
    source = ClosedForm(lambda x: -(2 * x[1:] + 4 * x[:1] * x[1:] ** 2 + x[:1] ** 3), SQUARE)
    solution = ClosedForm(lambda x: x[:1] ** 2 * x[1:], SQUARE)
    assert jnp.abs(Darcy(medium, source).residual(solution, POINT)) < 1e-14
    assert jnp.allclose(Darcy(medium, 0.0).residual(solution, POINT), source(POINT))


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_poisson_residual_vanishes_for_a_product_of_sines(dim):
    space = FunctionSpace(Box.cube(dim))
    solution = ClosedForm(lambda x: jnp.prod(jnp.sin(jnp.pi * x), keepdims=True), space)
    source = ClosedForm(lambda x: dim * jnp.pi**2 * solution(x), space)
    points = space.domain.sample(jax.random.key(0), 5)
    assert jnp.max(jnp.abs(jax.vmap(lambda x: Poisson(source).residual(solution, x))(points))) < 1e-12


def test_residual_measures_how_much_a_source_is_missed():
    assert Poisson(2.0).residual(lambda x: x[:1] ** 2, POINT) == -4.0
    assert Darcy(3.0, 2.0).residual(lambda x: x[:1] ** 2, POINT) == -8.0


def test_residual_in_a_piecewise_constant_medium_is_that_of_each_phase():
    medium = ClosedForm(lambda x: jnp.where(x[:1] < 0.5, 3.0, 12.0), SQUARE)
    residual = Darcy(medium, 1.0).residual
    assert residual(lambda x: -(x[:1] ** 2) / 6, POINT) == 0.0
    assert residual(lambda x: -(x[:1] ** 2) / 24, 1 - POINT) == 0.0


def test_equation_without_a_tendency_says_so():
    with pytest.raises(NotImplementedError, match="Poisson has not got a tendency"):
        Poisson(1.0).tendency(Field(jnp.zeros((4, 4, 1)), Box.cube(2).grid(4), SQUARE))
    with pytest.raises(NotImplementedError, match="Darcy has not got an exact solution"):
        Darcy(1.0).exact()
    assert issubclass(Darcy, AbstractEquation)


def test_two_phase_medium_takes_its_values_by_the_sign_of_the_field():
    level = GaussianField(SQUARE, PowerLaplace(2.0, 3.0), modes=8)
    level = GaussianField(FunctionSpace(Box.cube(2), ("g",), Neumann(0.0)), level.covariance, modes=8)
    on, key = Box.cube(2).grid(9), jax.random.key(1)
    medium = TwoPhase(level, (2.0, 7.0)).sample(key, on)
    positive = level.sample(key, on).values >= 0
    assert medium.space.names == ("a",)
    assert jnp.array_equal(medium.values, jnp.where(positive, 7.0, 2.0))
    assert 0 < positive.sum() < positive.size


def test_phases_of_a_centred_field_are_equally_likely():
    # 400 media of 16 cells far apart in correlation; three standard deviations of the mean volume fraction.
    space = FunctionSpace(Box.cube(2), ("g",), Neumann(0.0))
    prior = TwoPhase(GaussianField(space, PowerLaplace(2.0, 3.0), modes=8, zero_mean=True), (0.0, 1.0))
    keys = jax.random.split(jax.random.key(2), 400)
    fractions = jax.vmap(lambda key: prior.sample(key, Box.cube(2).grid(4)).values.mean())(keys)
    assert jnp.abs(fractions.mean() - 0.5) < 3 * fractions.std() / 20
