"""Residuals of incompressible flows for solutions known in closed form, and the prior of smoke."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import BuoyantSmoke, NavierStokes, SmokeAtRest
from neuralpde.spaces import Box, ClosedForm, Field, FunctionSpace

POINTS = jax.random.uniform(jax.random.key(0), (5, 3), minval=-1.0, maxval=2.0)
NU = 0.3


def kovasznay(x):
    """Steady flow behind a row of obstacles (Kovasznay, Proc. Camb. Phil. Soc. 44 (1948) 58), nu = 1 / Re = 0.3."""
    k = 2 * jnp.pi
    decay = 0.5 / NU - (0.25 / NU**2 + k**2) ** 0.5
    growth = jnp.exp(decay * x[0])
    u, v = 1 - growth * jnp.cos(k * x[1]), decay / k * growth * jnp.sin(k * x[1])
    return jnp.stack([u, v, (1 - growth**2) / 2])


def largest(equation, u, points=POINTS):
    return jnp.abs(jax.jit(jax.vmap(lambda x: equation.residual(u, x)))(points)).max()


def test_vortices_of_taylor_and_green_solve_the_equations():
    equation = NavierStokes(NU)
    assert largest(equation, equation.exact()) < 1e-13
    assert largest(NavierStokes(0.2), equation.exact()) > 0.05


def test_steady_flow_solves_the_equations_with_and_without_time():
    assert largest(NavierStokes(NU), kovasznay) < 1e-11
    assert largest(NavierStokes(NU), kovasznay, POINTS[:, :2]) < 1e-11
    assert largest(NavierStokes(2 * NU), kovasznay) > 0.1


def test_force_may_be_a_number_a_pair_or_a_function_of_space_or_of_both():
    rest = lambda x: jnp.zeros(3, x.dtype)
    plane, history = Box.cube(2), Box.of(x=(0, 1), y=(0, 1), t=(0, 1))
    force = lambda formula, box: NavierStokes(NU, ClosedForm(formula, FunctionSpace(box, ("u", "v"))))
    x = jnp.array([0.2, 0.5, 0.7])
    for equation, expected in [
        (NavierStokes(NU, 2.0), [-2, -2, 0]),
        (NavierStokes(NU, jnp.array([2.0, 3.0])), [-2, -3, 0]),
        (force(lambda x: x + 1, plane), [-1.2, -1.5, 0]),
        (force(lambda x: x[1:], history), [-0.5, -0.7, 0]),
    ]:
        np.testing.assert_allclose(equation.residual(rest, x), expected)


def test_smoke_that_follows_the_stream_lines_solves_the_equations():
    # w . grad s = 0 for s = stream function; the lift is taken up by a force.
    flow, equation = NavierStokes(NU).exact(), BuoyantSmoke(NU, 0.8, 0.1)
    smoke = lambda x: jnp.exp(-0.2 * x[2]) * jnp.sin(x[0]) * jnp.sin(x[1])
    state = lambda x: jnp.append(flow(x), smoke(x))
    residual = jax.jit(jax.vmap(lambda x: equation.residual(state, x)))(POINTS)
    expected = jnp.zeros((5, 4)).at[:, 1].set(-0.8 * jax.vmap(smoke)(POINTS))
    np.testing.assert_allclose(residual, expected, atol=1e-13)


def test_smoke_in_layers_is_carried_by_the_pressure():
    state = lambda x: jnp.stack([0 * x[0], 0 * x[0], 0.5 * (x[1] + x[1] ** 2 / 2), 1 + x[1]])
    assert largest(BuoyantSmoke(), state) < 1e-15
    assert largest(BuoyantSmoke(), state, POINTS[:, :2]) < 1e-15


def test_energy_momentum_and_smoke_are_integrals():
    box = Box.cube(2, 0.0, 2.0, periodic=True)
    values = jnp.broadcast_to(jnp.array([3.0, -1.0, 9.0, 0.5]), (4, 4, 4))
    flow = Field(values[..., :3], box.grid(4), FunctionSpace(box, NavierStokes.names))
    assert NavierStokes(NU).kinetic_energy(flow) == 20.0
    assert NavierStokes(NU).invariants(flow) == {"momentum_x": 12.0, "momentum_y": -4.0}
    walled = Field(values, Box.cube(2).grid(4), FunctionSpace(Box.cube(2), BuoyantSmoke.names))
    assert BuoyantSmoke().invariants(walled) == {"smoke": 0.5}
    assert NavierStokes(NU).invariants(walled) == {}


BOX = Box.cube(2, 0.0, 32.0)


def test_smoke_at_rest_is_one_function_on_all_grids_of_mean_square_one(key):
    prior = SmokeAtRest(FunctionSpace(BOX, BuoyantSmoke.names))
    coarse, fine = (eqx.filter_jit(prior.sample)(key, BOX.grid(n)) for n in (16, 48))
    assert coarse.space.names == BuoyantSmoke.names
    # The middle of each coarse cell is that of the middle fine one.
    np.testing.assert_allclose(coarse.values, fine.values[1::3, 1::3], atol=1e-12)
    assert not fine.values[..., :3].any() and fine.values[..., 3].min() >= 0
    assert float((fine.values[..., 3] ** 2).mean()) == pytest.approx(1.0, rel=1e-3)


def test_noise_of_smoke_has_the_spectrum_that_it_states():
    # The ratio of two centred normal coefficients is a Cauchy variable: the median of its absolute value is that of
    # the deviations, here (2^2 / 1^2)^smoothness, known to (pi / 2) / sqrt(n) of it.
    prior, on, n = SmokeAtRest(FunctionSpace(BOX, BuoyantSmoke.names), smoothness=0.8), BOX.grid(12), 1000
    noise = jax.jit(jax.vmap(lambda key: prior.noise(key, on)))(jax.random.split(jax.random.key(1), n))
    x = 2 * jnp.pi * on.coords()[..., 0] / 32
    ratio = jnp.abs(jnp.sum(noise * jnp.cos(x), (1, 2)) / jnp.sum(noise * jnp.cos(2 * x), (1, 2)))
    assert float(jnp.median(ratio)) == pytest.approx(4**0.8, rel=4 * np.pi / 2 / n**0.5)


def test_noise_of_smoke_leaves_out_the_longest_waves():
    # Of scale 6, waves as long as the box have scale^2 k^2 = 0.035, oblique ones twice that: both are below 0.1.
    noise = jax.jit(
        lambda key: SmokeAtRest(FunctionSpace(BOX, BuoyantSmoke.names), scale=6.0).noise(key, BOX.grid(40))
    )(jax.random.key(3))
    spectrum = jnp.abs(jnp.fft.fft2(noise))
    assert spectrum[:2, :2].max() < 1e-10 < 1e-3 < spectrum[2, 0]
