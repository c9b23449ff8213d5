"""Flames between two inlets as problems: the form of their functions, what is given, and training."""

import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.cli import load_solution
from neuralpde.cli.application import run
from neuralpde.equations.combustion import counterflow_flame, read_mechanism
from neuralpde.equations.derivatives import partial
from neuralpde.pinn import problems
from neuralpde.pinn.problems.counterflow_flames import mass_fraction_changes
from neuralpde.pinn.problems.counterflow_front import CounterflowFront
from neuralpde.spaces import Box, ClosedForm, FunctionSpace

LENGTH = 0.02
DROP, ENERGY = 16565.6335, 8.368e4
flame = functools.cache(lambda ratio=1.0: counterflow_flame(read_mechanism("methane_one_step"), "CH4", ratio))


def front(network, ratio=1.0):
    """The form with a network in it that is any function of s."""
    space = FunctionSpace(Box.of(x=(0.0, LENGTH)), flame(ratio).names)
    u = ClosedForm(lambda x: network(x[0] / LENGTH), space)
    return CounterflowFront(u, flame(ratio), tuple(flame(ratio).burned.tolist()), 200.0)


def waves(s):
    """A function without any particular values."""
    return jnp.sin(40 * s + jnp.arange(8.0))


def constant(values):
    return lambda s: jnp.asarray(values, s.dtype)


def states(u, points=401):
    """Values at evenly spaced points."""
    return np.asarray(jax.jit(jax.vmap(u))(jnp.linspace(0, LENGTH, points)[:, None]))


@pytest.mark.parametrize("ratio", [0.6, 1.0, 1.2])
def test_gases_come_as_they_are_whatever_the_network_says(ratio):
    u, lit = front(waves, ratio), flame(ratio)
    mass_flux = lambda x: u(x)[0] * lit.density(u(x)[2:])
    for x, flux, fractions in ((0.0, 1.0, lit.unburned), (LENGTH, -1.0, lit.opposed)):
        x = jnp.asarray([x])
        value = jax.jit(u)(x)
        np.testing.assert_allclose(value[1:3], [0, 300], atol=1e-10)
        np.testing.assert_allclose(value[3:], fractions, atol=1e-15)
        np.testing.assert_allclose(mass_flux(x), flux, rtol=1e-12)
        # Nothing leaves to the side where V is zero.
        np.testing.assert_allclose(jax.jit(jax.jacfwd(mass_flux))(x) * LENGTH, 0, atol=1e-12)
    np.testing.assert_allclose(states(u)[:, 3:].sum(axis=1), 1, rtol=1e-14)


def test_it_burns_where_the_network_is_zero():
    values, burned = states(front(constant(np.zeros(8)))), flame().burned
    assert 0.99 * burned[0] < values[:, 2].max() < 1.01 * burned[0]
    between = values[160]
    np.testing.assert_allclose(between[3:], burned[1:], atol=2e-3)
    assert values[80, 2] < 301 and values[320, 2] < 301


@pytest.mark.parametrize("size", [1.0, 100.0])
def test_it_cannot_be_cold(size):
    """Networks of constants and waves of any size, of all signs."""
    for seed in range(5):
        signs = np.random.default_rng(seed).choice([-size, size], 8)
        for network in (constant(signs), lambda s, signs=signs: signs * waves(s), constant(np.full(8, -size))):
            assert states(front(network), 101)[:, 2].max() > 1300


def test_fractions_of_what_reacts_stay_positive():
    values = states(front(lambda s: 3 * waves(s)))
    assert values[1:-1, 3:7].min() >= 0 and values[:, 2].min() >= 300


def test_derivatives_go_through_the_form():
    """By their series, and by nested differentiation of the values."""
    u = front(waves)

    @jax.jit
    def both(x):
        return [(partial(u, 0, k)(x), partial(lambda x: u(x), 0, k)(x)) for k in (1, 2)]

    for by_series, nested in both(jnp.asarray([0.29 * LENGTH])):
        np.testing.assert_allclose(by_series, nested, rtol=1e-8, atol=1e-6)


def test_mechanisms_with_intermediates_are_refused():
    two_steps = read_mechanism("methane_two_step")
    lit = counterflow_flame(two_steps, "CH4", 1.0, oxidizer={"O2": 1.0}, opposed={"CO2": 1.0})
    with pytest.raises(ValueError, match="CO is made and used"):
        mass_fraction_changes(lit)


@pytest.mark.slow
def test_what_the_inverse_problem_is_given():
    given, noisy = (problems.flame_counterflow_inverse(noise=noise) for noise in (0.0, 0.01))
    assert given.labels == ("equation", "front", "data")
    assert given.unknowns.keys() == {"pressure_drop", "activation_energy"}
    x, exact, values = given.conditions[2].x[:, 0], given.conditions[2].values, noisy.conditions[2].values
    assert exact.shape == (18, 8)
    grid, true = np.linspace(0, LENGTH, 1001), np.asarray(given.reference.values)
    seen = np.stack([np.interp(x, grid, y) for y in true.T], axis=1) / np.abs(true).max(axis=0)
    np.testing.assert_allclose(exact, seen, atol=1e-3)
    errors = (values / exact - 1)[np.abs(exact) > 1e-9]
    assert 0.008 < errors.std() < 0.012


@pytest.fixture
def solved(tmp_path, monkeypatch):
    """Results of an experiment."""
    monkeypatch.chdir(tmp_path)

    def solve(name, *overrides):
        quiet = ["trainer.progress=false", "trainer.tensorboard=false", "evaluation.report=false", "folder=done"]
        assert run(["solve", f"experiment=pinn/{name}", *quiet, *overrides]) == 0
        return json.loads((tmp_path / "done" / "results.json").read_text())

    return solve


@pytest.mark.slow
def test_flame_finds_the_fall_of_the_pressure(solved):
    results = solved("flame_case3")
    drop, error = results["unknown/pressure_drop"], results["test/relative_l2"]
    print(f"case 3: P = {drop:.2f} Pa/m^2, relative error {drop / DROP - 1:.1e}; relative L2 {error:.1e}")
    assert abs(drop / DROP - 1) < 1e-2 and error < 2e-2


@pytest.mark.slow
def test_activation_energy_is_found_from_noisy_values(solved):
    results = solved("flame_case3_inverse")
    energy, drop = results["unknown/activation_energy"], results["unknown/pressure_drop"]
    print(f"case 3, inverse: E_a {energy / ENERGY - 1:+.1e}, P {drop / DROP - 1:+.1e}")
    assert abs(energy / ENERGY - 1) < 2e-2 and abs(drop / DROP - 1) < 2e-2
    again = load_solution("done")
    assert float(again.unknowns["activation_energy"].value) == pytest.approx(energy, rel=1e-3)
