"""Boundary conditions: residuals, exact lifts, spaces."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.spaces import Ball, Box, ClosedForm, Dirichlet, Free, FunctionSpace, Neumann, Neural, Periodic, Robin

DISC = Ball((0.0, 0.0), 1.0)
CONDITIONS = [
    Dirichlet(2.0),
    Dirichlet(lambda x: x[:1] ** 2),
    Neumann(-1.0),
    Neumann(lambda x: jnp.sin(x[1:])),
    Robin(2.0, 0.5, 1.0),
    Robin(1.0, -3.0, lambda x: x[:1] * x[1:]),
]


def network(x):
    return jnp.atleast_1d(jnp.sin(3 * x[0] - x[1]) + x[0] ** 2)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_lifted_functions_meet_the_condition_on_a_curved_wall(condition, key):
    x, n = DISC.boundary.sample(key, 20)
    lifted = condition.lift(network, lambda y: -DISC.distance(y))
    residual = jax.vmap(lambda y, m: condition.residual(lifted, y, m))(x, n)
    np.testing.assert_allclose(residual, 0, atol=1e-12)
    untouched = jax.vmap(lambda y, m: condition.residual(network, y, m))(x, n)
    assert float(jnp.abs(untouched).max()) > 0.1


@pytest.mark.parametrize("condition", CONDITIONS)
def test_lifted_functions_meet_the_condition_on_a_straight_wall(condition, key):
    box = Box.cube(2)
    x, n = box.side("x", "lower").sample(key, 20)
    lifted = condition.lift(network, lambda y: y[0])
    np.testing.assert_allclose(jax.vmap(lambda y, m: condition.residual(lifted, y, m))(x, n), 0, atol=1e-12)


def test_residuals_of_a_known_function():
    x, n = jnp.asarray([1.0, 0.0]), jnp.asarray([1.0, 0.0])
    u = lambda y: y[:1] ** 2 * 3
    np.testing.assert_allclose(Dirichlet(1.0).residual(u, x, n), [2.0])
    np.testing.assert_allclose(Neumann(1.0).residual(u, x, n), [5.0])
    np.testing.assert_allclose(Robin(2.0, 1.0, 1.0).residual(u, x, n), [11.0])
    for nothing in (Free(), Periodic()):
        np.testing.assert_array_equal(nothing.residual(u, x, n), [0.0])


def test_robin_without_a_derivative_is_refused():
    with pytest.raises(ValueError, match="Dirichlet"):
        Robin(1.0, 0.0)


def test_one_condition_serves_all_sides():
    space = FunctionSpace(Box.cube(2), "u", Dirichlet(0.0))
    assert space.boundary == ((Dirichlet(0.0),) * 2,) * 2
    assert space == FunctionSpace(Box.cube(2), ("u",), [(Dirichlet(0.0), Dirichlet(0.0)), Dirichlet(0.0)])
    assert space.channels == 1 and space.dim == 2


def test_default_is_periodic_where_the_axis_is_and_free_elsewhere():
    box = Box.of(periodic=["x"], x=(0.0, 1.0), y=(0.0, 1.0))
    assert FunctionSpace(box).boundary == ((Periodic(),) * 2, (Free(),) * 2)
    assert FunctionSpace(DISC, "u", Neumann(0.0)).boundary == ((Neumann(0.0),) * 2,)


@pytest.mark.parametrize(
    "box, boundary, message",
    [
        (Box.cube(1), Periodic(), "periodic=False"),
        (Box.cube(1, periodic=True), Dirichlet(0.0), "periodic=True"),
        (Box.cube(2), [Free()], "one boundary entry an axis"),
    ],
)
def test_contradictions_are_refused(box, boundary, message):
    with pytest.raises(ValueError, match=message):
        FunctionSpace(box, ("u",), boundary)


def test_repeated_names_are_refused():
    with pytest.raises(ValueError, match="distinct component names"):
        FunctionSpace(Box.cube(1), ("u", "u"))


def test_coordinate_networks_see_normalised_coordinates():
    box = Box.of(x=(2.0, 6.0))
    function = Neural(lambda x: x, FunctionSpace(box))
    np.testing.assert_allclose(function.sample(box.grid(5, layout="nodes")).values[:, 0], [-1, -0.5, 0, 0.5, 1])
    formula = ClosedForm(lambda x: x, FunctionSpace(box))
    np.testing.assert_allclose(formula(jnp.asarray([3.0])), [3.0])
