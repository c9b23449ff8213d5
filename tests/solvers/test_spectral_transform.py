"""Shallow water on the sphere: the equations point by point, steady flows, waves known in closed form, what is
conserved, orders in time, agreement of two resolutions.
"""

import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order
from solvers.sphere_convergence import (
    DAY,
    DEGREE,
    OMEGA,
    SPHERE,
    STATES,
    WAVES,
    N,
    days,
    haurwitz_vorticity,
    haurwitz_wave,
    planet,
    state,
    step_errors,
    waves,
)

from neuralpde.equations import Burgers, SphereShallowWater, ZonalJets
from neuralpde.solvers import SpectralTransform
from neuralpde.spaces import Box, ClosedForm, Field, FunctionSpace, relative_l2

INVISCID = SphereShallowWater(diffusion_time=None)


def sampled(function) -> Field:
    """A state from a function of the points in degrees."""
    return ClosedForm(function, STATES).sample(SPHERE.grid(N, 2 * N))


@pytest.mark.parametrize("order", [*(pytest.param(order, marks=pytest.mark.slow) for order in (1, 2, 3)), 4])
def test_steps_have_their_order(order):
    assert observed_order(step_errors(order)) == pytest.approx(order, abs=0.3)


def point(x):
    """On the sphere of radius one, from degrees."""
    latitude, longitude = jnp.deg2rad(x[0]), jnp.deg2rad(x[1])
    return jnp.cos(latitude) * jnp.cos(longitude), jnp.cos(latitude) * jnp.sin(longitude), jnp.sin(latitude)


def swirl(x):
    """A state with divergence, of wind and pressure by differentiation of polynomials in space."""
    radius = INVISCID.radius

    def psi(x):
        a, b, c = point(x)
        return radius * (20 * (a - 0.3 * b) * c - 30 * c + 10 * b)

    def chi(x):
        a, b, c = point(x)
        return radius * (5 * a * b + 8 * c * b)

    across = jnp.cos(jnp.deg2rad(x[0]))
    slope = lambda f, y: jax.grad(f)(y[:2]) * 180 / math.pi / radius

    def wind(y):
        (psi_n, psi_e), (chi_n, chi_e) = slope(psi, y), slope(chi, y)
        across = jnp.cos(jnp.deg2rad(y[0]))
        return jnp.stack([chi_e / across - psi_n, psi_e / across + chi_n])

    u, v = wind(x)
    north, east = (jax.jacfwd(wind)(x)[:, :2] * 180 / math.pi / radius).T
    metric = jnp.tan(jnp.deg2rad(x[0])) / radius
    vor = east[1] / across - north[0] + u * metric
    div = east[0] / across + north[1] - v * metric
    a, b, c = point(x)
    return jnp.stack([u, v, vor, div, 300 * a * c + 100 * b])


def test_tendency_is_that_of_the_momentum_balance_at_every_point():
    # Degree 2 in every factor: the products are of degree 5 at most, and the grid holds 15.
    on = SPHERE.grid(N, 2 * N)
    u = jax.jit(lambda: sampled(swirl))()
    found = jax.jit(INVISCID.tendency)(u).values
    steady = lambda x: INVISCID.residual(lambda y: swirl(y), jnp.append(x, 0.0))
    residual = jax.jit(jax.vmap(jax.vmap(steady)))(on.coords())
    for component, row in ((0, 0), (1, 1), (4, 4)):
        size = jnp.abs(residual[..., row]).max()
        np.testing.assert_allclose(found[..., component], -residual[..., row], atol=1e-11 * size)
    np.testing.assert_allclose(residual[..., 2:4], 0, atol=1e-18)
    # What is told of the wind by its curl and divergence is the wind.
    again = jax.jit(lambda u: state(INVISCID, INVISCID.analyse(u, DEGREE)))(u)
    np.testing.assert_allclose(again.values, u.values, rtol=1e-11, atol=1e-13)


