"""Convolutions against scipy's, adjointness, and boundary conditions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

from neuralpde.nn import Convolution, DepthwiseConvolution, TransposedConvolution, pad
from neuralpde.nn.depthwise import grouped_convolution, stencil_sum
from neuralpde.spaces import Dirichlet, Free, Neumann, Periodic

CONDITIONS = {"dirichlet": Dirichlet(0.0), "neumann": Neumann(0.0), "periodic": Periodic()}
SCIPY_MODE = {"dirichlet": "constant", "neumann": "reflect", "periodic": "grid-wrap"}


def sides(condition, dim):
    return ((condition, condition),) * dim


def reference(x, w, mode):
    """Channel by channel correlation, with scipy's extension past the edges."""
    channels = [
        sum(scipy.ndimage.correlate(x[..., i], w[..., i, o], mode=mode) for i in range(x.shape[-1]))
        for o in range(w.shape[-1])
    ]
    return np.stack(channels, axis=-1)


@pytest.mark.parametrize("shape", [(9,), (8, 6), (4, 6, 5)])
@pytest.mark.parametrize("name", CONDITIONS)
def test_stencil_equals_scipys_correlation(name, shape, key):
    dim = len(shape)
    convolution = Convolution(sides(CONDITIONS[name], dim), 2, 3, key=key)
    x = jax.random.normal(key, (*shape, 2))
    layout = ("periodic" if name == "periodic" else "cells",) * dim
    expected = reference(np.asarray(x), np.asarray(convolution.weight), SCIPY_MODE[name])
    np.testing.assert_allclose(convolution(x, layout), expected, atol=1e-13)


def test_neumann_on_nodes_mirrors_about_the_last_node(key):
    x = jax.random.normal(key, (7, 1))
    extended = pad(x, [(2, 1)], sides(Neumann(0.0), 1), ("nodes",))
    np.testing.assert_array_equal(extended[:, 0], jnp.concatenate([x[2:0:-1], x, x[-2:-1]])[:, 0])


@pytest.mark.parametrize("condition, layout", [(Periodic(), "periodic"), (Free(), "cells"), (Neumann(0.0), "cells")])
@pytest.mark.parametrize("widths", [(1, 1), (2, 0), (0, 3), (3, 2)])
def test_padding_follows_the_condition(condition, layout, widths):
    x = jnp.arange(1.0, 7.0)[:, None]
    mode = {"periodic": "wrap"}.get(layout, "edge" if isinstance(condition, Free) else "symmetric")
    extended = pad(x, [widths], sides(condition, 1), (layout,))
    np.testing.assert_array_equal(extended, np.pad(x, (widths, (0, 0)), mode=mode))


def test_each_side_has_its_own_condition():
    x = jnp.arange(1.0, 4.0)[:, None]
    extended = pad(x, [(1, 1)], ((Dirichlet(0.0), Free()),), ("cells",))
    np.testing.assert_array_equal(extended[:, 0], [0, 1, 2, 3, 3])


@pytest.mark.parametrize("n", [8, 9, 15])
def test_strided_convolution_keeps_every_second_output(n, key):
    dense = Convolution(sides(Dirichlet(), 2), 2, 3, key=key)
    strided = Convolution(sides(Dirichlet(), 2), 2, 3, stride=2, key=key)
    x = jax.random.normal(key, (n, n, 2))
    layout = ("cells",) * 2
    np.testing.assert_allclose(strided(x, layout), dense(x, layout)[::2, ::2], atol=1e-13)


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("kernel, n", [(4, 6), (3, 5), (2, 4), (5, 4)])
def test_transposed_convolution_is_scatter_addition(dim, kernel, n, key):
    transposed = TransposedConvolution(sides(Dirichlet(), dim), 2, 3, kernel=kernel, key=key)
    x = jax.random.normal(key, (n,) * dim + (2,))
    full = np.zeros((2 * (n - 1) + kernel,) * dim + (3,))
    for index in np.ndindex(*(n,) * dim):
        window = tuple(slice(2 * i, 2 * i + kernel) for i in index)
        full[window] += np.asarray(jnp.einsum("...io,i->...o", transposed.weight, x[index]))
    expected = full[(slice(1, -1),) * dim]
    np.testing.assert_allclose(transposed(x, ("cells",) * dim), expected, atol=1e-13)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_transposed_convolution_is_the_adjoint_of_a_strided_one(dim, key):
    strided = Convolution(sides(Dirichlet(), dim), 2, 3, kernel=3, stride=2, key=key)
    transposed = TransposedConvolution(sides(Dirichlet(), dim), 3, 2, kernel=3, key=key)
    object.__setattr__(transposed, "weight", jnp.swapaxes(strided.weight, -1, -2))
    fine = jax.random.normal(key, (7,) * dim + (2,))
    coarse = jax.random.normal(jax.random.key(1), (4,) * dim + (3,))
    layout = ("cells",) * dim
    left = jnp.vdot(strided(fine, layout), coarse)
    right = jnp.vdot(fine, transposed(coarse, layout))
    np.testing.assert_allclose(left, right, rtol=1e-12)


