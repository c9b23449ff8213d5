"""Pooling and bicubic interpolation against loops over points, and against what the kernel reproduces."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import average_pool, bicubic_upsample, stencil_boundary
from neuralpde.spaces import Box, Dirichlet, Free, FunctionSpace, Neumann, Periodic

WRAP, WALL = (Periodic(), Periodic()), (Dirichlet(0.0), Dirichlet(0.0))


def cubic_kernel(t, a=-0.75):
    """Keys 1981, equation 15 with a free."""
    t = abs(t)
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * (t**3 - 5 * t**2 + 8 * t - 4) if t < 2 else 0.0


def doubled(x, axis, wrap):
    """One axis, point by point."""
    x = np.moveaxis(np.asarray(x), axis, 0)
    n = len(x)
    y = np.zeros((2 * n, *x.shape[1:]))
    for i in range(2 * n):
        place = (i + 0.5) / 2 - 0.5
        for j in range(int(np.floor(place)) - 1, int(np.floor(place)) + 3):
            y[i] += cubic_kernel(place - j) * x[j % n if wrap else min(max(j, 0), n - 1)]
    return np.moveaxis(y, 0, axis)


@pytest.mark.parametrize("shape", [(5,), (4, 6), (2, 3, 4)])
@pytest.mark.parametrize("first", [WRAP, WALL, (Neumann(), Free())])
def test_upsampling_equals_its_formula_point_by_point(shape, first, key):
    x = jax.random.normal(key, (*shape, 2))
    boundary = (first, *[WALL] * (len(shape) - 1))
    expected = np.asarray(x)
    for axis, sides in enumerate(boundary):
        expected = doubled(expected, axis, sides == WRAP)
    np.testing.assert_allclose(bicubic_upsample(x, boundary), expected, atol=1e-13)


def test_straight_line_is_missed_by_three_sixty_fourths_of_its_step():
    x = jnp.arange(8.0)[:, None]
    y = np.asarray(bicubic_upsample(x, (WALL,)))[4:-4, 0]
    exact = (np.arange(4, 12) + 0.5) / 2 - 0.5
    np.testing.assert_allclose(y - exact, np.tile([-3 / 64, 3 / 64], 4), atol=1e-14)


def test_constants_are_exact_up_to_the_walls():
    for boundary in (WRAP, WALL):
        np.testing.assert_allclose(bicubic_upsample(jnp.ones((4, 6, 1)), (boundary,) * 2), 1.0, atol=1e-14)


def test_upsampled_waves_converge_with_order_one():
    """a = -3/4 is not consistent with derivatives: the error is 3/64 h u'."""
    errors = []
    for n in (16, 32, 64):
        wave = lambda m: jnp.sin(2 * jnp.pi * (jnp.arange(m) + 0.5) / m)[:, None]
        errors.append(float(jnp.abs(bicubic_upsample(wave(n), (WRAP,)) - wave(2 * n)).max()))
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    np.testing.assert_allclose(orders, 1.0, atol=0.06)
    np.testing.assert_allclose(errors[-1], 3 / 64 * 2 * np.pi / 64, rtol=0.02)


@pytest.mark.parametrize("shape", [(6,), (4, 6), (2, 4, 6)])
def test_pooling_is_the_mean_of_the_cells(shape, key):
    x = np.asarray(jax.random.normal(key, (*shape, 3)))
    expected = np.zeros((*(n // 2 for n in shape), 3))
    for index in np.ndindex(*shape):
        expected[tuple(i // 2 for i in index)] += x[index] / 2 ** len(shape)
    np.testing.assert_allclose(average_pool(jnp.asarray(x)), expected, atol=1e-14)


def test_derivatives_of_resampling_agree_in_both_modes(key):
    x, dx = jax.random.normal(key, (2, 4, 6, 2))
    for f in (average_pool, lambda v: bicubic_upsample(v, (WRAP, WALL))):
        y, pushed = jax.jvp(f, (x,), (dx,))
        dy = jax.random.normal(key, y.shape)
        np.testing.assert_allclose(jnp.vdot(pushed, dy), jnp.vdot(dx, jax.vjp(f, x)[1](dy)[0]), rtol=1e-12)


def test_padding_of_the_space_can_be_overruled():
    space = FunctionSpace(Box.of(periodic=["x"], x=(0.0, 1.0), y=(0.0, 1.0)), boundary=[Periodic(), Neumann()])
    assert stencil_boundary(space) == space.boundary
    assert stencil_boundary(space, "circular") == (WRAP, WRAP)
    assert stencil_boundary(space, "zeros") == (WALL, WALL)
    with pytest.raises(ValueError, match="'boundary', 'zeros' or 'circular', got 'same'"):
        stencil_boundary(space, "same")