def test_waves_of_rossby_and_haurwitz_begin_to_move_at_their_speed():
    # nu = (R (3 + R) omega - 2 Omega) / ((1 + R) (2 + R)): Williamson et al. 1992, equation 142.
    speed = (WAVES * (3 + WAVES) * OMEGA - 2 * INVISCID.rotation) / ((1 + WAVES) * (2 + WAVES))
    rate = jax.jit(INVISCID.tendency)(haurwitz_wave(planet())).values
    latitude, longitude = jnp.moveaxis(jnp.deg2rad(SPHERE.grid(N, 2 * N).coords()), -1, 0)
    slope = jax.vmap(jax.vmap(jax.grad(haurwitz_vorticity, 1)))(latitude, longitude)
    np.testing.assert_allclose(rate[..., 2], -speed * slope, atol=1e-10 * jnp.abs(slope).max() * abs(speed) + 1e-24)
    # Balanced: no divergence begins.
    assert jnp.abs(rate[..., 3]).max() < 1e-10 * INVISCID.rotation**2


@pytest.mark.parametrize("rotation, tilt", [(7.292e-5, 0.0), (0.0, 0.7)])
def test_solid_rotation_in_balance_is_steady(rotation, tilt):
    exact = SphereShallowWater(rotation=rotation).exact(SPHERE * Box.of(t=(0.0, DAY)), 40.0, tilt)
    first = jax.jit(lambda: sampled(lambda x: exact(jnp.append(x, 0.0))))()
    last = days(planet(rotation), first).values[-1]
    largest = jnp.abs(first.values).max((0, 1))
    assert largest[4] > 30
    sizes = jnp.array([40.0, 40.0, 1e-5, 1e-5, 100.0])
    np.testing.assert_allclose(last / sizes, first.values / sizes, atol=1e-10)


@functools.cache
def harmonic(n, m, component, amplitude):
    """A tiny wave of one harmonic."""
    spectrum = jnp.zeros((3, DEGREE + 1, DEGREE + 1), complex).at[component, m, n].set(amplitude)
    return jax.jit(state)(planet(), spectrum)


def test_gravity_waves_have_their_frequency():
    # Of degree n on a planet at rest: omega^2 = gravity depth n (n + 1) / radius^2.
    n, equation = 7, planet(rotation=0.0)
    omega = math.sqrt(equation.gravity * equation.depth * n * (n + 1)) / equation.radius
    first = harmonic(n, 3, 2, 1e-9)
    values = days(equation, first).values
    for k in (1, 2):
        np.testing.assert_allclose(values[k, ..., 4], jnp.cos(omega * k * DAY) * first.values[..., 4], atol=1e-17)


def test_hyperdiffusion_takes_its_time():
    n, time = 5, 8640.0
    first = harmonic(n, 2, 0, 1e-12)
    values = days(planet(0.0, time), first).values
    factor = math.exp(-DAY / time * (n * (n + 1) / (DEGREE * (DEGREE + 1))) ** 2)
    np.testing.assert_allclose(values[1, ..., 2], factor * first.values[..., 2], atol=1e-19)


def test_volume_is_kept_to_round_off_and_energy_nearly():
    # On a grid that integrates the products of three functions exactly.
    fine = jax.jit(lambda u: INVISCID.invariants(state(INVISCID, INVISCID.analyse(u, DEGREE), 36)))
    start = haurwitz_wave(planet())
    before, now = fine(start), fine(waves(DAY / 48))
    assert abs(now["volume"] - before["volume"]) < 1e-14 * INVISCID.depth * 4 * math.pi * INVISCID.radius**2
    for name, drift in (("energy", 5e-6), ("potential_enstrophy", 2e-4)):
        assert abs(now[name] / before[name] - 1) < drift, name
    assert float(relative_l2(waves(DAY / 48), start)) > 0.1


@pytest.mark.slow
def test_energy_is_kept_and_the_error_falls_as_degrees_and_steps_are_refined():
    first = haurwitz_wave(planet(), 48)
    energy = jax.jit(lambda u: INVISCID.invariants(u)["energy"])
    at = lambda step, degree: first.with_values(days(planet(), first, step, degree=degree).values[-1])
    drifts = [abs(float(energy(at(step, 31)) / energy(first)) - 1) for step in (2400.0, 1200.0)]
    assert drifts[1] < 1e-8 and observed_order(drifts) > 3.7
    best = at(1200.0, 31)
    errors = [float(relative_l2(at(1200.0, degree), best)) for degree in (10, 15, 21)]
    assert errors[0] > 5 * errors[1] > 10 * errors[2] and errors[2] < 1e-3


