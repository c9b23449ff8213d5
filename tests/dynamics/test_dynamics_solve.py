"""Solves of vector fields: accuracy, costs that are counted twice, gradients of every adjoint."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order

from neuralpde.dynamics import Method, solve, solve_together
from neuralpde.equations import CubicSpiral
from neuralpde.spaces import Box, ClosedForm, FunctionSpace

TIMES = jnp.linspace(0.0, 1.0, 5)


def decay(t, y, args):
    return jax.tree.map(lambda x: -50.0 * x, y)


def pendulum(t, y, args):
    """A pendulum whose length is ``args`` times that of the mathematical one."""
    return jnp.stack([y[1], -args * jnp.sin(y[0]) - 0.1 * t])


class Counter:
    """A vector field that counts how often it is evaluated while the program runs."""

    def __init__(self, field):
        self.field, self.count = field, 0

    def __call__(self, t, y, args):
        jax.debug.callback(self._add)
        return self.field(t, y, args)

    def _add(self):
        self.count += 1


METHODS = {
    "first step rejected": Method(rtol=1e-4, dt=0.5),
    "fixed length, derivatives": Method(dt=0.03, stiffness="derivative"),
    "fixed number": Method(diffrax.Heun(), substeps=4),
}
SLOW_METHODS = {
    "to a tolerance": Method(),
    "last stage first": Method(diffrax.Bosh3()),
    "halved steps": Method(diffrax.HalfSolver(diffrax.Euler()), rtol=1e-2),
    "halved steps, last stage first": Method(diffrax.HalfSolver(diffrax.Bosh3()), dt=0.5, rtol=1e-2),
    "reversible": Method(diffrax.ReversibleHeun(), substeps=30),
}


def some_slow(fast, slow):
    """Parameters of a test, those of ``slow`` in the slow suite."""
    return [*fast, *(pytest.param(*(x if isinstance(x, tuple) else (x,)), marks=pytest.mark.slow) for x in slow)]


@pytest.mark.parametrize("name", some_slow(METHODS, SLOW_METHODS))
def test_evaluations_are_those_of_a_counting_field(name):
    field = Counter(decay)
    cost = solve(field, jnp.ones(2), TIMES, (METHODS | SLOW_METHODS)[name]).cost
    jax.effects_barrier()
    assert int(cost.evaluations) == field.count > 0
    if name == "first step rejected":
        assert int(cost.rejected) > 0


@pytest.mark.slow
def test_evaluations_of_an_iterating_solver_are_unknown():
    assert solve(decay, jnp.ones(2), TIMES, Method(diffrax.Kvaerno3())).cost.evaluations is None


@pytest.mark.parametrize(
    "stiffness, solver", some_slow([("stages", diffrax.Tsit5())], [("derivative", diffrax.Bosh3())])
)
def test_stiffness_of_a_linear_equation_is_its_rate(stiffness, solver):
    cost = solve(decay, {"a": jnp.ones(2), "b": jnp.ones(())}, TIMES, Method(solver, stiffness=stiffness)).cost
    np.testing.assert_allclose(cost.stiffnesses.max, 50, rtol=1e-8)
    np.testing.assert_allclose(cost.stiffness, 50 * cost.accepted, rtol=1e-8)


@pytest.mark.slow
def test_errors_of_accepted_steps_are_within_the_tolerances():
    cost = solve(decay, jnp.ones(2), TIMES).cost
    assert int(cost.errors.count) == int(cost.accepted)
    assert 0.05 < float(cost.error) < 1 and float(cost.errors.max) <= float(cost.error)


def test_error_estimate_of_one_fixed_step_is_the_difference_to_the_embedded_method():
    """Heun's method has Euler's embedded: the difference of their ends is (k2 - k1) / 2."""
    h, y0 = 0.1, jnp.asarray([0.3, -0.2])
    cost = solve(pendulum, y0, [0.0, h], Method(diffrax.Heun(), substeps=1), args=1.0).cost
    k1 = h * pendulum(0.0, y0, 1.0)
    k2 = h * pendulum(h, y0 + k1, 1.0)
    np.testing.assert_allclose(cost.error, h * jnp.sqrt(jnp.mean((k2 - k1) ** 2)) / 2, rtol=1e-12)
    assert cost.stiffness is None


@pytest.mark.slow
@pytest.mark.parametrize("solver, order", [(diffrax.Heun(), 2), (diffrax.Tsit5(), 5)])
def test_fixed_steps_have_the_order_of_their_solver(solver, order):
    """y' = y cos t from one: exp(sin t)."""
    error = lambda n: abs(
        solve(lambda t, y, args: y * jnp.cos(t), jnp.ones(1), [0.0, 2.0], Method(solver, substeps=n)).last[0]
        - jnp.exp(jnp.sin(2.0))
    )
    assert order - 0.2 < observed_order([error(16), error(32)]) < order + 1


