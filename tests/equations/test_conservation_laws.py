"""Laws of gas and water against linear algebra, second forms of the same physics, and solutions in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import (
    CompressibleNavierStokes,
    DamBreak,
    EntropyWave,
    Euler,
    GasRiemann,
    IsentropicVortex,
    ShallowWater,
    SimpleWave,
    snapshot,
)
from neuralpde.spaces import Box, Field, FunctionSpace

LAWS = [
    Euler(1.4, 1),
    Euler(5 / 3, 2),
    CompressibleNavierStokes(1.4, dim=3),
    ShallowWater(9.81, 1),
    ShallowWater(2.0, 2),
]
TIME = Box.of(t=(0.0, 1.0))
TUBE = FunctionSpace(Box.of(x=(0.0, 1.0)) * TIME, Euler(1.4, 1).names)


def states(law, count=5, seed=0):
    """Random physical states, conserved."""
    rng = np.random.default_rng(seed)
    w = rng.normal(0, 1, (count, len(law.names)))
    w[:, 0] = np.exp(w[:, 0])
    if not isinstance(law, ShallowWater):
        w[:, -1] = np.exp(w[:, -1])
    return law.conserved(jnp.asarray(w))


def contact_flux(law, left, right, axis=0):
    return jax.jit(lambda a, b: law.contact_flux(a, b, axis))(left, right)


@pytest.mark.parametrize("law", LAWS)
def test_primitive_variables_lead_back(law):
    u = states(law)
    np.testing.assert_allclose(law.conserved(law.primitive(u)), u, rtol=1e-13)
    assert law.admissible(u).all()


@pytest.mark.parametrize("law", LAWS)
def test_signal_speeds_are_the_extreme_eigenvalues_of_the_flux(law):
    u = states(law)
    for axis in range(law.dim):
        jacobians = jax.vmap(jax.jacfwd(lambda v, axis=axis: law.flux(v, axis)))(u)
        eigenvalues = np.linalg.eigvals(np.asarray(jacobians)).real
        slow, fast = law.signal_speeds(u, axis)
        np.testing.assert_allclose(slow, eigenvalues.min(-1), rtol=1e-6)
        np.testing.assert_allclose(fast, eigenvalues.max(-1), rtol=1e-6)


@pytest.mark.parametrize("law", LAWS)
def test_riemann_solver_of_equal_states_is_the_flux(law):
    u = states(law)
    for axis in range(law.dim):
        np.testing.assert_allclose(contact_flux(law, u, u, axis), law.flux(u, axis), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("law", LAWS)
def test_riemann_solver_is_upwind_where_all_waves_go_one_way(law):
    boost = jnp.zeros(len(law.names)).at[1].set(100.0)
    left, right = (law.conserved(law.primitive(states(law, seed=i)) + boost) for i in (1, 2))
    np.testing.assert_allclose(contact_flux(law, left, right), law.flux(left, 0), rtol=1e-12)


@pytest.mark.parametrize("law", LAWS)
def test_riemann_solver_sees_the_same_waves_in_a_mirror(law):
    mirror = jnp.ones(len(law.names)).at[1].set(-1.0)
    left, right = states(law, seed=1), states(law, seed=2)
    there, back = contact_flux(law, left, right), contact_flux(law, right * mirror, left * mirror)
    np.testing.assert_allclose(there, -back * mirror, rtol=1e-10, atol=1e-10)


def test_hllc_keeps_a_contact_and_a_shear_wave_at_rest():
    law = Euler(1.4, 2)
    left, right = law.conserved(jnp.array([1.0, 0.0, 2.0, 0.7])), law.conserved(jnp.array([50.0, 0.0, -3.0, 0.7]))
    np.testing.assert_allclose(contact_flux(law, left, right), [0, 0.7, 0, 0], atol=1e-14)


def test_water_carries_its_tangential_velocity_from_where_it_comes():
    law = ShallowWater(1.0, 2)
    left, right = law.conserved(jnp.array([2.0, 0.1, 5.0])), law.conserved(jnp.array([1.0, 0.0, -7.0]))
    flux = contact_flux(law, left, right)
    assert flux[0] > 0 and flux[2] == pytest.approx(5.0 * flux[0])


def smooth_gas(law):
    def solution(x):
        waves = jnp.stack([jnp.sin(x @ jnp.arange(1.0, 1 + x.size) + i) for i in range(law.dim + 2)])
        return law.conserved(2.0 + 0.3 * waves)

    return solution


@pytest.mark.parametrize("dim", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_viscous_force_is_that_of_landau_and_lifshitz(dim):
    # Force: shear Laplace(v) + (bulk + shear / 3) grad div v. Heat: sigma : grad v + v . force + conductivity Laplace(T).
    shear, bulk, conductivity = 0.3, 0.2, 0.7
    law, ideal = CompressibleNavierStokes(1.4, shear, bulk, conductivity, dim), Euler(1.4, dim)
    u = smooth_gas(law)
    primitive = lambda y: law.primitive(u(y))
    velocity, temperature = lambda y: primitive(y)[1:-1], lambda y: primitive(y)[-1] / primitive(y)[0]

    @jax.jit
    def forms(x):
        gradient = jax.jacfwd(velocity)(x)[:, :dim]
        second = jax.jacfwd(jax.jacfwd(velocity))(x)[:, :dim, :dim]
        force = shear * jnp.trace(second, axis1=1, axis2=2) + (bulk + shear / 3) * jnp.einsum("iij->j", second)
        strain, divergence = (gradient + gradient.T) / 2, jnp.trace(gradient)
        heating = 2 * shear * jnp.sum(strain**2) + (bulk - 2 / 3 * shear) * divergence**2
        conduction = conductivity * jnp.trace(jax.jacfwd(jax.jacfwd(temperature))(x)[:dim, :dim])
        energy = heating + velocity(x) @ force + conduction
        return ideal.residual(u, x) - law.residual(u, x), jnp.stack([0.0, *force, energy])

    viscous, expected = forms(jnp.linspace(0.2, 0.9, dim + 1))
    np.testing.assert_allclose(viscous, expected, atol=1e-12)


PLANE = FunctionSpace(Box.of(("x", "y"), x=(-5.0, 5.0), y=(-5.0, 5.0)) * TIME, Euler(1.4, 2).names)
CHANNEL = FunctionSpace(Box.of(x=(-5.0, 5.0)) * TIME, ShallowWater(9.81, 1).names)


@pytest.mark.parametrize(
    "law, solution, at",
    [
        (Euler(1.4, 2), EntropyWave(PLANE, (1.0, -0.5), (1, 2)), (0.3, 0.2, 0.4)),
        (Euler(1.4, 2), IsentropicVortex(PLANE), (1.2, -0.4, 0.7)),
        (Euler(1.4, 1), SimpleWave(TUBE), (0.3, 0.5)),
        (Euler(1.4, 1), GasRiemann(TUBE, (1.0, 0.0, 1.0), (0.125, 0.0, 0.1), 1.4, 0.5), (0.4, 0.25)),
        (ShallowWater(9.81, 1), DamBreak(CHANNEL, (2.0, 0.0), (0.5, 0.0), 9.81), (-1.0, 0.5)),
    ],
)
def test_exact_solutions_solve_their_equation_and_are_not_constant_there(law, solution, at):
    residual, slope = jax.jit(lambda x: (law.residual(solution, x), jax.jacfwd(solution)(x)))(jnp.asarray(at))
    assert jnp.max(jnp.abs(residual)) < 1e-12
    assert jnp.max(jnp.abs(slope)) > 1e-2


# Star pressures and velocities as printed: Toro 2009, table 4.3.
@pytest.mark.parametrize(
    "left, right, pressure, velocity",
    [
        ((1.0, 0.0, 1.0), (0.125, 0.0, 0.1), 0.30313, 0.92745),
        ((1.0, -2.0, 0.4), (1.0, 2.0, 0.4), 0.00189, 0.0),
        ((1.0, 0.0, 1000.0), (1.0, 0.0, 0.01), 460.894, 19.5975),
        ((1.0, 0.0, 0.01), (1.0, 0.0, 100.0), 46.0950, -6.19633),
        ((5.99924, 19.5975, 460.894), (5.99242, -6.19633, 46.0950), 1691.64, 8.68975),
    ],
)
def test_star_state_is_that_of_the_textbook(left, right, pressure, velocity):
    star = GasRiemann(TUBE, left, right).star
    assert star[0] == pytest.approx(pressure, abs=5e-6, rel=1e-5)
    assert star[1] == pytest.approx(velocity, abs=1e-9, rel=1e-5)


@pytest.mark.parametrize("right", [(0.125, 0.0, 0.1), (0.5, -3.0, 4.0), (2.0, 1.5, 0.3)])
def test_gas_between_two_points_changes_by_what_flows_in(right):
    left, time, n = (1.0, 0.3, 1.0), 0.05, 40_000
    problem, law = GasRiemann(TUBE, left, right, 1.4, 0.5), Euler(1.4, 1)
    on = Box.of(x=(0.0, 1.0)).grid(n)
    change = snapshot(problem, on, time).integral() - snapshot(problem, on, 0.0).integral()
    inflow = time * (law.flux(law.conserved(jnp.asarray(left)), 0) - law.flux(law.conserved(jnp.asarray(right)), 0))
    np.testing.assert_allclose(change, inflow, atol=20 / n)


def test_water_between_two_points_changes_by_what_flows_in():
    left, right, time, n = (2.0, 0.3), (0.5, -0.6), 0.5, 40_000
    problem, law = DamBreak(CHANNEL, left, right, 9.81), ShallowWater(9.81, 1)
    on = Box.of(x=(-5.0, 5.0)).grid(n)
    change = snapshot(problem, on, time).integral() - snapshot(problem, on, 0.0).integral()
    inflow = time * (law.flux(law.conserved(jnp.asarray(left)), 0) - law.flux(law.conserved(jnp.asarray(right)), 0))
    np.testing.assert_allclose(change, inflow, atol=100 / n)


def test_a_void_between_two_states_is_refused():
    with pytest.raises(ValueError, match="void"):
        GasRiemann(TUBE, (1.0, -20.0, 0.4), (1.0, 20.0, 0.4))
    with pytest.raises(ValueError, match="void"):
        DamBreak(CHANNEL, (1.0, -9.0), (1.0, 9.0), 1.0)


def test_sound_wave_steepens_until_it_breaks():
    wave = SimpleWave(TUBE)
    on_line = jax.jit(jax.vmap(lambda x, t: jax.jacfwd(wave)(jnp.stack([x, t]))[0, 0], (0, None)))
    slope = lambda t: jnp.abs(on_line(jnp.linspace(0, 1, 400), t))
    steep = [float(slope(jnp.asarray(f * wave.breaking_time)).max()) for f in (0.0, 0.5, 0.9)]
    # The steepest line keeps its value v = 0 and its slope grows as 1 / (1 - t / t_break).
    assert steep[1] / steep[0] == pytest.approx(2, rel=0.1) and steep[2] / steep[0] == pytest.approx(10, rel=0.15)


def test_invariants_are_the_integrals_of_the_conserved_quantities():
    law, box = ShallowWater(1.0, 2), Box.of(x=(0.0, 2.0), y=(0.0, 3.0))
    on = box.grid(4)
    u = Field(jnp.broadcast_to(jnp.array([2.0, 1.0, -1.0]), (4, 4, 3)), on, FunctionSpace(box, law.names))
    assert law.invariants(u) == pytest.approx({"depth": 12.0, "momentum_x": 6.0, "momentum_y": -6.0})


def test_fields_change_variables_and_keep_their_conditions():
    law, box = Euler(1.4, 1), Box.cube(1, periodic=True)
    w = Field(jnp.full((3, 3), 2.0), box.grid(3), FunctionSpace(box, law.primitive_names))
    u = law.to_conserved(w)
    assert u.space.names == law.names and u.space.boundary == w.space.boundary
    np.testing.assert_allclose(u.values[0], [2.0, 4.0, 2 / 0.4 + 4.0])
    np.testing.assert_allclose(law.to_primitive(u).values, w.values, rtol=1e-14)
