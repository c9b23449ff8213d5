"""Reactors of gas: budgets, equilibrium by the largest entropy, ignition against Cantera and another solver of ODEs."""

import dataclasses

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, minimize_scalar

from neuralpde.dynamics import Method, solve
from neuralpde.equations.combustion import HeatPulse, Reactor, igniter, read_mechanism
from neuralpde.equations.combustion.igniter import lean_mixture
from neuralpde.equations.combustion.mechanism import SHIPPED
from neuralpde.equations.combustion.thermodynamics import GAS_CONSTANT

GAS = read_mechanism("methane_two_step")
ATMOSPHERE = 101325.0
START, RATIO = 900.0, 0.3
TIMES = np.append(np.linspace(0.0, 4e-4, 4001), 1e-2)
# By Cantera 3.2 from the same file: a closed vessel from START at one atmosphere, tolerances 1e-12 and 1e-18.
CANTERA = {"delay": 6.25013e-5, "equilibrium": 3395.39253}
BURNING = 2000.0


def vessel() -> Reactor:
    return Reactor(GAS, lean_mixture(GAS, RATIO), inflow_temperature=START)


@jax.jit
def burned(tolerance):
    """States of the closed vessel at TIMES, around ignition and long after."""
    controller = diffrax.PIDController(rtol=tolerance, atol=1e-2 * tolerance)
    method = Method(diffrax.Kvaerno3(), controller=controller, max_steps=4096)
    reactor = vessel()
    return solve(reactor.vector_field, reactor.initial_state(), TIMES, method).states


def delay(temperature) -> float:
    """When the temperature passes BURNING."""
    i = int(np.argmax(temperature > BURNING))
    return float(np.interp(BURNING, temperature[i - 1 : i + 1], TIMES[i - 1 : i + 1]))


def test_mass_elements_and_energy_of_an_open_vessel_balance():
    """d/dt of what is conserved, by the derivative of a state, is what comes less what goes, exactly."""
    reactor = dataclasses.replace(
        igniter(GAS, RATIO), heat=HeatPulse(0.1, 2e-4, 5e-5), conductance=0.02, wall_temperature=400.0
    )
    y = reactor.state(1500.0, 1.3 * ATMOSPHERE, GAS.mass_fractions(jnp.asarray([0.1, 0.5, 0.1, 0.2, 0.1])))
    fractions, density = y[1:] / y[1:].sum(), y[1:].sum()
    assert float(reactor.pressure(y)) == pytest.approx(1.3 * ATMOSPHERE)
    _, change = jax.jvp(reactor.conserved, (y,), (reactor.vector_field(2e-4, y),))
    leaving = float(reactor.outflow(density, 1.3 * ATMOSPHERE))
    assert leaving == pytest.approx(3e-6 * float(jnp.sqrt(2 * density * 0.3 * ATMOSPHERE)), rel=1e-5)
    come = reactor.inflow * reactor.fractions
    heat = 0.1 / (np.sqrt(2 * np.pi) * 5e-5) - 0.02 * 1100.0
    energy = come @ GAS.enthalpies(300.0) - leaving * fractions @ GAS.enthalpies(1500.0) + heat
    assert float(change.pop("energy")) == pytest.approx(float(energy / reactor.volume), rel=1e-9)
    atoms = ((come - leaving * fractions) / GAS.molar_mass) @ GAS.composition / reactor.volume
    np.testing.assert_allclose(list(change.values()), atoms, rtol=1e-9)


@pytest.mark.slow
def test_closed_vessel_keeps_elements_and_energy():
    """Elements to round-off, being linear in the state; the energy as well as the tolerance has it."""
    drift = {}
    for tolerance in (1e-3, 1e-5):
        states = burned(tolerance)
        begin, end = (vessel().conserved(states[i]) for i in (0, -1))
        scale = float(states[0, 1:] @ vessel().energies(3000.0)) - float(begin["energy"])
        drift[tolerance] = abs(float(end.pop("energy") - begin.pop("energy"))) / abs(scale)
        np.testing.assert_allclose(list(end.values()), list(begin.values()), rtol=1e-12)
    assert drift[1e-5] < 1e-5 and drift[1e-5] < 0.2 * drift[1e-3]


