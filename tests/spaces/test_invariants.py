"""The promises of the abstraction: grids by value, no overhead under jit, transformations never refused."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.spaces import Box, Field, FunctionSpace, Grid, Points

PERIODIC = Box.cube(2, periodic=True)


def make(values, n=8):
    return Field(values, Box.cube(2, periodic=True).grid(n), FunctionSpace(Box.cube(2, periodic=True)))


def test_rebuilding_an_equal_grid_retraces_nothing():
    traces = 0

    @jax.jit
    def laplacian(u):
        nonlocal traces
        traces += 1
        return u.laplacian()

    for i in range(3):
        laplacian(make(jnp.full((8, 8, 1), float(i))))
    assert traces == 1
    assert hash(PERIODIC.grid(8)) == hash(Box.cube(2, periodic=True).grid(8))
    assert PERIODIC.grid(8) != PERIODIC.grid(9)


def test_a_grid_field_has_exactly_one_leaf():
    assert len(jax.tree.leaves(make(jnp.zeros((8, 8, 1))))) == 1


def operations(f, *args):
    text = jax.jit(f).lower(*args).compile().as_text()
    return sum(" = " in line for line in text.splitlines())


def test_fields_cost_no_operation_over_bare_arrays():
    u = make(jnp.ones((8, 8, 1)))
    on_fields = operations(lambda a, b: 2 * a + a * b - b / 3, u, u)
    on_arrays = operations(lambda a, b: 2 * a + a * b - b / 3, u.values, u.values)
    assert on_fields == on_arrays


def test_coordinates_are_no_constants_of_the_compiled_program():
    grid = PERIODIC.grid(64)
    text = jax.jit(lambda u: u * grid.coords().sum(-1)).lower(jnp.ones((64, 64))).as_text()
    assert len(text) < 20_000 and "dense_resource" not in text


def test_transformations_are_never_refused(key):
    batch = Field.stack(jax.random.normal(key, (5, 8, 8, 1)), PERIODIC.grid(8), FunctionSpace(PERIODIC))
    norms = jax.vmap(lambda u: u.norm())(batch)
    assert norms.shape == (5,)
    doubled = jax.tree.map(lambda a: 2 * a, batch)
    np.testing.assert_allclose(jax.vmap(lambda u: u.norm())(doubled), 2 * norms)
    final, _ = jax.lax.scan(lambda u, _: (0.5 * u, None), make(batch.values[0]), length=3)
    np.testing.assert_allclose(final.values, batch.values[0] / 8)
    gradient = jax.grad(lambda u: u.norm() ** 2)(make(batch.values[0]))
    np.testing.assert_allclose(gradient.values, 2 * batch.values[0] / 64, rtol=1e-12)


def test_a_field_is_the_state_of_a_diffrax_solve():
    x = PERIODIC.grid(16).coords()[..., :1]
    start = make(jnp.sin(2 * jnp.pi * x), 16)
    heat = diffrax.ODETerm(lambda t, u, args: 0.01 * u.laplacian())
    solution = diffrax.diffeqsolve(
        heat, diffrax.Tsit5(), 0.0, 1.0, 0.01, start, stepsize_controller=diffrax.PIDController(rtol=1e-8, atol=1e-8)
    )
    expected = jnp.exp(-0.01 * (2 * jnp.pi) ** 2) * start.values
    np.testing.assert_allclose(solution.ys.values[0], expected, atol=1e-7)


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("layout", ["periodic", "nodes", "cells", "chebyshev"])
def test_weights_add_up_to_the_volume(layout, dim):
    box = Box.cube(dim, -0.3, 1.4, periodic=layout == "periodic")
    grid = box.grid(*range(5, 5 + dim), layout=layout)
    np.testing.assert_allclose(grid.weights().sum(), box.volume, rtol=1e-14)
    np.testing.assert_allclose(grid.integrate(jnp.ones((*grid.shape, 1))), [box.volume], rtol=1e-14)


@pytest.mark.parametrize("n", [3, 4, 9, 12])
def test_clenshaw_curtis_integrates_polynomials_of_degree_below_n(n):
    grid = Box.of(x=(-1.0, 2.0)).grid(n, layout="chebyshev")
    x = grid.coords()
    for degree in range(n):
        exact = (2.0 ** (degree + 1) - (-1.0) ** (degree + 1)) / (degree + 1)
        np.testing.assert_allclose(grid.integrate(x**degree), [exact], rtol=1e-12)


def test_masked_points_do_not_count(key):
    box = Box.cube(2)
    mask = jnp.arange(10) < 4
    points = Points(box.sample(key, 10), box, mask=mask)
    np.testing.assert_allclose(points.weights().sum(), 1, rtol=1e-12)
    assert not points.weights()[4:].any()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((Box.cube(2), (4,), None), "needs 2 sizes"),
        ((Box.cube(1), (4,), "hexagons"), "Unknown layout"),
        ((Box.cube(1), (4,), "periodic"), "periodic=False but layout"),
        ((Box.cube(1, periodic=True), (4,), "nodes"), "periodic=True but layout"),
        ((Box.cube(1), (1,), "nodes"), "too small"),
    ],
)
def test_impossible_grids_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Grid(*arguments)
