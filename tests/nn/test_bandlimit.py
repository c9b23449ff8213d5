"""Band-limited resampling on sums of waves, and what the filtered activation keeps that a pointwise one loses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import band_limited, filtered_activation, gelu
from neuralpde.spaces import Dirichlet, Periodic

WRAP, WALL = (Periodic(), Periodic()), (Dirichlet(), Dirichlet())
KINDS = {"periodic": (WRAP, "periodic"), "shifted": (WRAP, "cells"), "walls": (WALL, "cells")}
PERIODIC = ((WRAP,), ("periodic",))


def waves(kind, n, amplitudes):
    """A sum of waves at n points of [0, 1], with the boundary conditions and layout of its axis."""
    sides, layout = KINDS[kind]
    s = (np.arange(n) + (0.0 if layout == "periodic" else 0.5)) / n
    k = np.arange(len(amplitudes))
    if kind == "walls":
        return jnp.asarray(np.cos(np.pi * np.outer(s, k)) @ amplitudes), sides, layout
    return jnp.asarray(np.cos(2 * np.pi * np.outer(s, k) + k) @ amplitudes), sides, layout


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n, m", [(8, 16), (16, 8), (9, 21), (21, 9), (12, 12)])
def test_waves_that_both_grids_hold_are_carried_over(kind, n, m, key):
    held = min(n, m) if kind == "walls" else (min(n, m) + 1) // 2
    amplitudes = np.asarray(jax.random.normal(key, (held,)))
    (x, sides, layout), (y, _, _) = waves(kind, n, amplitudes), waves(kind, m, amplitudes)
    np.testing.assert_allclose(band_limited(x[:, None], (m,), (sides,), (layout,))[:, 0], y, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_waves_that_the_coarse_grid_does_not_hold_are_removed(kind):
    first = 8 if kind == "walls" else 4
    x, sides, layout = waves(kind, 16, np.where(np.arange(8 + (kind == "walls") * 8) >= first, 1.0, 0.0))
    assert jnp.abs(x).max() > 1
    np.testing.assert_allclose(band_limited(x[:, None], (8,), (sides,), (layout,)), 0.0, atol=1e-13)


def test_axes_are_resampled_one_by_one(key):
    x = jax.random.normal(key, (6, 5, 2))
    both = band_limited(x, (12, 4), (WRAP, WALL), ("periodic", "cells"))
    rows = jax.vmap(lambda v: band_limited(v, (12,), (WRAP,), ("periodic",)), 1, 1)(x)
    expected = jax.vmap(lambda v: band_limited(v, (4,), (WALL,), ("cells",)))(rows)
    np.testing.assert_allclose(both, expected, atol=1e-13)


def test_filtered_activation_commutes_with_shifts_by_half_a_cell(key):
    """On the grid of twice as many points that is a shift by one point; an activation at the points does not see it."""
    x = band_limited(jax.random.normal(key, (16, 1)), (16,), *PERIODIC)
    shift = lambda v: band_limited(jnp.roll(band_limited(v, (32,), *PERIODIC), 1, 0), (16,), *PERIODIC)
    filtered = lambda v: filtered_activation(v, (16,), gelu, *PERIODIC)
    np.testing.assert_allclose(filtered(shift(x)), shift(filtered(x)), atol=1e-12)
    assert float(jnp.abs(gelu(shift(x)) - shift(gelu(x))).max()) > 0.01


def test_filtered_activation_tends_to_the_activation_of_the_function(key):
    amplitudes = np.asarray(jax.random.normal(key, (4,)))
    exact = gelu(waves("periodic", 8, amplitudes)[0])
    errors = []
    for n in (16, 32, 64):
        x = waves("periodic", n, amplitudes)[0][:, None]
        errors.append(float(jnp.abs(filtered_activation(x, (n,), gelu, *PERIODIC)[:: n // 8, 0] - exact).max()))
    assert errors[0] > 3 * errors[1] > 30 * errors[2]
