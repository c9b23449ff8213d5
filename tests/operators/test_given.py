"""Operators at the parameters of a problem, and their answers to samples."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from neuralpde.nn import Standardize
from neuralpde.operators import AbstractOperator, AtResolution, Normalized, answer
from neuralpde.spaces import Axis, Box, Field, FunctionSpace, Sample

LINE = Box((Axis("x", periodic=True),))
SPACE = FunctionSpace(LINE, ("u",))


class Scaled(AbstractOperator):
    """Multiplies its input by the parameter ``scale``."""

    source: FunctionSpace = eqx.field(static=True, default=SPACE)
    target: FunctionSpace = eqx.field(static=True, default=SPACE)
    scale: jax.Array | float = 1.0

    def __call__(self, u, at=None, key=None):
        v = u * self.scale
        return v if at is None else v.resample(at)

    def given(self, parameters):
        return dataclasses.replace(self, scale=parameters["scale"])


def sine(n):
    on = LINE.grid(n)
    return Field(jnp.sin(2 * jnp.pi * on.coords()), on, SPACE)


def stacked(*fields):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *fields)


def test_parameters_reach_the_operator_through_its_wrappers():
    twice = Normalized(Scaled(), output_normalizer=Standardize(jnp.array([1.0]), jnp.array([3.0])))
    given = AtResolution(twice, LINE.grid(16)).given({"scale": jnp.array(2.0), "unused": jnp.array(9.0)})
    np.testing.assert_allclose(given(sine(32)).values, 3 * 2 * sine(32).values + 1, atol=1e-12)


def test_answer_takes_parameters_and_place_from_the_sample():
    u = sine(16)
    samples = Sample(stacked(u, u), stacked(sine(32), sine(32)), {"scale": jnp.array([2.0, -1.0])})
    v = jax.vmap(lambda sample: answer(Scaled(), sample))(samples)
    assert v.values.shape == (2, 32, 1)
    np.testing.assert_allclose(v.values[1], -sine(32).values, atol=1e-12)


def test_answer_of_a_plain_function():
    sample = Sample(sine(16), sine(16), {"scale": jnp.array(2.0)})
    assert answer(lambda u, at, key: -u, sample).values.shape == (16, 1)
