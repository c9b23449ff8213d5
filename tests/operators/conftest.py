"""Two spaces on the unit square and functions between them."""

import jax
import jax.numpy as jnp
import pytest

from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace

BOX = Box.cube(2)
SOURCE = FunctionSpace(BOX, ("a",))
TARGET = FunctionSpace(BOX, ("u",), Dirichlet(0.0))


@pytest.fixture
def source():
    return SOURCE


@pytest.fixture
def target():
    return TARGET


def smooth(on, space=SOURCE):
    """A smooth, aperiodic function, the same on every discretisation."""
    x, y = jnp.moveaxis(on.coords(), -1, 0)
    value = jnp.exp(x * y) + 0.5 * jnp.sin(3 * x + 2 * y)
    return Field(jnp.stack([value] * space.channels, axis=-1), on, space)


def noise(on, space=SOURCE, seed=0):
    return Field(jax.random.normal(jax.random.key(seed), (*on.shape, space.channels)), on, space)
