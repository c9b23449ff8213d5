"""The hint that an array is computed once: it changes no value, and keeps the compiler from repeating work."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

import neuralpde.operators.fno as fno
from neuralpde.nn import computed_once
from neuralpde.operators import FNO
from neuralpde.spaces import Box, Field, FunctionSpace


def test_it_is_the_identity_with_its_derivatives_and_batches(key):
    v = jax.random.normal(key, (3, 4))
    for f in (computed_once, jax.jit(computed_once), jax.vmap(computed_once), jax.jit(jax.vmap(computed_once, 1, 1))):
        np.testing.assert_array_equal(f(v), v)

    def twice(v):
        once = computed_once(jnp.asarray(v))
        return jnp.sin(once) * jnp.cos(once)

    check_grads(twice, (v,), order=2, rtol=1e-6, atol=1e-6)


def test_not_a_number_stays_one():
    assert np.isnan(jax.jit(computed_once)(jnp.array([jnp.nan, 1.0]))[0])


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="a hint for CPUs")
def test_layers_are_not_computed_again_for_each_use(monkeypatch, key):
    space = FunctionSpace(Box.cube(2, periodic=True))
    grid = space.domain.grid(32)
    net = FNO(space, space, modes=4, width=8, depth=4, key=key)
    arrays, structure = eqx.partition(net, eqx.is_array)
    u = Field(jnp.ones((32, 32, 1)), grid, space)

    def operations():
        # A function of its own, since the traces of one function are remembered.
        call = jax.jit(lambda arrays, u: eqx.combine(arrays, structure)(u).values)
        return call.lower(arrays, u).compile().cost_analysis()["flops"]

    hinted = operations()
    monkeypatch.setattr(fno, "computed_once", lambda v: v)
    assert hinted < 0.8 * operations()
