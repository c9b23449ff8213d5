"""Derivatives in the coordinates for many functions: right, and cheaper than one function at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.operators import DeepONet, ExactConditions, derivatives
from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace, Periodic, Points

BOX = Box.of(periodic=["x"], x=(0.0, 2.0), t=(0.0, 1.0))
SPACE, TARGET = FunctionSpace(BOX, ("a",)), FunctionSpace(BOX, ("u", "v"))
SENSORS = BOX.grid(4)
ALONG = ((), (0,), (1,), (0, 0), (0, 1), (1, 0, 0))


@pytest.fixture
def model(key):
    return DeepONet(SPACE, TARGET, width=12, depth=2, basis=6, on=SENSORS, key=key)


def inputs(count):
    return Field.stack(jax.random.normal(jax.random.key(1), (count, 4, 4, 1)), SENSORS, SPACE)


def nested(function, axes):
    for axis in axes:
        function = (lambda f, e: lambda x: jax.jvp(f, (x,), (e,))[1])(function, jnp.eye(2)[axis])
    return function


def one_by_one(model, u, x, axes):
    """Forward mode at every point of every function."""
    per_point = lambda v: jax.vmap(nested(model.as_function(v), axes))(x)
    return jax.vmap(per_point)(u)


@pytest.mark.parametrize("conditions", [None, ExactConditions])
def test_equal_nested_derivatives_of_every_function_at_every_point(conditions, key):
    target = FunctionSpace(BOX, ("u", "v"), [Periodic(), Dirichlet(lambda x: jnp.sin(x))])
    model = DeepONet(SPACE, target, width=12, depth=2, basis=6, conditions=conditions, on=SENSORS, key=key)
    points = Points.random(BOX, 5, key=key)
    found = derivatives(model, inputs(3), points, ALONG)
    for axes in ALONG:
        np.testing.assert_allclose(found[axes], one_by_one(model, inputs(3), points.x, axes), rtol=1e-9, atol=1e-9)


def test_answers_have_the_shape_of_the_grid(model):
    found = derivatives(model, inputs(3), BOX.grid(6, 5), [(0,)])
    assert found[(0,)].shape == (3, 6, 5, 2)


def cost(f, *arguments):
    compiled = jax.jit(f).lower(*arguments).compile()
    analysis = compiled.cost_analysis()
    return analysis["flops"], compiled.memory_analysis().temp_size_in_bytes


def test_cost_is_a_fraction_of_that_of_each_function_by_itself(key):
    """Second derivatives of 32 functions at 100 points: by the shift, and with reverse mode through each value."""
    target = FunctionSpace(BOX, ("u",))
    model = DeepONet(SPACE, target, width=24, depth=2, basis=16, on=SENSORS, key=key)
    u, x = inputs(32), jax.random.uniform(key, (100, 2))
    shifted = lambda u, x: derivatives(model, u, Points(x, BOX), [(0, 0)])[(0, 0)]

    def separate(u, x):
        def second(v, y):
            value = lambda z: model.as_function(v)(z)[0]
            return jax.grad(lambda z: jax.grad(value)(z)[0])(y)[0]

        return jax.vmap(lambda v: jax.vmap(lambda y: second(v, y))(x))(u)

    np.testing.assert_allclose(shifted(u, x)[..., 0], separate(u, x), atol=1e-10)
    (flops, memory), (more_flops, more_memory) = cost(shifted, u, x), cost(separate, u, x)
    assert flops < more_flops / 8
    assert memory < more_memory / 4


def test_axis_that_the_target_does_not_have_is_refused(model):
    with pytest.raises(ValueError, match="axes 0 to 1"):
        derivatives(model, inputs(2), SENSORS, [(0, 2)])
