"""Figures that show whether grid and step resolve a solution, against their formulas."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import Advection, Burgers, ShallowWater, Vorticity
from neuralpde.solvers import ETDRK, CrankNicolsonVorticity, FiniteVolume
from neuralpde.solvers.resolution import spectral_tail
from neuralpde.spaces import Box, ClosedForm, Field, FunctionSpace, Trajectory
from neuralpde.spaces.fourier import Fourier

RING, TORUS = Box.cube(1, periodic=True), Box.cube(2, periodic=True)


def wave(domain, *modes):
    """A sum of cosines with given amplitudes: pairs (wavenumbers, amplitude), and a mean of five."""

    def value(x):
        return 5 + sum(a * jnp.cos(2 * jnp.pi * jnp.dot(jnp.asarray(m, x.dtype), x)) for m, a in modes)[None]

    return ClosedForm(value, FunctionSpace(domain))


@pytest.mark.parametrize("n, dealias, edge", [(96, 2 / 3, 22), (96, 1.0, 32), (64, 2 / 3, 15)])
def test_the_tail_is_the_energy_of_the_top_third(n, dealias, edge):
    def tail(mode):
        u = wave(RING, ((1,), 1.0), ((mode,), 0.1)).sample(RING.grid(n))
        return float(spectral_tail(u, Fourier(u.on, float, dealias)))

    assert tail(edge - 1) < 1e-20
    assert tail(edge) == pytest.approx(0.01 / 1.01, rel=1e-10)


@pytest.mark.parametrize("mode", [(20, 1), (-20, 1), (1, 20), (20, -20)])
def test_the_tail_counts_every_axis_and_sign(mode):
    u = wave(TORUS, ((1, 2), 1.0), (mode, 0.5)).sample(TORUS.grid(72, 72))
    assert float(spectral_tail(u, Fourier(u.on, float, 2 / 3))) == pytest.approx(0.25 / 1.25, rel=1e-10)


def test_the_noise_of_a_state_at_rest_is_no_tail():
    u = wave(RING, ((40,), 1e-14)).sample(RING.grid(96))
    assert float(spectral_tail(u, Fourier(u.on, float, 2 / 3))) < 1e-12


@eqx.filter_jit
def figures(solver, equation, solution):
    return solver.figures(equation, solution)


def solution(*states):
    values = jnp.stack([u.values for u in states])
    return Trajectory(jnp.arange(float(len(states))), Field.stack(values, states[0].on, states[0].space))


def test_the_initial_state_does_not_count():
    on = RING.grid(64)
    rough, smooth = (wave(RING, ((m,), 1.0)).sample(on) for m in (30, 1))
    assert figures(ETDRK(0.01), Burgers(0.1), solution(rough, smooth))["spectral_tail"] < 1e-20
    assert figures(ETDRK(0.01), Burgers(0.1), solution(smooth, rough))["spectral_tail"] == pytest.approx(1)


def test_the_step_number_weighs_advection_against_damping():
    nu, h, n = 0.02, 0.01, 64
    u = wave(RING, ((1,), 1.0)).sample(RING.grid(n))  # between 4 and 6
    k = 2 * np.pi * np.arange(int(n / 3) + 1)
    expected = (h * 6 * k / (1 + h * nu * k**2)).max()
    assert figures(ETDRK(h), Burgers(nu), solution(u, u))["step_number"] == pytest.approx(expected, rel=1e-10)
    assert "step_number" not in figures(ETDRK(h), Advection((1.0,)), solution(u, u))  # solved exactly


def test_the_vorticity_tells_its_speed():
    vortices = ClosedForm(
        lambda x: jnp.prod(jnp.cos(2 * jnp.pi * x))[None] * 8 * jnp.pi**2, FunctionSpace(TORUS, ("w",))
    ).sample(TORUS.grid(24, 24))  # velocities up to 2 pi
    k = 2 * np.pi * 7
    found = figures(ETDRK(0.1), Vorticity(0.0), solution(vortices, vortices))["step_number"]
    assert found == pytest.approx(0.1 * 2 * (2 * np.pi) * k, rel=0.02)
    assert CrankNicolsonVorticity.limits["step_number"].largest < ETDRK.limits["step_number"].largest


def test_states_that_are_not_physical_are_counted():
    space = FunctionSpace(RING, ("depth", "momentum_x"))
    water = Field(jnp.ones((8, 2)), RING.grid(8), space)
    dry = water.with_values(water.values.at[3, 0].set(-0.1))
    solver, equation = FiniteVolume(), ShallowWater(dim=1)
    assert figures(solver, equation, solution(water, dry, water, water)) == {"unphysical_states": pytest.approx(0.25)}


def test_too_many_explicit_steps_are_refused_at_once():
    u = wave(RING, ((1,), 1.0)).sample(RING.grid(1024))
    needed = int(np.ceil(2 * 1.0 * 1024**2 / 0.4))
    with pytest.raises(ValueError, match=f"needs {needed} steps.*max_steps=100000"):
        FiniteVolume(riemann="rusanov").solve(Burgers(1.0), u, [0.0, 1.0])
