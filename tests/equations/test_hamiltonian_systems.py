"""Systems given by their energy: what they conserve, their gradients, and orbits that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import HenonHeiles, MagneticMirror, MassSpring, ThreeBody, TwoBody
from neuralpde.solvers import solve_ode

SYSTEMS = (MassSpring(), HenonHeiles(), MagneticMirror(), TwoBody(), ThreeBody())


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: type(s).__name__)
def test_field_is_the_gradient_turned_and_what_is_conserved_has_no_rate(system):
    y0 = np.asarray(system.initial_states().sample(jax.random.key(3), 1)[0])
    c, h = len(y0) // 2, 1e-5
    energies = jax.jit(jax.vmap(lambda y: system.hamiltonian(y[:c], y[c:])))(
        y0 + h * np.concatenate([np.eye(2 * c)] * 2) * np.repeat([1, -1], 2 * c)[:, None]
    )
    slope = (energies[: 2 * c] - energies[2 * c :]) / (2 * h)
    field = jax.jit(system.vector_field)(0.0, y0)
    np.testing.assert_allclose(field, np.concatenate([slope[c:], -slope[:c]]), atol=1e-8)
    rates = jax.jit(lambda y: jax.jvp(system.conserved, (y,), (system.vector_field(0.0, y),))[1])(y0)
    for name, rate in rates.items():
        assert abs(float(rate)) < 1e-12, name


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: type(s).__name__)
def test_energy_stays_along_solutions(system):
    y0 = system.initial_states().sample(jax.random.key(3), 1)[0]
    states = jax.jit(lambda y: solve_ode(system, y, (0.0, 4.0, 10.0)))(y0)
    for name, values in jax.vmap(system.conserved)(states).items():
        np.testing.assert_allclose(values, values[0], atol=2e-6, err_msg=name)
    assert np.abs(states[1] - states[0]).max() > 0.05


@pytest.mark.slow
def test_orbits_that_are_known():
    spring = MassSpring(mass=2.0, stiffness=0.5)
    end = solve_ode(spring, jnp.asarray([1.0, 0.0]), (0.0, 3.0))[-1]
    np.testing.assert_allclose(end, [np.cos(1.5), -np.sin(1.5)], atol=1e-7)  # p = m q', frequency 1/2
    for system, period, tolerance in ((TwoBody(), np.sqrt(2) * np.pi, 1e-6), (ThreeBody(), 6.32591398, 1e-4)):
        y0 = system.initial_state()
        end = jax.jit(lambda y, s=system, t=period: solve_ode(s, y, (0.0, t), rtol=1e-10, atol=1e-12))(y0)[-1]
        np.testing.assert_allclose(end, y0, atol=tolerance)


@pytest.mark.slow
def test_magnetic_mirror_throws_a_charge_back_as_its_moment_says():
    """A charge in circles around the axis keeps its moment r^2 B / 2 = |momentum|, as long as the field changes slowly.

    Along the axis it then moves in the potential |momentum| (1 + z^2 / length^2): a spring, up to 1 / length^2.
    """
    misses = []
    for length in (10.0, 20.0):
        system = MagneticMirror(momentum=-1.0, length=length)
        frequency = np.sqrt(2) / length
        times = np.linspace(0, 2 * np.pi / frequency, 101)
        start = jnp.asarray([np.sqrt(2), 0.0, 0.0, 0.3])
        states = jax.jit(lambda y, s=system, t=times: solve_ode(s, y, tuple(t), rtol=1e-8))(start)
        amplitude = 0.3 / frequency
        misses.append(np.abs(states[:, 1] - amplitude * np.sin(frequency * times)).max() / amplitude)
    assert misses[0] < 2e-3
    assert misses[1] < misses[0] / 3.5


@pytest.mark.slow
def test_the_charge_of_the_default_does_not_leave_the_bottle():
    """A free one would be at z = 12."""
    system = MagneticMirror()
    states = jax.jit(lambda y: solve_ode(system, y, tuple(np.linspace(0, 40, 200)), rtol=1e-8))(system.initial_state())
    assert np.abs(states[:, 1]).max() < 3 and (np.diff(np.sign(states[:, 1])) != 0).sum() > 4
