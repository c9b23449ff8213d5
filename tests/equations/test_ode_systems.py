"""Ordinary differential equations: closed forms, conserved quantities along solutions, published figures."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
from convergence import observed_order

from neuralpde.equations import (
    AbstractODE,
    Antiderivative,
    CubicSpiral,
    DoublePendulum,
    Duffing,
    FitzHughNagumoODE,
    ForcedRiccati,
    LinearODE,
    Lorenz63,
    Lorenz96,
    LotkaVolterra,
    Pendulum,
    RationalOscillator,
    Robertson,
    Rossler,
    VanDerPol,
)
from neuralpde.solvers import solve_ode
from neuralpde.spaces import Box, ClosedForm, FunctionSpace

SYSTEMS = [
    Antiderivative(),
    CubicSpiral(),
    DoublePendulum(),
    Duffing(),
    FitzHughNagumoODE(),
    ForcedRiccati(),
    LinearODE(),
    Lorenz63(),
    Lorenz96(sites=5),
    LotkaVolterra(),
    Pendulum(),
    RationalOscillator(),
    Robertson(),
    Rossler(),
    VanDerPol(),
]
TIME = FunctionSpace(Box.of(t=(0.0, 1.0)), ("u",))
WAVE = ClosedForm(lambda t: jnp.cos(3 * t), TIME)


def name(system):
    return type(system).__name__


@pytest.mark.parametrize("system", SYSTEMS, ids=name)
def test_states_fit_the_system(system: AbstractODE):
    box = system.initial_states()
    assert box.names == system.names
    start = system.initial_state()
    rate = jax.jit(system.vector_field)(0.0, box.sample(jax.random.key(0), 1)[0])
    assert start.shape == rate.shape == (len(system.names),)
    assert np.isfinite(rate).all()


@pytest.mark.parametrize("system", SYSTEMS, ids=name)
def test_conserved_quantities_have_no_derivative_along_the_flow(system: AbstractODE):
    """The gradient is normal to the vector field at random states."""
    if isinstance(system, Duffing):
        system = Duffing(damping=0.0, amplitude=0.0)
    y = system.initial_states().sample(jax.random.key(1), 1)[0]
    rates = jax.jit(lambda y: jax.jvp(system.conserved, (y,), (system.vector_field(0.3, y),))[1])(y)
    for quantity, rate in rates.items():
        gradient = jax.grad(lambda y: system.conserved(y)[quantity])(y)  # noqa: B023
        size = jnp.linalg.norm(gradient) * jnp.linalg.norm(system.vector_field(0.3, y))
        assert abs(rate) <= 1e-14 * size
        assert jnp.linalg.norm(gradient) > 0.1


@pytest.mark.parametrize("system", [LotkaVolterra(), pytest.param(DoublePendulum(), marks=pytest.mark.slow)], ids=name)
def test_solutions_keep_what_is_conserved(system: AbstractODE):
    states = jax.jit(lambda y: solve_ode(system, y, [0.0, 1.0, 5.0], rtol=1e-10, atol=1e-12))(system.initial_state())
    for values in jax.vmap(system.conserved)(states).values():
        np.testing.assert_allclose(values, values[0], atol=1e-7)
    assert jnp.abs(states[1] - states[0]).max() > 0.1


@pytest.mark.parametrize(
    "system, solution",
    [
        (LinearODE(), LinearODE().exact()),
        (ForcedRiccati(0.49), ForcedRiccati(0.49).exact()),
        (Antiderivative(WAVE), lambda t: jnp.sin(3 * t) / 3),
        (Pendulum(1.0, 0.0, lambda t: jnp.sin(t**2) - 0 * t + 2), lambda t: jnp.stack([t[0] ** 2, 2 * t[0]])),
    ],
    ids=["linear", "Riccati", "antiderivative", "pendulum"],
)
def test_closed_forms_solve_the_equation(system, solution):
    times = jnp.array([[0.0], [0.4], [1.7]])
    assert jnp.abs(jax.jit(jax.vmap(lambda t: system.residual(solution, t)))(times)).max() < 1e-14
    np.testing.assert_allclose(solution(times[0]), system.initial_state(), atol=1e-15)


def test_double_pendulum_of_small_angles_swings_with_its_two_frequencies():
    # omega^2 = (2 +- sqrt(2)) g / l for equal masses and rods, in the modes angle_2 = -+ sqrt(2) angle_1.
    system = DoublePendulum(lengths=(2.0, 2.0))
    for sign in (1, -1):
        small = 1e-6 * jnp.array([1.0, -sign * 2**0.5, 0.0, 0.0])
        rates = jax.jit(system.vector_field)(0.0, small)
        np.testing.assert_allclose(rates[2:], -(2 + sign * 2**0.5) * 9.81 / 2 * small[:2], rtol=1e-9)


def test_stationary_points_are_those_of_the_theory():
    root = 72**0.5
    np.testing.assert_allclose(Lorenz63().vector_field(0.0, jnp.array([root, root, 27.0])), 0, atol=1e-13)
    np.testing.assert_allclose(Lorenz96().vector_field(0.0, jnp.full(40, 8.0)), 0, atol=1e-13)
    np.testing.assert_allclose(LotkaVolterra().vector_field(0.0, jnp.array([3.0, 1.5])), 0, atol=1e-13)
    np.testing.assert_allclose(Duffing(amplitude=0.0).vector_field(0.0, jnp.array([-1.0, 0.0])), 0, atol=1e-13)


def test_volume_shrinks_at_the_rate_of_the_theory():
    divergence = lambda system, y: jnp.trace(jax.jacfwd(lambda y: system.vector_field(0.0, y))(y))
    np.testing.assert_allclose(divergence(Lorenz63(), jnp.array([1.0, 2.0, 3.0])), -(10 + 1 + 8 / 3))
    np.testing.assert_allclose(divergence(Lorenz96(), jnp.arange(40.0)), -40)
    np.testing.assert_allclose(divergence(Rossler(), jnp.array([1.0, 2.0, 3.0])), 0.2 + 1 - 5.7)


def test_relaxation_oscillation_agrees_with_another_library():
    system = VanDerPol(3.0)
    found = jax.jit(lambda y: solve_ode(system, y, [0.0, 7.0]))(system.initial_state())[-1]
    rate = lambda t, y: [y[1], 3 * (1 - y[0] ** 2) * y[1] - y[0]]
    other = scipy.integrate.solve_ivp(rate, (0, 7), [2.0, 0.0], method="DOP853", rtol=1e-11, atol=1e-12).y[:, -1]
    np.testing.assert_allclose(found, other, rtol=1e-6)


def test_stiff_reactions_reach_the_published_state():
    # Reference at t = 40 of the CVODE example (Hindmarsh et al. 2005): 7.158e-1, 9.185e-6, 2.842e-1.
    system = Robertson()
    solve = jax.jit(lambda y: solve_ode(system, y, [0.0, 40.0], solver=diffrax.Kvaerno5(), rtol=1e-7, atol=1e-11))
    found = solve(system.initial_state())[-1]
    np.testing.assert_allclose(found, [7.158e-1, 9.185e-6, 2.842e-1], rtol=1e-3)
    np.testing.assert_allclose(found.sum(), 1, rtol=1e-8)


def test_no_step_passes_over_a_pulse_that_is_told():
    """A pulse of area one, so short that steps to a tolerance see nothing of it."""
    width = 1e-3
    density = lambda t: jnp.exp(-0.5 * ((t - 0.637) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    ends = [solve_ode(Antiderivative(density), jnp.zeros(1), (0.0, 1.0), longest=h)[-1, 0] for h in (None, 4 * width)]
    np.testing.assert_allclose(ends, [0.0, 1.0], atol=1e-6)


@pytest.mark.slow
def test_fixed_tolerance_is_met_and_a_failure_gives_no_numbers():
    system, times = LinearODE(), [0.0, 2.0]
    exact = system.exact()(jnp.array([2.0]))
    error = lambda rtol: jnp.abs(
        solve_ode(system, system.initial_state(), times, rtol=rtol, atol=rtol)[-1] - exact
    ).max()
    errors = jax.jit(lambda: (error(1e-4), error(1e-8)))()
    assert errors[1] < 1e-8 < errors[0] < 1e-3
    solve = jax.jit(lambda y: solve_ode(system, y, times, max_steps=2))
    assert jnp.isnan(solve(system.initial_state())).all()


def test_residual_and_vector_field_agree_to_the_order_of_a_difference():
    """The residual of a straight line through a solution's state falls with the square of its length."""
    system = FitzHughNagumoODE(current=WAVE)
    y = system.initial_state()
    gap = lambda h: jnp.abs(system.residual(lambda t: y + t[0] * system.vector_field(0.0, y), jnp.array([h]))).max()
    assert gap(0.0) < 1e-15
    assert observed_order([gap(2e-4), gap(1e-4)]) == pytest.approx(1, abs=0.05)
