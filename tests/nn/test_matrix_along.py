"""Products with a matrix along an axis: values, derivatives and batches, beside einsum."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from neuralpde.nn.matrix_along import matrix_along


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_it_is_the_product_along_that_axis(axis, key):
    v = jax.random.normal(key, (3, 4, 5))
    matrix = jax.random.normal(key, (6, v.shape[axis]))
    product = np.moveaxis(np.tensordot(matrix, v, axes=(1, axis)), 0, axis)
    np.testing.assert_allclose(matrix_along(matrix, v, axis), product, rtol=1e-12)


@pytest.mark.parametrize("axis", [0, 1])
def test_derivatives_of_both_modes_and_of_second_order_are_those_of_differences(axis, key):
    v = jax.random.normal(key, (3, 4, 2))
    matrix = jax.random.normal(key, (5, v.shape[axis]))
    product = lambda m, v: jnp.sin(matrix_along(jnp.asarray(m), jnp.asarray(v), axis))
    check_grads(product, (matrix, v), order=2, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("batch", [(None, 0), (0, None), (0, 0), (1, 1), (None, 2)])
def test_batches_of_either_argument(batch, key):
    matrix, v = jax.random.normal(key, (5, 4)), jax.random.normal(key, (3, 4, 2))
    stacked = [
        a if where is None else jnp.stack([a, 2 * a, -a], where) for a, where in zip((matrix, v), batch, strict=True)
    ]
    together = jax.vmap(lambda m, v: matrix_along(m, v, 1), batch)(*stacked)
    take = lambda a, where, i: a if where is None else jnp.take(a, i, where)
    for i in range(3):
        alone = matrix_along(*(take(a, where, i) for a, where in zip(stacked, batch, strict=True)), 1)
        np.testing.assert_allclose(together[i], alone, rtol=1e-12)


def test_batches_of_gradients_agree_with_gradients(key):
    matrix, v = jax.random.normal(key, (5, 4)), jax.random.normal(key, (6, 3, 4, 2))
    loss = lambda m, v: jnp.sum(jnp.cos(matrix_along(m, v, 1)))
    together = jax.vmap(jax.grad(loss, (0, 1)), (None, 0))(matrix, v)
    for i in range(len(v)):
        for a, b in zip(together, jax.grad(loss, (0, 1))(matrix, v[i]), strict=True):
            np.testing.assert_allclose(a[i], b, rtol=1e-12)
