"""The convolution of arrays: equal to JAX's own with all its derivatives, and quick to differentiate inside of loops."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.test_util import check_grads

from neuralpde.nn import convolve

CASES = {
    "plain": ((7, 6), (3, 3), {}),
    "padded": ((7, 6), (3, 3), {"padding": ((1, 1), (2, 0))}),
    "cropped": ((9, 7), (3, 3), {"padding": ((-1, 0), (0, -2))}),
    "strided": ((8, 7), (3, 3), {"strides": (2, 2), "padding": ((1, 1), (1, 1))}),
    "dilated": ((9, 11), (3, 3), {"dilation": (2, 3), "padding": ((2, 2), (3, 3))}),
    "all": ((10, 9), (3, 2), {"strides": (2, 3), "dilation": (2, 1), "padding": ((1, 0), (-1, 2))}),
    "line": ((9,), (5,), {"padding": ((2, 2),), "strides": (2,)}),
    "space": ((4, 5, 6), (2, 3, 3), {"padding": ((0, 1), (1, 1), (1, 1))}),
}


def reference(x, w, *, strides=None, padding=None, dilation=None):
    dim = x.ndim - 1
    numbers = (f"N{'XYZ'[:dim]}C", f"{'XYZ'[:dim]}IO", f"N{'XYZ'[:dim]}C")
    options = {"rhs_dilation": dilation or (1,) * dim, "dimension_numbers": numbers}
    padding = padding or ((0, 0),) * dim
    return lax.conv_general_dilated(x[None], w, strides or (1,) * dim, padding, **options)[0]


def arrays(case, key):
    points, taps, options = CASES[case]
    key_x, key_w = jax.random.split(key)
    return jax.random.normal(key_x, (*points, 2)), jax.random.normal(key_w, (*taps, 2, 3)), options


def test_every_value_is_the_sum_of_the_formula(key):
    x, w, options = arrays("all", key)
    y = np.zeros_like(convolve(x, w, **options))
    for j, k, a, b in itertools.product(*map(range, y.shape[:2]), *map(range, w.shape[:2])):
        p, q = 2 * j + 2 * a - 1, 3 * k + b + 1
        if 0 <= p < x.shape[0] and 0 <= q < x.shape[1]:
            y[j, k] += np.asarray(x[p, q] @ w[a, b])
    np.testing.assert_allclose(convolve(x, w, **options), y, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_values_and_derivatives_are_those_of_jax(case, key):
    x, w, options = arrays(case, key)
    y, pull = jax.vjp(lambda x, w: convolve(x, w, **options), x, w)
    expected, expected_pull = jax.vjp(lambda x, w: reference(x, w, **options), x, w)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    dy = jax.random.normal(key, y.shape)
    for mine, theirs in zip(pull(dy), expected_pull(dy), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-12)
    tangent = jax.jvp(lambda x, w: convolve(x, w, **options), (x, w), (2 * x, -w))[1]
    np.testing.assert_allclose(tangent, y, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", ["all", "line"])
def test_derivatives_of_second_order(case, key):
    x, w, options = arrays(case, key)
    check_grads(
        lambda x, w: jnp.sin(convolve(jnp.asarray(x), jnp.asarray(w), **options)), (x, w), order=2, modes=("fwd", "rev")
    )


@pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0), (1, None), (2, 1)])
def test_batches_of_either_argument(axes, key):
    x, w, options = arrays("all", key)
    several = [a if axis is None else jnp.stack([a, 2 * a, a - 1], axis) for a, axis in zip((x, w), axes, strict=True)]
    function = lambda x, w: jnp.sum(jnp.cos(convolve(x, w, **options)))
    made = jax.vmap(jax.value_and_grad(function, (0, 1)), axes)(*several)
    for i in range(3):
        one = [a if axis is None else jnp.take(a, i, axis) for a, axis in zip(several, axes, strict=True)]
        expected = jax.value_and_grad(lambda x, w: jnp.sum(jnp.cos(reference(x, w, **options))), (0, 1))(*one)
        for mine, theirs in zip(jax.tree.leaves(made), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(mine[i], theirs, rtol=1e-12, atol=1e-12)


def test_all_convolutions_of_a_gradient_have_their_axes_in_order(key):
    """In another order XLA's compiler for CPUs takes them 15 to 30 times slower inside of loops."""
    x, w, options = arrays("padded", key)
    xs = jnp.stack([x, x])

    def step(w, _):
        gradient = jax.grad(lambda w: jnp.sum(jax.vmap(lambda x: convolve(x, w, **options))(jnp.sin(xs)) ** 2))(w)
        return w - gradient, None

    text = jax.jit(lambda w: lax.scan(step, w, length=3)).lower(w).as_text()
    convolutions = [line for line in text.splitlines() if "stablehlo.convolution" in line]
    assert convolutions
    assert all("[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]" in line for line in convolutions)
