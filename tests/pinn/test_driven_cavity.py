"""The driven cavity: the flow in its corners, the walls that carry it, and the reference without it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data import read_comsol
from neuralpde.pinn import problems
from neuralpde.pinn.problems.driven_corners import driven_corners, driven_walls

SIDE = np.linspace(0, 1, 9)
values_of = lambda f, x: np.asarray(jax.jit(jax.vmap(f))(x))


def test_the_flow_of_the_corners_solves_stokes_equations():
    viscosity, flow = 0.3, lambda x: driven_corners(x, 0.3, (4.0, 2.5))

    def lacks(x):
        gradient, second = jax.jacfwd(flow)(x), jax.hessian(flow)(x)
        momentum = viscosity * jnp.trace(second[:2], axis1=1, axis2=2) - gradient[2]
        return jnp.append(momentum, gradient[0, 0] + gradient[1, 1]), gradient

    missed, gradients = jax.jit(jax.vmap(lacks))(np.random.default_rng(0).random((50, 2)))
    assert np.abs(gradients).max() > 1
    np.testing.assert_allclose(missed, 0, atol=1e-12)


def test_close_to_a_corner_the_lid_moves_and_the_wall_rests():
    flow = lambda x: driven_corners(x, 0.3, (4.0, 2.5))
    near = 1e-6
    lid, wall = values_of(flow, np.array([[near, 1], [1 - near, 1], [0, 1 - near], [1, 1 - near]])).reshape(2, 2, 3)
    background = values_of(flow, np.array([[0.0, 1], [1, 1]]))
    np.testing.assert_allclose((lid - background)[:, 0], [near * (4 - 2.5), near * (2.5 - 4)], rtol=1e-4)
    opposite = lambda x, y: values_of(flow, np.array([[x, y]]))[0]
    assert np.isinf(opposite(0.0, 1.0)[2]) and lid[0, 2] < 0 < lid[1, 2]
    np.testing.assert_allclose(wall[:, :2], background[:, :2], atol=1e-5)


def test_walls_are_right_all_around():
    one, lid = np.ones(9), 4 * SIDE * (1 - SIDE)
    for x, y, speed in ((SIDE, one, lid), (SIDE, 0 * one, 0), (0 * one, SIDE, 0), (one, SIDE, 0)):
        found = values_of(lambda x: driven_walls(x, 0.01), np.stack([x, y], -1))
        np.testing.assert_allclose(found[:, 0], speed, atol=1e-14)
        np.testing.assert_allclose(found[:, 1], 0, atol=1e-14)


def test_residuals_of_the_walls_stay_small_in_the_corners():
    """What the form alone misses is bounded there; with the lid's speed carried down by y it grows like 1 / r."""
    form = problems.cavity(points=9)
    equation, near = form.conditions[0].equation, np.array([[1e-4, 1 - 1e-4], [1 - 1e-4, 1 - 2e-4]])
    residual = values_of(lambda x: equation.residual(lambda x: driven_walls(x, 0.01), x), near)
    assert np.abs(residual).max() < 10


def test_the_cavity_is_in_balance():
    """Its residuals by automatic differentiation; nothing flows through a section in all."""
    problem = problems.cavity(points=25)
    equation, u = problem.conditions[0].equation, problem.reference
    at = np.array([[0.5, 0.5], [0.31, 0.62], [0.7, 0.4], [0.02, 0.98], [0.99, 0.97]])
    residual = values_of(lambda x: equation.residual(u, x), at)
    np.testing.assert_allclose(residual[:3], 0, atol=1e-4)
    np.testing.assert_allclose(residual[3:], 0, atol=1e-2)
    y, weights = np.polynomial.legendre.leggauss(20)
    through = values_of(u, np.stack([np.full(20, 0.4), (1 + y) / 2], -1))[:, 0] @ weights
    np.testing.assert_allclose(through, 0, atol=1e-6)
    on_lid = values_of(u, np.stack([SIDE, np.ones(9)], -1))
    np.testing.assert_allclose(on_lid[:, 0], 4 * SIDE * (1 - SIDE), atol=1e-12)
    np.testing.assert_allclose(u(jnp.zeros(2)), 0, atol=1e-12)
    with pytest.raises(ValueError, match="no steady flow"):
        problems.cavity(reynolds=1e6, points=9)


@pytest.mark.slow
def test_the_reference_converges():
    x = np.random.default_rng(0).random((400, 2))
    coarse, fine, truth = (values_of(problems.cavity(points=n).reference, x) for n in (17, 25, 41))
    errors = [np.linalg.norm(u - truth, axis=0) / np.linalg.norm(truth, axis=0) for u in (coarse, fine)]
    print(f"cavity: relative L2 of u, v, p with 17 points {errors[0]}, with 25 {errors[1]}")
    assert (errors[1] < [2e-5, 2e-5, 3e-4]).all() and (errors[1] < errors[0] / 3).all()


@pytest.mark.external
def test_the_published_cavity(external_data):
    data = read_comsol(external_data / "pinnacle" / "lid_driven_a4.dat")
    inside = ~((data.on.x[:, 1] == 1) & np.isin(data.on.x[:, 0], (0, 1)))
    u = values_of(problems.cavity(points=25).reference, data.on.x[inside])
    distances = np.linalg.norm(data.values[inside] - u, axis=0) / np.linalg.norm(u, axis=0)
    print("lid_driven_a4.dat: relative L2 of u, v, p " + " ".join(f"{d:.1e}" for d in distances))
    assert (distances[:2] < 5e-4).all() and distances[2] < 3e-3
