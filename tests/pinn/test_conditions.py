"""Conditions of problems: zero for exact solutions, of the stated size for others, asked for where they were placed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import Poisson, Wave
from neuralpde.equations.derivatives import partial
from neuralpde.pinn import (
    Boundary,
    Candidate,
    Initial,
    IntegralCondition,
    Interface,
    Interior,
    Observations,
    PeriodicSides,
    Problem,
    Term,
    Uniform,
)
from neuralpde.spaces import (
    Ball,
    Box,
    ClosedForm,
    Dirichlet,
    Field,
    Free,
    FunctionSpace,
    Neumann,
    Periodic,
    Polygon,
    Robin,
)

pytestmark = pytest.mark.slow  # many small programs, each compiled

SPACETIME = Box.of(x=(0.0, 1.0), t=(0.0, 2.0))


def zero_law(u, x):
    return 0 * u(x)


def term_of(domain, condition, names=("u",), n=64):
    problem = Problem(domain, zero_law, [condition], names=names)
    return Term(problem.conditions[1], FunctionSpace(domain, problem.names), None, n, Uniform())


def asked(domain, condition, n=64):
    """Where a condition is asked for."""
    term = term_of(domain, condition, n=n)
    return jax.device_get(jax.jit(lambda key: term.points(key))(jax.random.key(0)))


def residuals(domain, condition, formula, names=("u",), n=64):
    term = term_of(domain, condition, names, n)
    candidate = Candidate(ClosedForm(formula, FunctionSpace(domain, names)))

    def both(key):
        points = term.points(key)
        return term.residuals(candidate, points), points

    return jax.device_get(jax.jit(both)(jax.random.key(0)))


def test_walls_are_the_ends_of_space_at_all_times():
    found, points = residuals(SPACETIME, Boundary(Dirichlet(lambda x: x[1])), lambda x: x[1:] + x[:1])
    on_walls = np.isin(points.x[:, 0], [0.0, 1.0])
    assert on_walls.all() and 0 < points.x[:, 1].min() < 0.3 and 1.7 < points.x[:, 1].max() < 2
    np.testing.assert_allclose(found[:, 0], points.x[:, 0], atol=1e-15)
    np.testing.assert_array_equal(points.normal[:, 0], 2 * points.x[:, 0] - 1)
    np.testing.assert_array_equal(points.normal[:, 1], 0)
    assert np.sum(points.x[:, 0]) == 32  # both ends have their share


@pytest.mark.parametrize(
    "condition, size",
    [(Neumann(2.0), 0.0), (Neumann(0.5), 1.5), (Robin(3.0, 1.0, 4.0), 1.0), (lambda u, x, n: u(x) * n @ x - 1, 0.0)],
)
def test_flux_and_operator_conditions_on_a_circle(condition, size):
    """u = x^2 + y^2 = 1 on the unit circle, with outward derivative 2."""
    found, points = residuals(Ball((0.0, 0.0)), Boundary(condition), lambda x: jnp.sum(x**2)[None])
    np.testing.assert_allclose(found, size, atol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(points.x, axis=1), 1, rtol=1e-14)


def test_part_of_a_boundary_by_axis_side_and_predicate():
    square = Box.cube(2)
    top = asked(square, Boundary(Dirichlet(1.0), on=("y", "upper")))
    np.testing.assert_array_equal(top.x[:, 1], 1)
    both = asked(square, Boundary(Dirichlet(1.0), on="x"))
    assert set(np.unique(both.x[:, 0])) == {0.0, 1.0}
    left = asked(square, Boundary(Dirichlet(1.0), where=lambda x: (x[0] < 1e-9) & (x[1] > 0.5)))
    assert (left.x[:, 0] == 0).all() and (left.x[:, 1] > 0.5).all()
    np.testing.assert_array_equal(left.normal, np.broadcast_to([-1.0, 0.0], left.x.shape))
    hole = Ball((0.5, 0.5), 0.2)
    rim = asked(square - hole, Boundary(Dirichlet(0.0), where=lambda x: jnp.abs(hole.distance(x)) < 1e-6))
    # Out of the perforated square is into the hole.
    np.testing.assert_allclose(rim.normal, -(rim.x - 0.5) / 0.2, atol=1e-12)


def test_normals_of_a_surface_point_out_of_the_domain():
    square, disc = Box.cube(2), Ball((0.5, 0.5), 0.2)
    hole = asked(square - disc, Boundary(Dirichlet(0.0), on=disc.boundary))
    np.testing.assert_allclose(hole.normal, -(hole.x - 0.5) / 0.2, atol=1e-12)
    over_time = asked((square - disc) * Box.of(t=(0.0, 1.0)), Boundary(Dirichlet(0.0), on=disc.boundary))
    np.testing.assert_allclose(over_time.normal[:, :2], -(over_time.x[:, :2] - 0.5) / 0.2, atol=1e-12)
    within = asked(square, Boundary(Dirichlet(0.0), on=disc.boundary))
    np.testing.assert_allclose(within.normal, (within.x - 0.5) / 0.2, atol=1e-12)


def test_walls_of_a_polygon_at_all_times():
    triangle = Polygon([(0, 0), (1, 0), (0, 1)])
    points = asked(triangle * Box.of(t=(0.0, 3.0)), Boundary(Dirichlet(0.0)), n=100)
    np.testing.assert_allclose(triangle.distance(jnp.asarray(points.x[:, :2])), 0, atol=1e-14)
    assert points.x[:, 2].min() < 0.3 and points.x[:, 2].max() > 2.7
    np.testing.assert_array_equal(points.normal[:, 2], 0)
    np.testing.assert_allclose(np.linalg.norm(points.normal, axis=1), 1)


def test_values_and_rates_at_the_beginning():
    standing = lambda x: (jnp.sin(jnp.pi * x[0]) * jnp.cos(x[1]) + x[1])[None]
    begins = Initial(lambda x: jnp.sin(jnp.pi * x[0]), rate=1.0)
    found, points = residuals(SPACETIME, begins, standing)
    assert found.shape == (64, 2)
    np.testing.assert_allclose(found, 0, atol=1e-14)
    np.testing.assert_array_equal(points.x[:, 1], 0)
    found, _ = residuals(SPACETIME, Initial(rate=0.25), standing)
    np.testing.assert_allclose(found, 0.75, rtol=1e-14)


def test_beginning_may_be_a_field_on_space():
    line = Box.of(x=(0.0, 1.0))
    grid = line.grid(24, layout="chebyshev")
    begun = Field(jnp.sin(3 * grid.coords()), grid, FunctionSpace(line))
    found, _ = residuals(SPACETIME, Initial(begun), lambda x: jnp.sin(3 * x[:1]) + x[1:])
    np.testing.assert_allclose(found, 0, atol=1e-12)


def test_periodic_sides_compare_values_and_derivatives():
    found, _ = residuals(SPACETIME, PeriodicSides("x", derivatives=3), lambda x: jnp.sin(2 * jnp.pi * x[:1] + x[1:]))
    assert found.shape == (64, 4)
    np.testing.assert_allclose(found, 0, atol=1e-12)
    found, _ = residuals(SPACETIME, PeriodicSides("x", derivatives=2), lambda x: x[:1] ** 3)
    np.testing.assert_allclose(found, np.broadcast_to([1.0, 3.0, 6.0], (64, 3)), rtol=1e-14)


def test_layers_of_two_conductivities_meet():
    """x^2 + 1 and 4 x - 3 / 4 meet at x = 1/2, with slopes 1 and 4: fluxes agree for conductivities 2 and 1/2."""
    domain, wall = Box.cube(2), Box.of(x=(0.0, 0.5), y=(0.0, 1.0)).side("x", "upper")
    layers = lambda x: jnp.stack([x[0] ** 2 + 1, 4 * x[0] - 0.75 + 0 * x[1]])
    condition = Interface("inner", "outer", wall, conductivities=(2.0, lambda x: 0.5 + 0 * x[1]))
    found, points = residuals(domain, condition, layers, ("inner", "outer"))
    np.testing.assert_array_equal(points.x[:, 0], 0.5)
    np.testing.assert_allclose(found, 0, atol=1e-14)
    shifted = Interface("inner", "outer", wall, jump=0.5, conductivities=(1.0, 1.0), flux_jump=-1.0)
    np.testing.assert_allclose(residuals(domain, shifted, layers, ("inner", "outer"))[0], [[-0.5, -2.0]] * 64)
    values = Interface("inner", "outer", wall, conductivities=None)
    assert residuals(domain, values, layers, ("inner", "outer"))[0].shape == (64, 1)


def test_integral_at_all_times():
    mass = IntegralCondition(lambda x: x[1] ** 2 / 2 + 1 / 3, over="x")
    found, _ = residuals(SPACETIME, mass, lambda x: (x[0] ** 2 + x[0] * x[1] ** 2)[None])
    np.testing.assert_allclose(found, 0, atol=1e-14)
    energy = IntegralCondition(0.0, over=("x", "t"), density=lambda u, x: u(x) ** 2, nodes=8)
    found, points = residuals(SPACETIME, energy, lambda x: x[:1] * x[1:])
    assert points.x.shape == (1, 2)  # one number is asked for, once
    np.testing.assert_allclose(found, [[8 / 9]], rtol=1e-13)


def test_observations_of_components_and_of_operators():
    x = jnp.asarray([[0.1, 0.2], [0.3, 1.0], [0.9, 1.5]])
    u = lambda y: jnp.stack([y[0] * y[1], jnp.sin(y[0])])
    data = Observations(x, jnp.sin(x[:, 0]) + 1.0, of="v")
    found, points = residuals(SPACETIME, data, u, ("u", "v"))
    np.testing.assert_allclose(found, -1, rtol=1e-14)
    assert points.w.shape == (3,) and float(points.w.sum()) == pytest.approx(1)
    slopes = Observations(x, x[:, 1], operator=lambda u, y: partial(u, 0)(y), of="u")
    np.testing.assert_allclose(residuals(SPACETIME, slopes, u, ("u", "v"))[0], 0, atol=1e-15)
    drawn = residuals(SPACETIME, Observations(x, x[:, 1]), lambda y: y[1:], n=2)[1]
    assert drawn.x.shape == (2, 2) and np.isin(drawn.x[:, 0], x[:, 0]).all()


def test_components_keep_their_order():
    """A velocity on the walls, nothing said of the pressure."""
    u = lambda x: jnp.stack([x[0], 10 + x[1], 20 + x[0]])
    found, points = residuals(Box.cube(2), Boundary(Dirichlet((0.0, 0.0)), of=("v", "p")), u, ("u", "v", "p"))
    np.testing.assert_allclose(found, np.stack([10 + points.x[:, 1], 20 + points.x[:, 0]], axis=1))


def test_equation_on_a_part_of_the_domain():
    inside = Ball((0.5, 0.5), 0.3)
    condition = Interior(Poisson(source=4.0), on=inside, of="w")
    found, points = residuals(Box.cube(2), condition, lambda x: jnp.stack([x[0], -jnp.sum(x**2)]), ("u", "w"))
    assert (np.linalg.norm(points.x - 0.5, axis=1) <= 0.3).all()
    np.testing.assert_allclose(found, 0, atol=1e-12)
    moving = asked(Box.cube(2) * Box.of(t=(0.0, 5.0)), Interior(zero_law, on=inside))
    assert moving.x.shape == (64, 3) and moving.x[:, 2].max() > 4


def test_gradients_of_the_residual_are_asked_for_too():
    """r = u = x^2 y with derivatives 2 x y and x^2, which count with the weight 0.01."""
    found, points = residuals(
        Box.cube(2), Interior(lambda u, x: u(x), gradients=0.01, name="g"), lambda x: x[:1] ** 2 * x[1:]
    )
    x, y = points.x.T
    np.testing.assert_allclose(found, np.stack([x**2 * y, 0.1 * 2 * x * y, 0.1 * x**2], axis=1), rtol=1e-13)


def test_systems_take_all_components():
    wave = Wave(speed=2.0)
    standing = wave.exact(SPACETIME, lambda x: jnp.sin(x))
    problem = Problem(SPACETIME, wave, [Initial(lambda x: standing(x))])
    assert problem.names == ("u", "v")
    for condition in problem.conditions:
        term = Term(condition, problem.space, None, 16, Uniform())
        found = jax.jit(lambda key, term=term: term.residuals(problem.candidate(standing), term.points(key)))
        np.testing.assert_allclose(found(jax.random.key(0)), 0, atol=1e-11)


@pytest.mark.parametrize(
    "condition",
    [
        Boundary(Dirichlet(0.0)),
        Boundary(Dirichlet(0.0), where=lambda x: x[1] > 0.2),
        Initial(0.0),
        PeriodicSides("x"),
        Interior(zero_law),
    ],
)
def test_weights_are_those_of_a_mean(condition):
    points = asked(SPACETIME, condition, n=7)
    assert points.x.shape == (7, 2)
    assert float(points.w.sum()) == pytest.approx(1, rel=1e-12)


def test_one_point_is_drawn_from_all_walls():
    assert asked(SPACETIME, Boundary(Dirichlet(0.0)), n=1).x.shape == (1, 2)


def test_mean_over_walls_weighs_them_by_their_area():
    slab = Box.of(x=(0.0, 4.0), y=(0.0, 1.0))
    points = asked(slab, Boundary(Dirichlet(0.0)), n=11)
    on_long = np.isin(points.x[:, 1], [0.0, 1.0])
    assert float(np.sum(points.w * on_long)) == pytest.approx(0.8, rel=1e-12)


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: Boundary(Dirichlet(0.0), where=lambda x: x[0] > 2), "holds at none of"),
        (lambda: Boundary(Free()), "asks nothing of a wall"),
        (lambda: Boundary(Periodic()), "PeriodicSides"),
        (lambda: Boundary(Dirichlet(0.0), on="z"), "no axis 'z'"),
        (lambda: Boundary(Dirichlet(0.0), of="w"), "speaks of w"),
        (lambda: Observations(jnp.zeros((0, 2)), jnp.zeros((0, 1))), "the same n > 0"),
        (lambda: Observations(jnp.ones((1, 2)), jnp.asarray([jnp.nan])), "not finite"),
        (lambda: Initial(), "a value, a rate, or both"),
        (lambda: Interior(zero_law, name="equation"), "Two conditions have the name equation"),
        (lambda: IntegralCondition(0.0, over="y"), "no axis 'y'"),
        (lambda: Interface(("a", "b"), "u", SPACETIME.side("x", "upper")), "as many components"),
    ],
)
def test_conditions_that_ask_nowhere_or_of_nobody_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        Problem(SPACETIME, zero_law, [make()])


def test_periodic_domain_has_no_walls_and_a_stationary_one_no_beginning():
    with pytest.raises(ValueError, match="has no walls in space"):
        Problem(Box.of(periodic=("x",), x=(0.0, 1.0), t=(0.0, 1.0)), zero_law, [Boundary(Dirichlet(0.0))])
    with pytest.raises(ValueError, match="no axis 't'"):
        Problem(Box.cube(2), zero_law, [Initial(0.0)])
    with pytest.raises(ValueError, match="at least one point"):
        asked(SPACETIME, Initial(0.0), n=0)