def entropy_equilibrium(reactor: Reactor, y) -> tuple[float, np.ndarray]:
    """Temperature and densities of largest entropy at the energy and the volume of y: without methane, CO burning on."""
    y, w = np.asarray(y), GAS.molar_mass
    energy = float(reactor.conserved(jnp.asarray(y))["energy"])
    moles = y[1:] / w
    moles = moles + GAS.kinetics.net[0] * moles[0]

    def mixed(extent):
        n = moles + extent * GAS.kinetics.net[1]
        balance = lambda t: float((n * w) @ reactor.energies(t)) - energy
        return brentq(balance, 1000.0, 5000.0, xtol=1e-10), n

    def entropy(extent):
        t, n = mixed(extent)
        held = np.maximum(n, 1e-300)
        each = np.asarray(GAS.thermodynamics.entropy(t)) - GAS_CONSTANT * np.log(held * GAS_CONSTANT * t / ATMOSPHERE)
        return float(n @ each)

    most = moles[GAS.names.index("CO")]
    found = minimize_scalar(lambda x: -entropy(x), bounds=(0.0, most), method="bounded", options={"xatol": 1e-9 * most})
    t, n = mixed(found.x)
    return t, n * w


@pytest.mark.slow
def test_gas_ends_in_the_state_of_largest_entropy():
    """Which is also the adiabatic flame temperature at constant volume of Cantera, found by chemical potentials."""
    states = burned(1e-5)
    temperature, densities = entropy_equilibrium(vessel(), states[0])
    assert temperature == pytest.approx(CANTERA["equilibrium"], rel=1e-5)
    assert float(states[-1, 0]) == pytest.approx(temperature, rel=1e-4)
    np.testing.assert_allclose(states[-1, 1:], densities, atol=2e-4 * densities.sum())


@pytest.mark.slow
def test_ignition_delay_is_that_of_other_solvers():
    """Cantera, and the method Radau of scipy on the same vector field."""
    states = np.asarray(burned(1e-5))
    found = delay(states[:, 0])
    assert found == pytest.approx(CANTERA["delay"], rel=5e-3)
    reactor = vessel()
    rate = jax.jit(lambda t, y: reactor.vector_field(t, y))
    slope = jax.jit(jax.jacfwd(lambda t, y: reactor.vector_field(t, y), 1))
    other = solve_ivp(
        lambda t, y: np.asarray(rate(t, y)),
        (0.0, TIMES[-2]),
        states[0],
        method="Radau",
        jac=lambda t, y: np.asarray(slope(t, y)),
        t_eval=TIMES[:-1],
        rtol=1e-8,
        atol=1e-11,
    )
    assert found == pytest.approx(delay(other.y[0]), rel=1e-3)


def test_equilibrium_constants_are_those_of_tables():
    """ln K_p of CO2 => CO + 1/2 O2 at one atmosphere: -6.635 at 2000 K, -1.111 at 3000 K (Cengel & Boles, table A-28)."""
    for temperature, expected in ((2000.0, -6.635), (3000.0, -1.111)):
        by_pressure = GAS.kinetics.equilibrium.log_constants(temperature)[1] - 0.5 * np.log(
            GAS_CONSTANT * temperature / ATMOSPHERE
        )
        assert -float(by_pressure) == pytest.approx(expected, abs=0.02)


def test_a_reversible_reaction_stops_where_the_law_of_mass_action_holds():
    t, c = 2500.0, np.asarray([0.0, 3.0, 0.0, 1.0, 0.7])
    constant = np.exp(float(GAS.kinetics.equilibrium.log_constants(t)[1]))
    for share, sign in ((0.5, 1), (1.0, 0), (2.0, -1)):
        c[GAS.names.index("CO2")] = share * constant * c[4] * np.sqrt(c[1])
        forward = 2e9 * 1e-3 * np.exp(-12000 * 4.184 / (GAS_CONSTANT * t)) * c[4] * np.sqrt(c[1])
        rate = float(GAS.kinetics.rates(t, c)[1])
        assert rate / forward == pytest.approx(1 - share, abs=1e-9) and np.sign(round(rate / forward, 6)) == sign


def test_cantera_itself_agrees():
    cantera = pytest.importorskip("cantera")
    gas = cantera.Solution(str(SHIPPED / "methane_two_step.yaml"))
    y = vessel().state(1800.0, ATMOSPHERE, GAS.mass_fractions(jnp.asarray([0.1, 0.5, 0.1, 0.2, 0.1])))
    gas.TPX = 1800.0, ATMOSPHERE, [0.1, 0.5, 0.1, 0.2, 0.1]
    np.testing.assert_allclose(vessel().production(y), gas.net_production_rates * gas.molecular_weights, rtol=1e-8)