@pytest.mark.parametrize("stride", [1, 2])
def test_periodic_convolution_commutes_with_shifts(stride, key):
    convolution = Convolution(sides(Periodic(), 2), 2, 2, stride=stride, key=key)
    x = jax.random.normal(key, (8, 12, 2))
    layout = ("periodic",) * 2
    shifted = convolution(jnp.roll(x, (2, 4), (0, 1)), layout)
    expected = jnp.roll(convolution(x, layout), (2 // stride, 4 // stride), (0, 1))
    np.testing.assert_allclose(shifted, expected, atol=1e-13)


def test_periodic_prolongation_commutes_with_shifts(key):
    prolongation = TransposedConvolution(sides(Periodic(), 2), 2, 2, key=key)
    x = jax.random.normal(key, (4, 6, 2))
    layout = ("periodic",) * 2
    shifted = prolongation(jnp.roll(x, (1, 2), (0, 1)), layout)
    np.testing.assert_allclose(shifted, jnp.roll(prolongation(x, layout), (2, 4), (0, 1)), atol=1e-13)


def test_batching_by_vmap_is_applying_one_by_one(key):
    convolution = Convolution(sides(Neumann(), 2), 2, 3, use_bias=True, key=key)
    x = jax.random.normal(key, (5, 8, 8, 2))
    together = jax.vmap(lambda v: convolution(v, ("cells",) * 2))(x)
    np.testing.assert_allclose(together, jnp.stack([convolution(v, ("cells",) * 2) for v in x]), atol=1e-13)


def test_even_kernel_is_refused(key):
    with pytest.raises(ValueError, match="odd kernel"):
        Convolution(sides(Dirichlet(), 1), 1, 1, kernel=4, key=key)


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("dilation", [2, 3])
def test_dilated_stencil_is_the_one_with_zeros_between_its_points(name, dilation, key):
    convolution = Convolution(sides(CONDITIONS[name], 2), 2, 3, dilation=dilation, key=key)
    spread = np.zeros((2 * dilation + 1,) * 2 + (2, 3))
    spread[::dilation, ::dilation] = convolution.weight
    x = jax.random.normal(key, (8, 9, 2))
    layout = ("periodic" if name == "periodic" else "cells",) * 2
    expected = reference(np.asarray(x), spread, SCIPY_MODE[name])
    np.testing.assert_allclose(convolution(x, layout), expected, atol=1e-13)


@pytest.mark.parametrize("shape", [(9,), (8, 9), (7, 8, 9)])
def test_depthwise_convolution_is_a_stencil_for_each_channel(shape, key):
    dim = len(shape)
    convolution = DepthwiseConvolution(sides(Periodic(), dim), 3, kernel=5, key=key)
    x = np.asarray(jax.random.normal(key, (*shape, 3)))
    expected = np.stack(
        [
            scipy.ndimage.correlate(x[..., c], np.asarray(convolution.weight)[..., c], mode="grid-wrap")
            for c in range(3)
        ],
        axis=-1,
    )
    np.testing.assert_allclose(convolution(jnp.asarray(x), ("periodic",) * dim), expected, atol=1e-13)


@pytest.mark.parametrize("kernel", [(7,), (7, 7)])
def test_sum_over_the_stencil_is_the_grouped_convolution_with_its_gradients(kernel, key):
    key_w, key_x, key_y = jax.random.split(key, 3)
    w, x = jax.random.normal(key_w, (*kernel, 3)), jax.random.normal(key_x, (*(12,) * len(kernel), 3))
    first, pull = jax.vjp(stencil_sum, w, x)
    second, pull_second = jax.vjp(grouped_convolution, w, x)
    np.testing.assert_allclose(first, second, atol=1e-13)
    cotangent = jax.random.normal(key_y, first.shape)
    for one, other in zip(pull(cotangent), pull_second(cotangent), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