@pytest.mark.slow
def test_adaptive_solutions_meet_smaller_tolerances():
    y0 = jnp.asarray([2.0, 0.0])
    ends = [solve(CubicSpiral().vector_field, y0, TIMES, Method(rtol=r, atol=r)).last for r in (1e-3, 1e-6, 1e-11)]
    errors = [float(jnp.abs(end - ends[-1]).max()) for end in ends]
    assert errors[0] < 1e-1 and errors[1] < 1e-5 and errors[1] < errors[0] / 1000


def test_time_may_run_backward_and_brings_the_state_back():
    y0 = jnp.asarray([2.0, 0.5])
    method = Method(rtol=1e-9, atol=1e-9)
    there = solve(CubicSpiral().vector_field, y0, TIMES, method)
    back = solve(CubicSpiral().vector_field, there.last, TIMES[::-1], method)
    np.testing.assert_allclose(back.states[::-1], there.states, atol=1e-7)
    assert float(back.cost.error) > 0


def test_a_field_on_a_grid_is_a_state():
    space = FunctionSpace(Box.cube(1, periodic=True), ("u",))
    wave = ClosedForm(lambda x: jnp.sin(2 * jnp.pi * x), space).sample(space.domain.grid(8))
    solved = solve(lambda t, u, args: -1.0 * u, wave, [0.0, 1.0], Method(rtol=1e-8, atol=1e-8))
    np.testing.assert_allclose(solved.last.values, jnp.exp(-1.0) * wave.values, atol=1e-7)
    assert solved.last.on == wave.on


def test_one_time_is_the_initial_state():
    solved = solve(decay, jnp.ones(2), [0.5])
    assert solved.states.shape == (1, 2) and int(solved.cost.evaluations) == 0


def test_single_precision_stays_single():
    solved = solve(decay, jnp.ones(2, jnp.float32), np.linspace(0.0, 1.0, 3))
    assert solved.states.dtype == solved.cost.error.dtype == jnp.float32


@pytest.mark.slow
def test_members_of_a_batch_have_the_cost_of_their_own():
    starts = jnp.asarray([[2.0, 0.0], [0.1, 0.1]])
    alone = lambda y0: solve(CubicSpiral().vector_field, y0, TIMES).cost
    batch = jax.vmap(alone)(starts)
    for i, y0 in enumerate(starts):
        assert int(batch.evaluations[i]) == int(alone(y0).evaluations)
        # Estimates of errors are differences of states of size one: rounding, one ulp a step, is all they may differ by.
        np.testing.assert_allclose(batch.error[i], alone(y0).error, rtol=1e-10, atol=1e-13)
    assert int(batch.evaluations[0]) > int(batch.evaluations[1])


@pytest.mark.slow
def test_members_solved_together_share_their_steps():
    starts = jnp.asarray([[2.0, 0.0], [0.1, 0.1], [0.2, -0.1]])
    together = solve_together(CubicSpiral().vector_field, starts, TIMES)
    assert together.states.shape == (5, 3, 2) and together.cost.evaluations.shape == ()
    exact = jax.vmap(lambda y: solve(CubicSpiral().vector_field, y, TIMES, Method(rtol=1e-9, atol=1e-9)).last)(starts)
    np.testing.assert_allclose(together.last, exact, atol=2e-2)


@pytest.mark.slow
def test_a_failed_solve_says_so_or_raises():
    quiet = solve(decay, jnp.ones(2), TIMES, Method(max_steps=3, throw=False))
    assert not bool(quiet.cost.succeeded) and not np.isfinite(quiet.last).all()
    assert quiet.cost.result == diffrax.RESULTS.max_steps_reached
    with pytest.raises(eqx.EquinoxRuntimeError, match="maximum number of solver steps"):
        solve(decay, jnp.ones(2), TIMES, Method(max_steps=3))


# Gradients


def end_of_pendulum(method, length, start):
    return solve(pendulum, start, [0.0, 0.4, 1.0], method, args=length).states[1:].sum()


ADJOINTS = {
    "checkpoints": Method(substeps=4),
    "direct": Method(substeps=4, adjoint=diffrax.DirectAdjoint()),
    "backsolve": Method(rtol=1e-8, atol=1e-8, adjoint=diffrax.BacksolveAdjoint(), statistics=False),
}


