"""Norms against exact values, and trajectories."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.spaces import (
    Box,
    ClosedForm,
    Dirichlet,
    Field,
    FunctionSpace,
    Neumann,
    Trajectory,
    h1_norm,
    lp_norm,
    mgno_h1,
    relative_h1,
    relative_l2,
    relative_lp,
    sobolev_norm,
)

RING = Box.of(periodic=["x"], x=(0.0, 2.0))


def wave(k, n=32, box=RING):
    space = FunctionSpace(box)
    return ClosedForm(lambda x: jnp.sin(jnp.pi * k * x), space).sample(box.grid(n))


@pytest.mark.parametrize("n", [16, 17, 32])
def test_norms_of_a_wave_are_exact(n):
    u, kappa2 = wave(3, n), (3 * np.pi) ** 2
    assert float(lp_norm(u)) == pytest.approx(1, rel=1e-12)
    assert float(h1_norm(u)) == pytest.approx(np.sqrt(1 + kappa2), rel=1e-10)
    for s in (-1, 0, 0.5, 2):
        assert float(sobolev_norm(u, s)) == pytest.approx((1 + kappa2) ** (s / 2), rel=1e-10)


@pytest.mark.parametrize("wall, f", [(Dirichlet(0.0), jnp.sin), (Neumann(0.0), jnp.cos)])
@pytest.mark.parametrize("layout", ["nodes", "cells"])
def test_sobolev_norm_with_walls(wall, f, layout):
    box = Box.cube(2)
    space = FunctionSpace(box, ("u",), wall)
    u = ClosedForm(lambda x: (f(2 * jnp.pi * x[0]) * f(jnp.pi * x[1]))[None], space).sample(box.grid(12, layout=layout))
    assert float(sobolev_norm(u, 1)) == pytest.approx(0.5 * np.sqrt(1 + 5 * np.pi**2), rel=1e-10)


def test_sobolev_norm_of_order_zero_is_the_l2_norm(key):
    box = Box.cube(2, periodic=True)
    u = Field(jax.random.normal(key, (9, 13, 2)), box.grid(9, 13), FunctionSpace(box, ("u", "v")))
    np.testing.assert_allclose(sobolev_norm(u, 0), lp_norm(u), rtol=1e-12)


def test_sobolev_norm_needs_a_series():
    box = Box.cube(1)
    with pytest.raises(ValueError, match="use h1_norm"):
        sobolev_norm(Field(jnp.ones((8, 1)), box.grid(8), FunctionSpace(box)), 1)


@pytest.mark.parametrize("p", [1, 2, 4])
def test_relative_error_is_independent_of_scale_and_grid(p):
    for n in (16, 64):
        u = wave(2, n)
        assert float(relative_lp(1.1 * u, u, p)) == pytest.approx(0.1, rel=1e-9)
    assert float(relative_h1(1.1 * wave(2), wave(2))) == pytest.approx(0.1, rel=1e-9)


def test_h1_error_weighs_rough_errors_more():
    truth = wave(1)
    assert float(relative_l2(truth + 0.1 * wave(5), truth)) == pytest.approx(0.1, rel=1e-10)
    expected = 0.1 * np.sqrt((1 + (5 * np.pi) ** 2) / (1 + np.pi**2))
    assert float(relative_h1(truth + 0.1 * wave(5), truth)) == pytest.approx(expected, rel=1e-8)


def test_mgno_functional_weighs_integer_wavenumbers_and_cuts_them_off():
    truth = wave(1)
    # sin(pi k x) on [0, 2] has integer wavenumber k.
    assert float(mgno_h1(truth + 0.1 * wave(3), truth)) == pytest.approx(0.1 * np.sqrt(10 / 2), rel=1e-10)
    assert float(mgno_h1(truth + 0.1 * wave(7), truth, cutoff=5)) == pytest.approx(0, abs=1e-12)


@pytest.fixture
def trajectory():
    states = Field.stack(jnp.stack([t * wave(1, 8).values for t in (1.0, 2.0, 3.0, 5.0)]), RING.grid(8), wave(1).space)
    return Trajectory(jnp.asarray([0.0, 1.0, 2.0, 4.0]), states)


def test_trajectory_is_linear_between_its_states(trajectory):
    for time, factor in [(0.0, 1.0), (1.5, 2.5), (3.0, 4.0), (9.0, 5.0), (-1.0, 1.0)]:
        np.testing.assert_allclose(trajectory.at(jnp.asarray(time)).values, factor * wave(1, 8).values, atol=1e-12)


def test_windows_are_stretches_of_time(trajectory):
    windows = trajectory.windows(2)
    assert windows.field.values.shape == (3, 2, 8, 1)
    np.testing.assert_array_equal(windows.times, [[0, 1], [1, 2], [2, 4]])
    np.testing.assert_array_equal(trajectory.windows(2, stride=2).times, [[0, 1], [2, 4]])
    with pytest.raises(ValueError, match="length=5 does not fit 4 states"):
        trajectory.windows(5)


def test_error_of_each_state(trajectory):
    worse = jax.tree.map(lambda a: a, trajectory)
    scale = jnp.asarray([1.0, 1.1, 1.2, 1.3])
    field = jax.vmap(lambda u, s: s * u)(worse.field, scale)
    np.testing.assert_allclose(Trajectory(worse.times, field).error(trajectory), [0, 0.1, 0.2, 0.3], atol=1e-12)
