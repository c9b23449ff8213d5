"""Spectral convolution: Fourier multipliers, resolution invariance, agreement with the FFT."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import SpectralConvolution
from neuralpde.spaces import Box


def by_fft(layer, v):
    """The same layer through numpy's FFT of all modes, one retained mode at a time."""
    grid_shape, dim = v.shape[:-1], v.ndim - 1
    spectrum = np.fft.fftn(v, axes=range(dim)) / np.prod(grid_shape)
    points = np.meshgrid(*(np.arange(n) / n for n in grid_shape), indexing="ij")
    weight = np.asarray(layer.weight[0] + 1j * layer.weight[1])
    ranges = [range(1 - m, m) for m in layer.modes[:-1]] + [range(layer.modes[-1])]
    out = 0
    for index, k in zip(np.ndindex(*weight.shape[:dim]), itertools.product(*ranges), strict=True):
        coefficient = spectrum[k] @ weight[index]
        wave = np.exp(2j * np.pi * sum(kj * xj for kj, xj in zip(k, points, strict=True)))
        out = out + (1 if k[-1] == 0 else 2) * (wave[..., None] * coefficient).real
    return out


@pytest.mark.parametrize("shape, modes", [((16,), (5,)), ((12, 9), (4, 3)), ((6, 7, 8), (2, 3, 4))])
@pytest.mark.parametrize("layout", ["periodic", "cells"])
def test_layer_equals_truncated_fft(shape, modes, layout, key):
    dim = len(shape)
    grid = Box.cube(dim, upper=2.5, periodic=True).grid(*shape, layout=layout)
    layer = SpectralConvolution(modes, 2, 3, key=key)
    v = jax.random.normal(key, (*shape, 2))
    np.testing.assert_allclose(layer(v, grid), by_fft(layer, np.asarray(v)), atol=1e-12)


def band_limited(grid):
    x, y = jnp.moveaxis(grid.coords(), -1, 0)
    return jnp.stack([jnp.cos(2 * jnp.pi * x) * jnp.sin(4 * jnp.pi * y), 1 + jnp.sin(2 * jnp.pi * (x - y))], axis=-1)


@pytest.mark.parametrize("layout", ["periodic", "cells"])
def test_layer_is_one_operator_on_every_grid_that_resolves_its_input(layout, key):
    box = Box.cube(2, periodic=True)
    layer = SpectralConvolution((4, 4), 2, 2, key=key)
    coarse = layer(band_limited(box.grid(8, layout=layout)), box.grid(8, layout=layout))
    fine = layer(band_limited(box.grid(24, layout=layout)), box.grid(24, layout=layout))
    step = slice(None, None, 3) if layout == "periodic" else slice(1, None, 3)
    np.testing.assert_allclose(coarse, fine[step, step], atol=1e-12)


def test_multiplier_of_the_derivative_differentiates(key):
    grid = Box.cube(1, periodic=True).grid(16)
    layer = SpectralConvolution((6,), 1, 1, key=key)
    multiplier = 2 * jnp.pi * jnp.arange(6.0)
    weight = jnp.stack([jnp.zeros(6), multiplier])[:, :, None, None]
    layer = eqx.tree_at(lambda s: s.weight, layer, weight)
    x = grid.coords()[:, 0]
    v = jnp.sin(2 * jnp.pi * 3 * x) + jnp.cos(2 * jnp.pi * 5 * x)
    expected = 6 * jnp.pi * jnp.cos(6 * jnp.pi * x) - 10 * jnp.pi * jnp.sin(10 * jnp.pi * x)
    np.testing.assert_allclose(layer(v[:, None], grid)[:, 0], expected, atol=1e-11)


def test_modes_beyond_the_kept_ones_are_removed(key):
    grid = Box.cube(1, periodic=True).grid(32)
    layer = SpectralConvolution((4,), 1, 1, key=key)
    wave = jnp.cos(2 * jnp.pi * 4 * grid.coords())
    np.testing.assert_allclose(layer(wave, grid), 0, atol=1e-13)


def test_parameters_do_not_depend_on_the_grid_and_unresolved_modes_are_refused(key):
    layer = SpectralConvolution((5, 5), 1, 1, key=key)
    assert layer.weight.shape == (2, 9, 5, 1, 1)
    with pytest.raises(ValueError, match="at most 4 modes"):
        layer(jnp.zeros((8, 8, 1)), Box.cube(2).grid(8))
