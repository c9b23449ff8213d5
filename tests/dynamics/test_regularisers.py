"""Regularisers: each against what it is defined by."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import jet

from neuralpde.dynamics import (
    ErrorEstimate,
    JacobianFrobenius,
    Kinetic,
    Method,
    StiffnessEstimate,
    TaylorDerivative,
    local_error,
    local_stiffness,
    random_end,
    solve,
    solve_sde,
    solve_with_instant,
    solve_with_integrals,
    total_derivative,
)

KEY = jax.random.key(0)
Y0 = jnp.asarray([1.0, -0.4])


def swing(t, y, args):
    return jnp.stack([y[1], -jnp.sin(y[0]) + t**2])


def rotation(t, y, args):
    return args * jnp.stack([-y[1], y[0]])


@pytest.mark.slow
def test_aggregates_are_those_of_the_accepted_steps():
    method = Method(substeps=1)
    cost = solve(swing, Y0, [0.0, 0.3, 1.0], method).cost
    halves = [
        solve(swing, Y0, [0.0, 0.3], method).cost,
        solve(swing, solve(swing, Y0, [0.0, 0.3], method).last, [0.3, 1.0], method).cost,
    ]
    errors = [float(h.error) for h in halves]
    stiffness = [float(h.stiffness) for h in halves]
    expected = {"sum": sum(errors), "mean": sum(errors) / 2, "max": max(errors), "squares": sum(e**2 for e in errors)}
    for aggregate, value in expected.items():
        np.testing.assert_allclose(ErrorEstimate(aggregate)(cost), value, rtol=1e-10)
    np.testing.assert_allclose(StiffnessEstimate("max", 3.5068)(cost), max(stiffness) / 3.5068, rtol=1e-10)
    with pytest.raises(ValueError, match="aggregates by"):
        ErrorEstimate("median")(cost)


def test_costs_without_the_numbers_are_refused():
    cost = solve(swing, Y0, [0.0, 1.0], Method(diffrax.Euler(), substeps=2)).cost
    with pytest.raises(ValueError, match="error estimates"):
        ErrorEstimate()(cost)
    with pytest.raises(ValueError, match="equal time"):
        StiffnessEstimate()(cost)


def test_integrals_along_a_rotation_have_their_closed_forms():
    """|y^(K)|^2 = rate^(2 K) |y|^2, constant along circles, and |e^T J|^2 = rate^2 |e|^2."""
    rate, end = 1.5, 2.0
    probe = JacobianFrobenius.drawn(Y0, KEY)
    parts = [Kinetic(), probe, TaylorDerivative(2), TaylorDerivative(3)]
    method = Method(rtol=1e-9, atol=1e-9)
    solved, integrals = solve_with_integrals(rotation, Y0, [0.0, end], parts, method, args=rate)
    radius = jnp.sum(Y0**2)
    expected = end * jnp.asarray([rate**2 * radius, rate**2 * 2, rate**4 * radius, rate**6 * radius])
    np.testing.assert_allclose(integrals, expected, rtol=1e-6)
    alone = solve(rotation, Y0, [0.0, end], method, args=rate)
    np.testing.assert_allclose(solved.states, alone.states, rtol=1e-12)
    assert int(solved.cost.evaluations) == int(alone.cost.evaluations)
    np.testing.assert_allclose(solved.cost.stiffness, alone.cost.stiffness, rtol=1e-10)


def test_total_derivatives_are_the_coefficients_of_the_taylor_series():
    """By jax's Taylor mode, order by order, for a field that depends on time."""
    t, y = 0.7, Y0

    def extended(state):
        return jnp.append(swing(state[0], state[1:], None), 1.0)[jnp.asarray([2, 0, 1])]

    state, series = jnp.append(t, y), []
    for order in range(1, 5):
        found = total_derivative(swing, t, y, None, order)
        if series:
            _, terms = jet.jet(extended, (state,), (series,))
            expected = terms[-1]
        else:
            expected = extended(state)
        np.testing.assert_allclose(found, expected[1:], rtol=1e-10)
        series.append(expected)


@pytest.mark.slow
def test_local_error_is_that_of_one_step_from_a_point_of_the_solution():
    method = Method(rtol=1e-6, atol=1e-6)
    times = jnp.asarray([0.0, 0.5, 2.0])
    solved, instant = solve_with_instant(swing, Y0, times, method, key=KEY)
    np.testing.assert_allclose(solved.states, solve(swing, Y0, times, method).states, atol=1e-12)
    there = solve(swing, Y0, jnp.stack([times[0], instant.time]), Method(rtol=1e-9, atol=1e-9)).last
    np.testing.assert_allclose(instant.state, there, atol=1e-4)
    np.testing.assert_allclose(instant.step, 2.0 / solved.cost.accepted)
    one = solve(
        swing, instant.state, [float(instant.time), float(instant.time + instant.step)], Method(substeps=1)
    ).cost
    found = local_stiffness(swing, instant, method)
    np.testing.assert_allclose(found, one.stiffness, rtol=1e-8)
    assert 0 < float(local_error(swing, instant, method)) < float(instant.step) * 10


@pytest.mark.slow
def test_local_penalties_work_where_the_adjoint_carries_no_statistics():
    """Their gradient is that of the step alone: the point it starts from is a constant."""
    method = Method(rtol=1e-5, atol=1e-5, adjoint=diffrax.BacksolveAdjoint(), statistics=False)

    def penalty(rate):
        _, instant = solve_with_instant(rotation, Y0, jnp.asarray([0.0, 1.0]), method, key=KEY, args=rate)
        return local_error(rotation, instant, method, rate), instant

    gradient, instant = jax.grad(penalty, has_aux=True)(2.0)
    step = 1e-4
    difference = local_error(rotation, instant, method, 2.0 + step) - local_error(rotation, instant, method, 2.0 - step)
    np.testing.assert_allclose(gradient, difference / (2 * step), rtol=1e-5)


def test_random_ends_stay_within_their_width():
    times = jnp.asarray([0.0, 0.4, 1.0])
    ends = jax.vmap(lambda key: random_end(times, 0.5, key))(jax.random.split(KEY, 2000))
    np.testing.assert_array_equal(ends[:, :2], jnp.broadcast_to(times[:2], (2000, 2)))
    assert 0.5 < float(ends[:, 2].min()) < 0.51 and 1.49 < float(ends[:, 2].max()) < 1.5
    np.testing.assert_allclose(ends[:, 2].mean(), 1.0, atol=0.03)
    with pytest.raises(ValueError, match="less than the last interval"):
        random_end(times, 0.6, KEY)


@pytest.mark.slow
def test_error_and_stiffness_of_a_stochastic_solve_have_gradients():
    method = Method(diffrax.SPaRK(), rtol=1e-2, atol=1e-2, dt=0.05, stiffness="derivative")

    def penalties(rate):
        noise = lambda t, y, args: 0.1 * jnp.ones(2)
        field = lambda t, y, args: -args * y
        cost = solve_sde(field, noise, Y0, [0.0, 1.0], method, key=KEY, args=rate).cost
        return jnp.stack([ErrorEstimate()(cost), StiffnessEstimate("mean")(cost)])

    found, slope = penalties(5.0), jax.jacrev(penalties)(5.0)
    np.testing.assert_allclose(found[1], 5.0, rtol=1e-8)
    np.testing.assert_allclose(slope[1], 1.0, rtol=1e-8)
    assert float(found[0]) > 0 and float(slope[0]) > 0
