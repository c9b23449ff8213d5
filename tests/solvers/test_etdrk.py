"""Exponential integrators: orders in time, accuracy in space, exact solutions, conservation, agreement of two schemes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from convergence import observed_order
from solvers.spectral_convergence import ORDERS, PROBLEMS, QUICK, TORUS, at_time, last, ring, vorticity_errors, whirls

from neuralpde.equations import (
    Advection,
    AllenCahn,
    Burgers,
    Darcy,
    Diffusion,
    FisherKPP,
    GinzburgLandau,
    KortewegDeVries,
    Schroedinger,
    VectorBurgers,
    Vorticity,
    Wave,
    diagonal_forcing,
)
from neuralpde.solvers import ETDRK, CrankNicolsonVorticity
from neuralpde.solvers.phi import phi_of_matrices, phi_of_numbers
from neuralpde.spaces import Box, ClosedForm, Field, FunctionSpace, Grid, relative_l2

CASES = [
    pytest.param(name, order, marks=() if (name, order) in QUICK else pytest.mark.slow)
    for name in PROBLEMS
    for order in ORDERS
]


@pytest.mark.parametrize("name, order", CASES)
def test_solution_converges_with_the_order_of_the_method(name, order):
    assert observed_order(PROBLEMS[name].errors(order)) == pytest.approx(order, abs=0.2)


def test_two_schemes_for_vorticity_meet_with_the_order_of_the_lower_one():
    errors = vorticity_errors()
    assert observed_order(errors) == pytest.approx(1, abs=0.1)
    assert errors[-1] < 2e-3


# The phi functions against contour integrals (Kassam & Trefethen) and against the exponential of a larger matrix.


@pytest.mark.parametrize("direction", [-1.0, 1j, -1 + 2j])
def test_phi_of_numbers_are_their_means_over_circles(direction):
    z = direction * np.asarray([0.0, 1e-9, 1e-4, 0.03, 0.4, 0.99, 1.01, 3.0, 30.0])
    circle = z[:, None] + 2 * np.exp(2j * np.pi * (np.arange(64) + 0.5) / 64)
    term = np.exp(circle)
    for k, found in enumerate(jax.jit(phi_of_numbers)(jnp.asarray(z))):
        np.testing.assert_allclose(found, term.mean(1), rtol=2e-14, atol=1e-15, err_msg=f"phi_{k}")
        term = (term - [1, 1, 0.5, 1 / 6][k]) / circle


def test_phi_of_real_numbers_is_real_and_keeps_single_precision():
    z = -jnp.asarray([0.0, 1e-3, 0.5, 2.0, 1e5], jnp.float32)
    exact = jax.jit(phi_of_numbers)(z.astype(float))
    for found, truth in zip(jax.jit(phi_of_numbers)(z), exact, strict=True):
        assert found.dtype == jnp.float32
        np.testing.assert_allclose(found, truth, rtol=1e-5)


@pytest.mark.parametrize("size", [0.0, 1e-3, 0.7, 5.0, 60.0])
def test_phi_of_matrices_agree_with_the_exponential_of_an_augmented_matrix(size):
    # exp((A I 0 0; 0 0 I 0; 0 0 0 I; 0 0 0 0)) has phi_0 to phi_3 in its first row of blocks.
    a = np.stack([[[0.0, 1.0], [-(size**2), 0.0]], [[-size, 0.3], [-0.3, -2 * size]], [[0.0, 1.0], [0.0, 0.0]]])
    found = jax.jit(phi_of_matrices)(jnp.asarray(a).transpose(1, 2, 0))
    for i, matrix in enumerate(a):
        augmented = np.zeros((8, 8))
        augmented[:2, :2] = matrix
        augmented[:6, 2:] += np.eye(6)
        exact = scipy.linalg.expm(augmented)[:2].reshape(2, 4, 2).transpose(1, 0, 2)
        for k in range(4):
            np.testing.assert_allclose(found[k][..., i], exact[k], rtol=1e-10, atol=1e-12, err_msg=f"phi_{k}")


# Linear equations: the exact propagator, whatever the step.


def solved(equation, exact, on, times=(0.0, 0.5, 1.0), solver=None):
    """The largest relative L2 error at the given times of a solution that starts on an exact one."""
    solver = ETDRK(1.0) if solver is None else solver

    @jax.jit
    def error():
        found = solver.solve(equation, at_time(exact, on, times[0]), times)
        truth = jax.vmap(lambda t: at_time(exact, on, t))(found.times)
        return jnp.max(jax.vmap(relative_l2)(found.field, truth))

    return float(error())


def test_linear_equations_are_solved_exactly_with_one_step():
    torus = Box.of(periodic="xy", x=(0.0, 1.0), y=(0.0, 3.0))
    domain, on = torus * Box.of(t=(0.0, 1.0)), Grid(torus, (20, 30))
    profile = lambda x: jnp.sin(2 * jnp.pi * (2 * x[:1] - x[1:] / 3)) + jnp.cos(4 * jnp.pi * x[1:] / 3)
    advection = Advection((0.7, -0.4))
    assert solved(advection, advection.exact(domain, profile), on) < 1e-12
    assert solved(Diffusion(0.02), Diffusion(0.02).exact(domain, (1, 2), 0.3), on) < 1e-12


def test_waves_follow_dalembert_at_any_step():
    space, domain = ring(0.0, 2.0, 30.0)
    equation = Wave(1.3)
    exact = equation.exact(domain, lambda x: jnp.exp(2 * jnp.sin(jnp.pi * x)))
    assert solved(equation, exact, space.grid(64), (0.0, 10.0, 20.0, 30.0), ETDRK(10.0)) < 1e-11


def test_taylor_green_vortices_decay_at_their_rate():
    equation = Vorticity(0.02, 0.1)
    exact = equation.exact(TORUS * Box.of(t=(0.0, 1.0)), (2, 2))
    assert solved(equation, exact, TORUS.grid(16), solver=ETDRK(0.1, 2)) < 1e-12


# Nonlinear equations reach their exact solutions.


def test_plane_wave_of_ginzburg_landau_is_reached():
    space, domain = ring(0.0, 10.0, 1.0)
    equation = GinzburgLandau(0.5, -1.2, 1.1, 0.9, 1.4)
    assert solved(equation, equation.exact(domain, 1), space.grid(16), solver=ETDRK(0.01)) < 1e-9


@pytest.mark.slow
def test_plane_wave_of_vector_burgers_is_reached():
    torus = Box.of(periodic="xy", x=(-1.0, 1.0), y=(-1.0, 1.0))
    equation = VectorBurgers(0.1)
    exact = equation.exact(torus * Box.of(t=(0.0, 0.1)), (1, 1))
    assert solved(equation, exact, torus.grid(64), (0.0, 0.1), ETDRK(0.005)) < 1e-7


def test_soliton_of_schroedinger_is_reached_and_its_invariants_stay():
    space, domain = ring(-20.0, 20.0, 2.0)
    equation, on = Schroedinger(), space.grid(256)
    exact = equation.exact(domain, 1.2, 0.6)

    @jax.jit
    def found():
        states = ETDRK(0.005, dealias=1.0).solve(equation, at_time(exact, on, 0.0), (0.0, 1.0, 2.0))
        return relative_l2(last(states), at_time(exact, on, 2.0)), jax.vmap(equation.invariants)(states.field)

    error, invariants = found()
    assert error < 1e-8
    assert set(invariants) == {"mass", "momentum_x", "energy"}
    for values in invariants.values():
        np.testing.assert_allclose(values, values[0], rtol=1e-8)


@pytest.mark.parametrize("equation", [AllenCahn(0.02, 2.0), FisherKPP(0.02, 2.0)])
def test_fronts_travel_at_their_speed(equation):
    # Two fronts that leave a plateau in the middle of a long period; each is a front on a line up to its tail.
    space, domain = ring(-20.0, 20.0, 1.0)
    exact = equation.exact(domain, 10.0)
    on = space.grid(512)
    pair = lambda t: ClosedForm(lambda x: exact(jnp.stack([jnp.abs(x[0]), jnp.asarray(t)])), FunctionSpace(space))

    @jax.jit
    def error():
        found = last(ETDRK(0.02, dealias=0.9).solve(equation, pair(0.0).sample(on), (0.0, 1.0)))
        return jnp.abs(found.values - pair(1.0).sample(on).values).max()

    assert error() < 1e-6


# Conservation


def test_invariants_of_kdv_stay():
    space, _ = ring(-1.0, 1.0, 1.0)
    equation = KortewegDeVries(0.01)

    @jax.jit
    def found():
        initial = ClosedForm(lambda x: jnp.cos(jnp.pi * x), FunctionSpace(space)).sample(space.grid(96))
        return jax.vmap(equation.invariants)(ETDRK(1e-3).solve(equation, initial, (0.0, 0.25, 0.5)).field)

    invariants = found()
    np.testing.assert_allclose(invariants["mass"], 0, atol=1e-14)
    np.testing.assert_allclose(invariants["momentum"], 0.5, rtol=1e-9)
    np.testing.assert_allclose(invariants["energy"], invariants["energy"][0], rtol=1e-7)


@pytest.mark.slow
def test_ideal_flow_keeps_energy_and_enstrophy_to_the_order_of_the_method():
    equation = Vorticity(0)

    def drift(steps):
        @jax.jit
        def found():
            initial = whirls(32)
            initial = initial.with_values(initial.values / 4)
            return equation.invariants(initial), equation.invariants(last(solver.solve(equation, initial, (0.0, 0.5))))

        solver = ETDRK(0.5 / steps)
        start, end = found()
        assert abs(float(end["circulation"])) < 1e-12
        return [abs(float(end[name] / start[name] - 1)) for name in ("energy", "enstrophy")]

    # Quadratic invariants of the truncated system: only the time step breaks them.
    for coarse, fine in zip(drift(4), drift(8), strict=True):
        assert observed_order([coarse, fine]) > 3.8
        assert fine < 1e-7


# In space


@pytest.mark.slow
def test_error_in_space_falls_faster_than_any_order():
    space, domain = ring(-1.0, 1.0, 0.5)
    equation = Burgers(0.05)
    errors = [solved(equation, equation.exact(domain), space.grid(n), (0.0, 0.5), ETDRK(4e-3)) for n in (48, 96)]
    assert observed_order(errors) > 8
    assert errors[-1] < 1e-7


def test_initial_modes_beyond_the_filter_are_kept():
    space, _ = ring(0.0, 1.0, 1.0)
    on = space.grid(16)
    initial = Field(1e-9 * jnp.cos(14 * jnp.pi * on.coords()), on, FunctionSpace(space))
    found = last(ETDRK(0.1).solve(Burgers(1e-3), initial, (0.0, 0.1)))
    decay = jnp.exp(-1e-3 * (14 * jnp.pi) ** 2 * 0.1)
    np.testing.assert_allclose(found.values, decay * initial.values, atol=1e-17)


@pytest.mark.slow
def test_one_and_three_dimensions_solve_the_same_problem():
    # The flow of a plane wave along x, on an interval and a box.
    solutions = []
    for names, shape in (("x", (24,)), ("xyz", (24, 4, 6))):
        intervals = dict(zip(names, [(0.0, 1.0), (0.0, 0.7), (0.0, 2.0)], strict=False))
        box = Box.of(periodic=names, **intervals)
        equation = AllenCahn(0.01, 2.0)
        u = ClosedForm(lambda x: jnp.sin(2 * jnp.pi * x[:1]), FunctionSpace(box)).sample(Grid(box, shape))
        values = last(ETDRK(0.05, 2).solve(equation, u, (0.0, 0.2))).values
        solutions.append(np.asarray(values).reshape(24, -1)[:, -1])
    np.testing.assert_allclose(solutions[1], solutions[0], atol=1e-13)


# Manners


def test_batches_equal_single_solutions_and_keep_their_precision():
    solver, equation = ETDRK(0.02, 1), Vorticity(1e-2, 0.0, diagonal_forcing(TORUS))
    u = jax.jit(whirls, static_argnums=0)(16)
    batch = Field.stack(jnp.stack([u.values, u.values / 2]).astype(jnp.float32), u.on, u.space)
    found = jax.vmap(lambda u: solver.solve(equation, u, (0.0, 0.1)))(batch).field.values
    assert found.dtype == jnp.float32
    single = solver.solve(equation, u * 0.5, (0.0, 0.1)).field.values
    np.testing.assert_allclose(found[1], single, rtol=1e-4, atol=1e-4)


def test_solution_is_differentiable_in_parameters_and_initial_state():
    space, _ = ring(0.0, 1.0, 1.0)
    u = ClosedForm(lambda x: 1 + 0.1 * jnp.sin(2 * jnp.pi * x), FunctionSpace(space)).sample(space.grid(16))

    def final(point):
        found = ETDRK(0.05, 2).solve(Burgers(point[0]), u * point[1], (0.0, 0.1, 0.2))
        return jnp.sum(found.field.values[-1] ** 3)

    point, steps = jnp.asarray([0.01, 1.2]), 1e-5 * jnp.eye(2)
    differences = jax.jit(jax.vmap(lambda s: (final(point + s) - final(point - s)) / 2e-5))(steps)
    np.testing.assert_allclose(jax.jit(jax.grad(final))(point), differences, rtol=1e-5)


def test_each_interval_is_divided_into_equal_steps():
    space, _ = ring(0.0, 1.0, 1.0)
    u = ClosedForm(lambda x: jnp.sin(2 * jnp.pi * x), FunctionSpace(space)).sample(space.grid(16))
    coarse = ETDRK(0.07, 1).solve(Burgers(0.1), u, (0.0, 0.1, 0.2)).field.values
    np.testing.assert_allclose(
        coarse, ETDRK(0.05, 1).solve(Burgers(0.1), u, np.linspace(0, 0.2, 3).tolist()).field.values
    )
    assert ETDRK(0.07, 1).refined() == ETDRK(0.035, 1)
    assert CrankNicolsonVorticity(0.1).refined() == CrankNicolsonVorticity(0.05)


def test_what_the_solvers_cannot_use_is_refused():
    space, _ = ring(0.0, 1.0, 1.0)
    u = Field(jnp.zeros((8, 1)), space.grid(8), FunctionSpace(space))
    with pytest.raises(ValueError, match="semilinear"):
        ETDRK(0.1).solve(Darcy(1.0), u, (0.0, 1.0))
    with pytest.raises(ValueError, match="components"):
        ETDRK(0.1).solve(Wave(), u, (0.0, 1.0))
    with pytest.raises(ValueError, match="lives on 2 axes"):
        ETDRK(0.1).solve(Vorticity(0.1), u, (0.0, 1.0))
    with pytest.raises(ValueError, match="equal amounts"):
        ETDRK(0.1).solve(Burgers(0.1), u, (0.0, 1.0, 3.0))
    with pytest.raises(ValueError, match="two or more times"):
        ETDRK(0.1).solve(Burgers(0.1), u, (0.0,))
    with pytest.raises(ValueError, match="positive"):
        ETDRK(0.0).solve(Burgers(0.1), u, (0.0, 1.0))
    with pytest.raises(ValueError, match="order=5"):
        ETDRK(0.1, 5)
    with pytest.raises(ValueError, match="Vorticity"):
        CrankNicolsonVorticity(0.1).solve(Burgers(0.1), u, (0.0, 1.0))
    walls = Box.cube(1)
    with pytest.raises(ValueError, match="periodic"):
        ETDRK(0.1).solve(Burgers(0.1), Field(jnp.zeros((8, 1)), walls.grid(8), FunctionSpace(walls)), (0.0, 1.0))