@pytest.mark.parametrize("name", some_slow(["checkpoints"], ["direct", "backsolve"]))
def test_gradients_are_those_of_finite_differences(name):
    method = ADJOINTS[name]
    length, start = jnp.asarray(1.5), jnp.asarray([1.0, 0.3])
    by_length, by_start = jax.grad(end_of_pendulum, (1, 2))(method, length, start)
    step = 1e-4
    difference = lambda a, b: (end_of_pendulum(method, *a) - end_of_pendulum(method, *b)) / (2 * step)
    np.testing.assert_allclose(by_length, difference((length + step, start), (length - step, start)), rtol=1e-6)
    e = jnp.asarray([0.0, step])
    np.testing.assert_allclose(by_start[1], difference((length, start + e), (length, start - e)), rtol=1e-6)


@pytest.mark.slow
def test_forward_mode_gives_the_same_derivative():
    length, start = jnp.asarray(1.5), jnp.asarray([1.0, 0.3])
    forward = Method(substeps=4, adjoint=diffrax.ForwardMode())
    _, found = jax.jvp(lambda a: end_of_pendulum(forward, a, start), (length,), (jnp.ones(()),))
    expected = jax.grad(end_of_pendulum, 1)(Method(substeps=4), length, start)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("adjoint", some_slow([diffrax.RecursiveCheckpointAdjoint()], [diffrax.DirectAdjoint()]))
def test_gradients_of_error_and_stiffness_are_those_of_finite_differences(adjoint):
    """With fixed steps: the gradient takes the lengths of adapted ones as constants."""
    method = Method(substeps=3, adjoint=adjoint)

    def penalties(length):
        cost = solve(pendulum, jnp.asarray([1.0, 0.3]), [0.0, 1.0], method, args=length).cost
        return 1e3 * cost.error + cost.stiffness

    step = 1e-4
    difference = (penalties(1.5 + step) - penalties(1.5 - step)) / (2 * step)
    np.testing.assert_allclose(jax.grad(penalties)(jnp.asarray(1.5)), difference, rtol=1e-5)


def test_gradients_stay_finite_where_steps_were_rejected():
    """A first step that is much too long: the squares of its stages are beyond all numbers of single precision."""

    def penalty(rate):
        field = lambda t, y, args: -rate * y**3
        cost = solve(field, jnp.ones(1, jnp.float32), [0.0, 0.9], Method(dt=0.9, rtol=1e-4)).cost
        return cost.error + cost.stiffness, cost.rejected

    (_, rejected), gradient = jax.value_and_grad(penalty, has_aux=True)(2.0)
    assert int(rejected) > 0 and np.isfinite(gradient)


@pytest.mark.slow
@pytest.mark.xfail(
    strict=True, reason="zero times the derivative of a field that is no number is no number, as in diffrax"
)
def test_gradients_stay_finite_where_the_field_itself_gave_no_number():
    """The root of a negative number in a stage of a first step that is too long: not a number, then rejected."""

    def penalty(rate):
        field = lambda t, y, args: -rate * jnp.sqrt(y)
        cost = solve(field, jnp.ones(1), [0.0, 0.9], Method(dt=2.5, rtol=1e-4)).cost
        return cost.error + cost.stiffness, cost.rejected

    (_, rejected), gradient = jax.value_and_grad(penalty, has_aux=True)(2.0)
    assert int(rejected) > 0 and np.isfinite(gradient)


def test_steps_that_end_in_no_number_are_made_shorter():
    field = lambda t, y, args: -20.0 * y**3
    solved = solve(field, jnp.ones(1, jnp.float32), [0.0, 0.9], Method(dt=0.5, rtol=1e-4))
    assert int(solved.cost.rejected) > 0
    np.testing.assert_allclose(solved.last, 1 / np.sqrt(1 + 40 * 0.9), rtol=1e-3)


# Refusals


def test_methods_that_cannot_work_are_refused():
    for adjoint in (diffrax.BacksolveAdjoint(), diffrax.ImplicitAdjoint()):
        with pytest.raises(ValueError, match="statistics=False"):
            Method(adjoint=adjoint)
    with pytest.raises(ValueError, match="HalfSolver"):
        Method(diffrax.Euler())
    with pytest.raises(ValueError, match="positive"):
        Method(dt=-0.1)
    with pytest.raises(ValueError, match="substeps fixes"):
        Method(substeps=2, rtol=1e-3)
    with pytest.raises(ValueError, match="sort them"):
        solve(decay, jnp.ones(2), [0.0, 2.0, 1.0])
