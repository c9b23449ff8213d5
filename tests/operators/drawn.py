"""Models and functions with NumPy's random numbers: nothing is compiled to make them."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from neuralpde.spaces import Field, Points


def drawn(make, seed=7):
    """The model that ``make(key)`` builds, every parameter drawn anew, biases too, as after training."""
    rng = np.random.default_rng(seed)

    def fill(leaf):
        if not isinstance(leaf, jax.ShapeDtypeStruct):
            return leaf
        return jnp.asarray(rng.normal(size=leaf.shape, scale=1 / np.sqrt(max(leaf.shape, default=1))))

    return jax.tree.map(fill, eqx.filter_eval_shape(make, jax.random.key(0)))


def function(on, space, seed=0):
    return Field(np.random.default_rng(seed).normal(size=(*on.shape, space.channels)), on, space)


def functions(count, on, space, seed=0):
    values = np.random.default_rng(seed).normal(size=(count, *on.shape, space.channels))
    return Field.stack(values, on, space)


@eqx.filter_jit
def on_points(model, u, x):
    """Values at scattered points."""
    return model(u, Points(x, model.target.domain)).values


@eqx.filter_jit
def on_grid(model, u, grid):
    return model(u, grid).values


@eqx.filter_jit
def batch_on_grid(model, inputs, grid):
    return jax.vmap(lambda u: model(u, grid).values)(inputs)


@eqx.filter_jit
def at_point(model, u, x):
    """The value of the output as a function, at one point."""
    return model.as_function(u)(x)
