"""The elliptic solver against manufactured solutions, a direct solver, and the conservation law it comes from."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg
from convergence import observed_order
from solvers.elliptic_convergence import PROBLEMS

from neuralpde.equations import Darcy, Poisson
from neuralpde.solvers import solve_elliptic
from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace, Grid, Neumann, Periodic, Robin

SQUARE = Box.cube(2)
CLAMPED = FunctionSpace(SQUARE, ("u",), Dirichlet(0.0))


def two_phase(on: Grid, low=3.0, high=12.0, seed=0, dtype=None) -> Field:
    """A medium of two values with interfaces that follow no grid line."""
    x = on.coords()
    direction, phase = np.random.default_rng(seed).uniform(2, 9, (2, on.domain.dim))
    pattern = jnp.prod(jnp.sin(direction * x + phase), axis=-1)
    values = jnp.where(pattern >= 0, high, low)[..., None]
    return Field(values.astype(dtype or values.dtype), on, FunctionSpace(on.domain, ("a",)))


@pytest.mark.parametrize("name", PROBLEMS)
def test_solution_converges_with_order_two(name):
    assert observed_order(PROBLEMS[name].errors()) > 1.9


def test_layers_that_carry_one_flux_are_solved_exactly():
    # Three quarters of the resistance lie in the left half: u = 3/4 at the interface, linear on both sides.
    space = FunctionSpace(SQUARE, ("u",), [(Dirichlet(0.0), Dirichlet(1.0)), Neumann(0.0)])
    on = SQUARE.grid(12)
    x = on.coords()[..., :1]
    medium = Field(jnp.where(x < 0.5, 1.0, 3.0), on, FunctionSpace(SQUARE, ("a",)))
    found = solve_elliptic(Darcy(medium, 0.0), space, on)
    exact = jnp.where(x < 0.5, 1.5 * x, 0.75 + 0.5 * (x - 0.5))
    assert jnp.max(jnp.abs(found.field.values - exact)) < 1e-9


def direct_solution(a: np.ndarray, f: np.ndarray, left: float, right_slope: float, spacing) -> np.ndarray:
    """The same discrete problem assembled cell by cell and factored: u = left at x = 0, du/dx = right_slope at
    the other end, periodic in y."""
    nx, ny = a.shape
    hx, hy = spacing
    number = lambda i, j: i * ny + j % ny
    matrix, b = scipy.sparse.lil_matrix((nx * ny, nx * ny)), f.reshape(-1).copy()

    def couple(p, q, ap, aq, h):
        t = 2 / (1 / ap + 1 / aq) / h**2
        for one, other in ((p, q), (q, p)):
            matrix[one, one] += t
            matrix[one, other] -= t

    for i in range(nx):
        for j in range(ny):
            if i + 1 < nx:
                couple(number(i, j), number(i + 1, j), a[i, j], a[i + 1, j], hx)
            couple(number(i, j), number(i, j + 1), a[i, j], a[i, (j + 1) % ny], hy)
    for j in range(ny):
        matrix[number(0, j), number(0, j)] += 2 * a[0, j] / hx**2
        b[number(0, j)] += 2 * a[0, j] / hx**2 * left
        b[number(nx - 1, j)] += a[nx - 1, j] * right_slope / hx
    return scipy.sparse.linalg.spsolve(matrix.tocsc(), b).reshape(nx, ny)


@pytest.mark.parametrize("shape", [(12, 10), (9, 13)])
def test_solution_agrees_with_a_direct_solver(shape):
    box = Box.of(periodic=("y",), x=(0.0, 1.0), y=(0.0, 2.0))
    space = FunctionSpace(box, ("u",), [(Dirichlet(0.7), Neumann(-0.4)), Periodic()])
    on = Grid(box, shape, "cells")
    rng = np.random.default_rng(1)
    a, f = rng.choice([3.0, 12.0], shape), rng.standard_normal(shape)
    # At the wall of given flux the medium does not change, so that there is one value to use.
    a[-2:] = a[-1:]
    free = space.free()
    found = solve_elliptic(Darcy(Field(a[..., None], on, free), Field(f[..., None], on, free)), space, on)
    expected = direct_solution(a, f, 0.7, -0.4, on.spacing)
    np.testing.assert_allclose(found.field.values[..., 0], expected, rtol=1e-7, atol=1e-9)
    assert found.residual <= 1e-10


def test_all_that_is_produced_flows_out_through_the_walls():
    on = Grid(SQUARE, (10, 7))
    medium = two_phase(on)
    rng = np.random.default_rng(2)
    f = Field(jnp.asarray(rng.standard_normal((10, 7, 1))), on, CLAMPED.free())
    u = solve_elliptic(Darcy(medium, f), CLAMPED, on).field.values[..., 0]
    a, (hx, hy) = medium.values[..., 0], on.spacing
    outflow = sum(jnp.sum(2 * a[i] * u[i] / hx) * hy + jnp.sum(2 * a[:, i] * u[:, i] / hy) * hx for i in (0, -1))
    assert jnp.abs(outflow - f.integral()[0]) < 1e-10


def test_positive_source_gives_positive_pressure():
    on = SQUARE.grid(8)
    assert jnp.min(solve_elliptic(Darcy(two_phase(on), 1.0), CLAMPED, on).field.values) > 0


def test_poisson_equation_is_darcy_in_a_uniform_medium():
    on = SQUARE.grid(16)
    poisson = solve_elliptic(Poisson(6.0), CLAMPED, on).field.values
    darcy = solve_elliptic(Darcy(2.0, 12.0), CLAMPED, on).field.values
    np.testing.assert_allclose(poisson, darcy, rtol=1e-9)
    # Value at the centre of the unit square for -Laplace u = 1: 0.07367 (Timoshenko, torsion of a square bar).
    assert abs(float(poisson[7:9, 7:9].mean()) / 6 - 0.07367) < 1e-3


@pytest.mark.parametrize("condition", [Neumann(0.0), Robin(0.0, 2.0, 0.0)])
def test_solution_free_by_a_constant_has_mean_zero(condition):
    space = FunctionSpace(SQUARE, ("u",), condition)
    on = SQUARE.grid(16)
    f = Field(jnp.cos(jnp.pi * on.coords()[..., :1]) + 5.0, on, space.free())
    found = solve_elliptic(Poisson(f), space, on)
    assert jnp.abs(found.field.values.mean()) < 1e-14
    exact = jnp.cos(jnp.pi * on.coords()[..., :1]) / jnp.pi**2
    assert jnp.max(jnp.abs(found.field.values - exact)) < 4e-4


def test_no_source_gives_no_solution_without_iterating():
    found = solve_elliptic(Darcy(1.0, 0.0), CLAMPED, SQUARE.grid(8))
    assert found.iterations == 0 and found.residual == 0 and not jnp.any(found.field.values)


@pytest.mark.parametrize("shape", [(64, 64), (33, 33), (96, 12), (200,), (12, 12, 12)])
def test_iterations_do_not_grow_with_the_grid(shape):
    box = Box.cube(len(shape))
    on = Grid(box, shape)
    found = solve_elliptic(Darcy(two_phase(on), 1.0), FunctionSpace(box, ("u",), Dirichlet(0.0)), on)
    assert found.residual <= 1e-10
    assert found.iterations <= 12


@pytest.mark.parametrize("contrast", [1.0, 4.0, 100.0, 1e4])
def test_iterations_hardly_grow_with_the_contrast(contrast):
    on = SQUARE.grid(48)
    found = solve_elliptic(Darcy(two_phase(on, 1.0, contrast), 1.0), CLAMPED, on)
    assert found.iterations <= 24


def test_batch_by_vmap_is_the_same_as_one_at_a_time():
    on = SQUARE.grid(8)
    media = jnp.stack([two_phase(on, seed=seed).values for seed in range(3)] + [jnp.ones((8, 8, 1))])
    solve = lambda a: solve_elliptic(Darcy(Field(a, on, CLAMPED.free(("a",))), 1.0), CLAMPED, on)
    together = jax.vmap(solve)(media)
    for i, medium in enumerate(media):
        alone = solve(medium)
        np.testing.assert_allclose(together.field.values[i], alone.field.values, rtol=1e-8)
        assert together.iterations[i] == alone.iterations


def test_single_precision_is_kept_and_accurate_to_its_round_off():
    on = SQUARE.grid(24)
    double = solve_elliptic(Darcy(two_phase(on), 1.0), CLAMPED, on).field.values
    single = solve_elliptic(Darcy(two_phase(on, dtype=jnp.float32), 1.0), CLAMPED, on)
    assert single.field.values.dtype == jnp.float32
    assert single.iterations <= 9
    assert jnp.linalg.norm(single.field.values - double) < 2e-5 * jnp.linalg.norm(double)


@pytest.mark.parametrize("condition", [Dirichlet(0.0), Neumann(0.0)])
def test_derivatives_match_finite_differences_forward_and_backward(condition):
    space = FunctionSpace(SQUARE, ("u",), condition)
    on = Grid(SQUARE, (7, 6))
    rng = np.random.default_rng(3)
    a, direction = jnp.asarray(rng.uniform(1, 4, (7, 6, 1))), jnp.asarray(rng.standard_normal((7, 6, 1)))
    f = Field(jnp.asarray(rng.standard_normal((7, 6, 1))), on, space.free())

    @jax.jit
    def energy(values):
        equation = Darcy(Field(values, on, space.free(("a",))), f)
        return jnp.sum(solve_elliptic(equation, space, on, tolerance=1e-13).field.values ** 2)

    step = 1e-5
    expected = (energy(a + step * direction) - energy(a - step * direction)) / (2 * step)
    forward = jax.jvp(energy, (a,), (direction,))[1]
    backward = jnp.vdot(jax.grad(energy)(a), direction)
    np.testing.assert_allclose([forward, backward], expected, rtol=1e-6)


@pytest.mark.parametrize(
    "space, on, message",
    [
        (FunctionSpace(SQUARE, ("u",)), SQUARE.grid(8), "Free.* on axis 'x'"),
        (FunctionSpace(SQUARE, ("u",), Robin(-1.0, 1.0)), SQUARE.grid(8), "a / b >= 0"),
        (CLAMPED, SQUARE.grid(8, layout="nodes"), "works on cells"),
        (FunctionSpace(SQUARE, ("u", "v"), Dirichlet(0.0)), SQUARE.grid(8), "one component"),
        (CLAMPED, Box.cube(2, 0.0, 2.0).grid(8), "use one domain"),
    ],
)
def test_unsuitable_problem_is_refused(space, on, message):
    with pytest.raises(ValueError, match=message):
        solve_elliptic(Darcy(1.0, 1.0), space, on)
