"""Fields: validation, arithmetic, calculus identities, evaluation anywhere, integrals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.spaces import Axis, Box, ClosedForm, Dirichlet, Field, FunctionSpace, Neumann, Points

BOX = Box((Axis("x", -1.0, 1.0), Axis("y", 0.0, 3.0)))
SPACE = FunctionSpace(BOX)
LAYOUTS = ["nodes", "cells", "chebyshev"]


def polynomial(x):
    return (x[0] ** 2 * x[1] - 2 * x[0] + 0.5 * x[1] ** 3)[None]


def sample(f, box, shape, layout=None, names=("u",), boundary=None):
    return ClosedForm(f, FunctionSpace(box, names, boundary)).sample(box.grid(*shape, layout=layout))


def test_wrong_shape_names_the_expected_one():
    with pytest.raises(ValueError, match=r"expects values of shape \(4, 5, 1\).*got \(5, 4, 1\)"):
        Field(jnp.zeros((5, 4, 1)), BOX.grid(4, 5), SPACE)


def test_grid_and_space_must_share_a_domain():
    with pytest.raises(ValueError, match="discretisation lives on"):
        Field(jnp.zeros((4, 4, 1)), Box.cube(2).grid(4), SPACE)


def test_different_grids_are_refused_with_a_remedy():
    u, v = (Field(jnp.ones((n, n, 1)), BOX.grid(n), SPACE) for n in (4, 8))
    with pytest.raises(ValueError, match=r"u.resample\(v.on\)"):
        u + v


def test_arithmetic_is_pointwise(key):
    a, b = jax.random.uniform(key, (2, 4, 5, 1), minval=0.5)
    u, v = (Field(values, BOX.grid(4, 5), SPACE) for values in (a, b))
    np.testing.assert_allclose((2 * u - v / 3 + 1).values, 2 * a - b / 3 + 1)
    np.testing.assert_allclose((1 - u).values, 1 - a)
    np.testing.assert_allclose((u * v / (u + v) ** 2).values, a * b / (a + b) ** 2)
    np.testing.assert_allclose((-u).values, -a)


def test_linear_combinations_keep_conditions_and_products_forget_them():
    space = FunctionSpace(BOX, ("u",), Dirichlet(0.0))
    u = Field(jnp.ones((4, 4, 1)), BOX.grid(4), space)
    assert (u + 2 * u).space == space
    assert (u * u).space == (u + 1).space == space.free()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("method", [None, "spectral", "cubic"])
def test_polynomials_are_reproduced_at_scattered_points(layout, method, key):
    if method == "spectral" and layout != "chebyshev":
        pytest.skip("no series on free uniform axes")
    u = sample(polynomial, BOX, (8, 9), layout)
    x = BOX.sample(key, 20)
    np.testing.assert_allclose(u.at(x, method), jax.vmap(polynomial)(x), atol=1e-11)
    if method is None:
        np.testing.assert_allclose(u(x[3]), u.at(x)[3], atol=1e-13)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_slopes_on_walls_are_those_from_inside(layout):
    u = sample(polynomial, BOX, (8, 9), layout)
    for corner in ([-1.0, 0.0], [-1.0, 3.0], [1.0, 0.0], [1.0, 3.0]):
        x = jnp.asarray(corner)
        np.testing.assert_allclose(jax.jacfwd(u)(x), jax.jacfwd(polynomial)(x), atol=1e-11)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_resampling_a_polynomial_to_any_layout_is_exact(layout):
    u = sample(polynomial, BOX, (10, 12), layout)
    for other in LAYOUTS:
        fine = BOX.grid(7, 15, layout=other)
        np.testing.assert_allclose(u.resample(fine).values, sample(polynomial, BOX, (7, 15), other).values, atol=1e-10)


def test_resampling_onto_an_equal_grid_returns_the_field():
    u = sample(polynomial, BOX, (4, 4))
    assert u.resample(Box(BOX.axes).grid(4)) is u


@pytest.mark.parametrize("wall", [Dirichlet(0.0), Neumann(0.0)])
@pytest.mark.parametrize("layout", ["nodes", "cells"])
def test_series_on_walls_resample_their_modes_exactly(wall, layout):
    f = jnp.sin if isinstance(wall, Dirichlet) else jnp.cos
    wave = lambda x: (f(3 * jnp.pi * (x[0] + 1) / 2) * f(2 * jnp.pi * x[1] / 3))[None]
    u = sample(wave, BOX, (16, 12), layout, boundary=wall)
    there = sample(wave, BOX, (33, 20), "cells", boundary=wall)
    np.testing.assert_allclose(u.resample(there.on).values, there.values, atol=1e-12)


def test_coarsening_a_periodic_field_drops_what_the_grid_cannot_hold():
    box = Box.cube(1, periodic=True)
    u = sample(lambda x: jnp.cos(2 * jnp.pi * x) + jnp.cos(12 * jnp.pi * x), box, (32,))
    coarse = u.resample(box.grid(8))
    np.testing.assert_allclose(coarse.values, jnp.cos(2 * jnp.pi * coarse.on.coords()), atol=1e-12)


def test_scattered_points_reproduce_linear_functions(key):
    points = Points.random(BOX, 80, key=key)
    linear = lambda x: jnp.stack([2 * x[0] - x[1] + 3, x[1]])
    u = ClosedForm(linear, FunctionSpace(BOX, ("a", "b"))).sample(points)
    x = BOX.sample(jax.random.key(1), 15)
    np.testing.assert_allclose(u.at(x), jax.vmap(linear)(x), atol=1e-6)
    assert u.resample(BOX.grid(5)).values.shape == (5, 5, 2)


def test_derivatives_are_in_the_units_of_the_domain():
    u = sample(polynomial, BOX, (12, 10), "chebyshev")
    x, y = jnp.moveaxis(u.on.coords(), -1, 0)
    gradient = u.grad()
    assert gradient.space.names == ("u_x", "u_y")
    np.testing.assert_allclose(gradient.values[..., 0], 2 * x * y - 2, atol=1e-10)
    np.testing.assert_allclose(gradient.values[..., 1], x**2 + 1.5 * y**2, atol=1e-10)
    np.testing.assert_allclose(u.laplacian().values[..., 0], 2 * y + 3 * y, atol=1e-8)


@pytest.mark.parametrize("method", [None, 2, 6])
def test_divergence_of_a_curl_and_curl_of_a_gradient_vanish(method, key):
    box = Box.cube(3, periodic=True)
    grid = box.grid(8, 10, 9)
    vector = Field(jax.random.normal(key, (8, 10, 9, 3)), grid, FunctionSpace(box, ("u", "v", "w")))
    scalar = Field(jax.random.normal(key, (8, 10, 9, 1)), grid, FunctionSpace(box))
    np.testing.assert_allclose(vector.curl(method).div(method).values, 0, atol=1e-9)
    np.testing.assert_allclose(scalar.grad(method).curl(method).values, 0, atol=1e-9)


def test_curl_in_the_plane_is_twice_the_angular_velocity():
    spin = lambda x: jnp.stack([-x[1], x[0]])
    u = sample(spin, BOX, (8, 8), "nodes", names=("u", "v"))
    np.testing.assert_allclose(u.curl().values, 2, atol=1e-10)
    np.testing.assert_allclose(u.div().values, 0, atol=1e-10)


def test_vector_calculus_asks_for_vectors():
    with pytest.raises(ValueError, match="needs a vector field with 2 components"):
        sample(polynomial, BOX, (8, 8)).div()


def test_differentiation_by_parts_holds_on_periodic_grids(key):
    box = Box.cube(2, periodic=True)
    u, v = (Field(values, box.grid(16), FunctionSpace(box)) for values in jax.random.normal(key, (2, 16, 16, 1)))
    np.testing.assert_allclose(u.diff(0).inner(v), -u.inner(v.diff(0)), rtol=1e-10)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_integral_mean_and_norm_of_a_linear_function(layout):
    u = sample(lambda x: (2 * x[1])[None], BOX, (9, 11), layout)
    np.testing.assert_allclose(u.integral(), [18.0], rtol=1e-12)
    np.testing.assert_allclose(u.mean(), [3.0], rtol=1e-12)
    np.testing.assert_allclose(u.norm(float("inf")), jnp.abs(u.values).max())


def test_spectral_derivative_without_a_series_says_what_to_use():
    with pytest.raises(ValueError, match="use method=2, 4 or 6"):
        sample(polynomial, BOX, (8, 8), "nodes").diff(0, 1, "spectral")


def test_too_few_points_for_a_stencil_are_refused():
    with pytest.raises(ValueError, match="needs 7 points on axis 'x', got 4"):
        sample(polynomial, BOX, (4, 8), "nodes").diff(0, 1, 6)
