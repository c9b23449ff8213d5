"""Flames as problems: the form of their functions, what their laws miss on reference solutions, and training."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations.combustion import SimplifiedFlame
from neuralpde.equations.derivatives import partial
from neuralpde.nn import mlp
from neuralpde.pinn import Candidate, Lattice, Term, coordinate_network, problems
from neuralpde.pinn.problems.flame_front import Burning
from neuralpde.solvers import solve_simplified_flame
from neuralpde.spaces import Box, ClosedForm, FunctionSpace
from neuralpde.training import ResidualTask, fit, levenberg_marquardt

LINE = Box.of(x=(0.0, 1.5e-3))
SPEED, ENERGY = 0.29278611207, 1.214172e5
simplified = functools.cache(problems.flame_simplified)
inverse = functools.cache(problems.flame_simplified_inverse)


def waves(names):
    """A function without any particular values."""
    space = FunctionSpace(LINE, names)
    return ClosedForm(lambda x: jnp.sin(2e3 * x[0] + jnp.arange(len(names))), space)


def test_the_front_begins_exactly_and_stays_between_its_states():
    u = simplified().candidate(waves(("T",))).u
    points = jnp.linspace(0, 1.5e-3, 101)[:, None]
    slope, values = jax.jit(lambda: (partial(u, 0)(points[0]), jax.vmap(u)(points)))()
    np.testing.assert_allclose(slope, 1e5, rtol=1e-12)
    np.testing.assert_allclose(values[0], 298.0, rtol=1e-14)
    assert values.min() >= 298 and values.max() < SimplifiedFlame().burned_temperature and np.ptp(values) > 1000


def test_derivatives_go_through_the_fronts():
    """By their series, and by nested differentiation of their values."""
    before, after = (300.0, 0.1, 0.2, 0.7), (2000.0, 0.0, 0.3, 0.7)
    burning = Burning(waves(("T", "a", "b", "c")), before, after, 1e-3, 12.0)
    fronts = (simplified().candidate(waves(("T",))).u, burning)

    def derivatives(x):
        each = [(u, order) for u in fronts for order in (1, 2)]
        return [(partial(u, 0, order)(x), partial(lambda x, u=u: u(x), 0, order)(x)) for u, order in each]

    found, state, start = jax.jit(lambda x: (derivatives(x), burning(x), burning(0 * x)))(jnp.asarray([4e-4]))
    for by_series, nested in found:
        np.testing.assert_allclose(by_series, nested, rtol=1e-9)
    assert float(state[1:].sum()) == pytest.approx(1, rel=1e-14)
    assert float(start[0]) == pytest.approx(300 + 1700 * 1e-3 / (1 + 1e-3), rel=1e-14)


def test_what_the_inverse_problem_is_given():
    problem = inverse(noise=0.0, velocity=True)
    assert problem.labels == ("equation", "outlet", "temperature", "velocity")
    assert problem.unknowns.keys() == {"flame_speed", "activation_energy"}
    found = solve_simplified_flame(SimplifiedFlame(flame_speed=0.4), 1e5, 1.5e-3)
    x, t = problem.conditions[2].x, problem.conditions[2].values
    np.testing.assert_allclose(t, found(np.asarray(x)[:, 0])[:, :1], rtol=1e-9)
    # The velocities are those of this gas at these temperatures, and of no other flame speed.
    truth = Candidate(ClosedForm(lambda x: jnp.interp(x, problem.conditions[2].x[:, 0], t[:, 0]), problem.space))
    term = Term(problem.conditions[3], problem.space, None, 10, Lattice())

    @jax.jit
    def lack(speed):
        return term.residuals(Candidate(truth.u, {"flame_speed": speed}), term.points(jax.random.key(0)))

    np.testing.assert_allclose(lack(jnp.asarray(found.parameters[0])), 0, atol=1e-9)
    assert jnp.abs(lack(jnp.asarray(0.3))).max() > 0.02
    noisy = [inverse(noise=0.1, seed=seed).conditions[2].values for seed in (0, 1)]
    assert all(1e-3 < np.abs(values / t - 1).mean() < 0.3 for values in noisy) and np.any(noisy[0] != noisy[1])
    with pytest.raises(ValueError, match="flame_speed"):
        inverse(unknown=("conductivity",))
    with pytest.raises(ValueError, match="viscosity"):
        inverse(unknown=("flame_speed", "viscosity"))


def trained(problem, steps, width=16):
    """By Levenberg-Marquardt on points of a lattice, without a look at the reference."""
    layers = functools.partial(mlp, width=width, depth=2, activation=jnp.tanh)
    candidate = problem.candidate(coordinate_network(problem.space, layers, key=jax.random.key(0)))
    task = ResidualTask(problem, points=128, resample_every=None, sampler=Lattice())
    options = {"steps": steps, "steps_per_call": 25, "evaluate_every": steps, "progress": False}
    found = fit(candidate, task, levenberg_marquardt(steps), key=jax.random.key(1), **options).model
    return found, task.evaluate(found)["validation/relative_l2"]


@pytest.mark.slow
def test_a_network_finds_the_flame_and_its_speed():
    found, error = trained(simplified(), 150)
    speed = float(found.unknowns["flame_speed"].value)
    print(f"case 1: s_L = {speed:.7f} m/s, relative error {speed / SPEED - 1:.1e}; relative L2 of T {error:.1e}")
    assert abs(speed / SPEED - 1) < 2e-3 and error < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("noise, seed", [(0.01, 0), (0.01, 1), (0.05, 0)])
def test_a_network_finds_the_activation_energy(noise, seed):
    found, error = trained(inverse(noise=noise, seed=seed), 100)
    energy, speed = (float(found.unknowns[name].value) for name in ("activation_energy", "flame_speed"))
    print(
        f"case 1, inverse, noise {noise}: E_a {energy / ENERGY - 1:+.1e}, s_L {speed / SPEED - 1:+.1e}, T {error:.1e}"
    )
    assert abs(energy / ENERGY - 1) < 0.05 and abs(speed / SPEED - 1) < 0.05