def test_solution_turns_with_the_planet_and_mirrors_at_the_equator():
    solve = lambda values: days(planet(diffusion_time=1e4), start.with_values(values)).values[-1]
    start = jax.jit(lambda: ZonalJets(STATES, degree=10).sample(jax.random.key(1), SPHERE.grid(N, 2 * N)))()
    found = solve(start.values)
    np.testing.assert_allclose(
        solve(jnp.roll(start.values, 5, axis=1)), jnp.roll(found, 5, axis=1), rtol=1e-8, atol=1e-12
    )
    signs = jnp.array([1.0, -1.0, -1.0, 1.0, 1.0])
    np.testing.assert_allclose(solve(signs * start.values[::-1]), signs * found[::-1], rtol=1e-8, atol=1e-12)


@pytest.mark.slow
def test_batch_in_single_precision_is_close_to_one_at_a_time_in_double():
    first = haurwitz_wave(planet())
    single = jax.tree.map(lambda x: x.astype(jnp.float32) if eqx.is_array(x) else x, (planet(), first))
    solve = jax.jit(jax.vmap(lambda values: days(single[0], single[1].with_values(values)).values[-1]))
    found = solve(jnp.stack([single[1].values, jnp.zeros_like(single[1].values)]))
    assert found.dtype == jnp.float32 and not found[1].any()
    truth = waves(3600.0).values
    for component in (0, 1, 2, 4):
        np.testing.assert_allclose(
            found[0, ..., component], truth[..., component], atol=2e-3 * float(jnp.abs(truth[..., component]).max())
        )


@pytest.mark.slow
def test_restriction_keeps_the_harmonics_that_the_coarse_grid_holds():
    fine, coarse = SPHERE.grid(2 * N, 4 * N), SPHERE.grid(N, 2 * N)
    draw = lambda on: ZonalJets(STATES, degree=10, balanced=True).sample(jax.random.key(2), on)
    restricted, direct = jax.jit(
        lambda: (SpectralTransform(1.0).restrict(INVISCID, draw(fine), coarse), draw(coarse))
    )()
    np.testing.assert_allclose(restricted.values, direct.values, rtol=1e-10, atol=1e-11)


@pytest.mark.slow
def test_wind_has_the_statistics_of_the_published_set():
    """Standard deviations of u and v on days 1 to 21, as SineNet (ICLR 2024) normalises PDEArena's set."""
    on, degree = SPHERE.grid(48, 96), 31
    equation = SphereShallowWater(diffusion_degree=degree)
    prior = ZonalJets(STATES, equation, degree, as_published=True)
    times = [0.0, *(DAY * (1 + 2 * k) for k in range(11))]

    @jax.jit
    def squares(key):
        values = SpectralTransform(2400.0).solve(equation, prior.sample(key, on), times).field.values
        return jnp.mean(values[1:, ..., :2] ** 2, (0, 1, 2))

    found = jnp.stack([squares(key) for key in jax.random.split(jax.random.key(0), 24)])
    mean, error = found.mean(0), found.std(0, ddof=1) / 24**0.5
    # Half the resolution of the set costs some of the wind's small scales.
    distance = jnp.abs(jnp.sqrt(mean) - jnp.array([3.4489, 3.4051]))
    assert (distance < 0.2 + 4 * error / (2 * jnp.sqrt(mean))).all()


@pytest.mark.parametrize(
    "equation, names, n, times, message",
    [
        (Burgers(0.1), STATES.names, 8, [0.0, 1.0], "got Burgers"),
        (INVISCID, ("u", "v", "vor", "div", "h"), 8, [0.0, 1.0], "has the components"),
        (INVISCID, STATES.names, 4, [0.0, 1.0], "4 latitudes and 8 longitudes hold degrees up to 3, got 5"),
        (INVISCID, STATES.names, 8, [0.0, 1.0, 2.5], "multiples of the shortest"),
    ],
)
def test_what_cannot_be_solved_is_refused(equation, names, n, times, message):
    u = Field(jnp.zeros((n, 2 * n, 5)), SPHERE.grid(n, 2 * n), FunctionSpace(SPHERE, names))
    with pytest.raises(ValueError, match=message):
        SpectralTransform(1.0, degree=5).solve(equation, u, times)


def test_options_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="has the orders"):
        SpectralTransform(1.0, order=5)
    with pytest.raises(NotImplementedError, match="with hyperdiffusion"):
        SphereShallowWater().residual(swirl, jnp.zeros(3))
    with pytest.raises(NotImplementedError, match="tilted"):
        SphereShallowWater().exact(SPHERE * Box.of(t=(0.0, 1.0)), tilt=0.1)
