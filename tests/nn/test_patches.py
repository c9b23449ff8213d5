"""Patches: moments against Gauss quadrature, hats that add up to one, encoding that reads integrals."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order
from numpy.polynomial.legendre import Legendre, leggauss

from neuralpde.nn import PatchDecoding, PatchEncoding
from neuralpde.nn.patches import blended_polynomials, check_patches, patch_moments
from neuralpde.spaces import Axis, Box

LINE = Box((Axis("x", 1.0, 3.0),))
RING = Box((Axis("x", 1.0, 3.0, periodic=True),))
LAYOUTS = [(LINE, "nodes"), (LINE, "cells"), (LINE, "chebyshev"), (RING, "periodic"), (RING, "cells")]
PATCHES, MOMENTS = 3, 4


def wave(x):
    return np.exp(np.sin(np.pi * x) + 0.3 * np.cos(2 * np.pi * x))


@functools.cache
def exact_moments():
    """Of the function `wave`, by Gauss quadrature with many points in each patch."""
    xi, w = leggauss(40)
    size = 2 / PATCHES
    rows = [
        [
            np.sum(w / 2 * np.sqrt(2 * j + 1) * Legendre.basis(j)(xi) * wave(1 + size * (t + (xi + 1) / 2)))
            for j in range(MOMENTS)
        ]
        for t in range(PATCHES)
    ]
    return np.array(rows)


def moments_error(box, layout, n):
    grid = box.grid(n, layout=layout)
    matrix = jax.jit(lambda: patch_moments(grid, 0, PATCHES, MOMENTS))()
    return np.abs(np.asarray(matrix) @ wave(np.asarray(grid.coords()[:, 0])) - exact_moments()).max()


@pytest.mark.parametrize("box, layout", LAYOUTS)
def test_moments_have_second_order_though_cells_lie_across_patches(box, layout):
    # Sizes that leave the same remainder: the cells are cut at the same places.
    errors = [moments_error(box, layout, n) for n in (25, 49, 97)]
    assert observed_order([errors[0], errors[-1]], 97 / 25) > 1.8


@pytest.mark.parametrize("box, layout", LAYOUTS)
def test_moments_of_a_constant_are_exact(box, layout):
    matrix = patch_moments(box.grid(17, layout=layout), 0, PATCHES, MOMENTS)
    expected = np.zeros((PATCHES, MOMENTS))
    expected[:, 0] = 1
    np.testing.assert_allclose(matrix.sum(-1), expected, atol=1e-13)


@pytest.mark.parametrize("box, layout", LAYOUTS)
def test_hats_add_up_to_one(box, layout):
    blended = blended_polynomials(box.grid(20, layout=layout), 0, PATCHES, MOMENTS)
    np.testing.assert_allclose(blended[:, :, 0].sum(1), 1, atol=1e-13)


def test_encoding_is_the_integral_of_its_kernel(key):
    """Two axes of different lengths, channels in order: against sums over moments."""
    box = Box.of(periodic=("y",), x=(0.0, 2.0), y=(0.0, 1.0))
    grid = box.grid(12, 10)
    layer = PatchEncoding((3, 2), 2, 2, 5, key=key)
    u = np.asarray(jax.random.normal(key, (12, 10, 2)))
    m_x, m_y = (np.asarray(patch_moments(grid, axis, p, 2)) for axis, p in enumerate((3, 2)))
    kernel = np.asarray(layer.kappa.weight).reshape(2, 2, 2, 5)  # channel, moment in x, moment in y, width
    tokens = jax.jit(lambda v: layer(v, grid))(u)
    for s in range(3):
        for t in range(2):
            expected = sum(
                np.einsum("n,m,nm->", m_x[s, i], m_y[t, j], u[..., c]) * kernel[c, i, j]
                for c in range(2)
                for i in range(2)
                for j in range(2)
            )
            np.testing.assert_allclose(tokens[2 * s + t], expected, atol=1e-13)


def test_equal_tokens_with_constant_kernels_decode_to_a_constant(key):
    layer = PatchDecoding((3, 2), 1, 4, 2, key=key)
    token = jax.random.normal(key, (4,))
    v = jax.jit(lambda: layer(jnp.tile(token, (6, 1)), Box.cube(2).grid(7, 5)))()
    np.testing.assert_allclose(v, np.broadcast_to(layer.psi(token), (7, 5, 2)), atol=1e-13)


def test_what_makes_no_patches_is_refused():
    with pytest.raises(ValueError, match="Axis 'x' needs at least 2 patches"):
        check_patches(RING, 1, 2)
    with pytest.raises(ValueError, match="at least one moment"):
        check_patches(LINE, (2, 2), 2)
