"""Operators that are told the place: what they take, and what they can learn that others cannot."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from training.advected import GRID, SPACE, Stencil, dataset

from neuralpde.operators import Located, Stepping, VelocityPrediction, history_space, located_space
from neuralpde.spaces import Box, Field, FunctionSpace
from neuralpde.training import RolloutTask, adam, fit


def test_it_hands_on_the_state_with_the_turns_of_each_axis(key):
    domain = Box.of(periodic=("x",), x=(1.0, 3.0), y=(0.0, 1.0))
    source, grid = FunctionSpace(domain, ("u", "v")), domain.grid(8, 5)
    assert located_space(source).names == ("u", "v", "cos x", "cos y", "sin x", "sin y")
    seen = []

    class Shown(Stencil):
        def __call__(self, u, at=None, key=None):
            seen.append(u)
            return u

    inner = Shown(located_space(source), source)
    values = jax.random.normal(key, (8, 5, 2))
    operator = Located(inner, source)
    assert operator(Field(values, grid, source)).values.shape == (8, 5, 6) and operator.source == source
    x, y = jnp.moveaxis(grid.coords(), -1, 0)
    turns = [jnp.cos(jnp.pi * (x - 1)), jnp.cos(jnp.pi * y), jnp.sin(jnp.pi * (x - 1)), jnp.sin(jnp.pi * y)]
    np.testing.assert_allclose(seen[0].values, jnp.concatenate([values, jnp.stack(turns, -1)], -1), atol=1e-12)


def test_a_refined_network_takes_the_place_last():
    stepping = Stepping("state", VelocityPrediction(3), coordinates=True)
    axis = SPACE.domain.names[0]
    names = stepping.network_source(history_space(SPACE, 1), SPACE).names
    assert names == ("u@0", "u@1", f"cos {axis}", f"sin {axis}")


@pytest.mark.slow
def test_a_force_that_is_fixed_in_space_is_learned_with_the_place_alone(key):
    """Waves run around a standing one: a stencil cannot move the former and keep the latter, of equal length."""
    standing = 2 * jnp.cos(2 * jnp.pi * GRID.coords())
    lifted = lambda s: eqx.tree_at(
        lambda s: (s.inputs.values, s.targets.field.values), s, replace_fn=lambda values: values + standing
    )
    data = dataset(train=8, test=0)
    data = dataclasses.replace(data, train=lifted(data.train), validation=lifted(data.validation))
    errors = {}
    for coordinates in (False, True):
        task = RolloutTask(data, noise=0.0, loss="mean_square", batch_size=8, coordinates=coordinates)
        model = task.operator(Stencil(task.network_source, reach=4))
        fitted = fit(
            model, task, adam(600, 0.05, schedule="cosine"), steps=600, steps_per_call=50, key=key, progress=False
        )
        errors[coordinates] = fitted.best_value
    assert errors[True] < 0.02 and errors[True] < 1e-3 * errors[False]
