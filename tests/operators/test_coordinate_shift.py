"""Derivatives in the coordinates for many functions: right, and cheaper than one function at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.operators import DeepONet, ExactConditions, derivatives
from neuralpde.spaces import Box, Dirichlet, FunctionSpace, Periodic, Points

from .drawn import drawn, functions

BOX = Box.of(periodic=["x"], x=(0.0, 2.0), t=(0.0, 1.0))
SPACE, TARGET = FunctionSpace(BOX, ("a",)), FunctionSpace(BOX, ("u", "v"))
SENSORS = BOX.grid(4)
ALONG = ((), (0,), (1,), (0, 0), (0, 1), (1, 0, 0))


def make(target=TARGET, width=6, basis=4, conditions=None):
    size = {"width": width, "depth": 2, "basis": basis}
    return drawn(lambda k: DeepONet(SPACE, target, conditions=conditions, on=SENSORS, key=k, **size))


def nested(function, axes):
    for axis in axes:
        function = (lambda f, e: lambda x: jax.jvp(f, (x,), (e,))[1])(function, jnp.eye(2)[axis])
    return function


def one_by_one(model, u, x, axes):
    """Forward mode at every point of every function."""
    per_point = lambda v: jax.vmap(nested(model.as_function(v), axes))(x)
    return jax.vmap(per_point)(u)


@pytest.mark.parametrize("conditions", [None, ExactConditions])
def test_equal_nested_derivatives_of_every_function_at_every_point(conditions):
    target = FunctionSpace(BOX, ("u", "v"), [Periodic(), Dirichlet(lambda x: jnp.sin(x))])
    model, u = make(target, conditions=conditions), functions(2, SENSORS, SPACE)
    x = np.random.default_rng(1).uniform(size=(3, 2))
    found = jax.jit(lambda u, x: list(derivatives(model, u, Points(x, BOX), ALONG).values()))(u, x)
    exact = jax.jit(lambda u, x: [one_by_one(model, u, x, axes) for axes in ALONG])(u, x)
    for ours, theirs in zip(found, exact, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_answers_have_the_shape_of_the_grid():
    model, grid = make(), BOX.grid(6, 5)
    found = jax.eval_shape(lambda u: derivatives(model, u, grid, [(0,)])[(0,)], functions(3, SENSORS, SPACE))
    assert found.shape == (3, 6, 5, 2)


def cost(f, *arguments):
    compiled = jax.jit(f).lower(*arguments).compile()
    analysis = compiled.cost_analysis()
    return analysis["flops"], compiled.memory_analysis().temp_size_in_bytes, compiled(*arguments)


def test_cost_is_a_fraction_of_that_of_each_function_by_itself():
    """Second derivatives of 32 functions at 100 points: by the shift, and with reverse mode through each value."""
    target = FunctionSpace(BOX, ("u",))
    model = make(target, width=24, basis=16)
    u, x = functions(32, SENSORS, SPACE), np.random.default_rng(1).uniform(size=(100, 2))
    shifted = lambda u, x: derivatives(model, u, Points(x, BOX), [(0, 0)])[(0, 0)]

    def separate(u, x):
        def second(v, y):
            value = lambda z: model.as_function(v)(z)[0]
            return jax.grad(lambda z: jax.grad(value)(z)[0])(y)[0]

        return jax.vmap(lambda v: jax.vmap(lambda y: second(v, y))(x))(u)

    (flops, memory, ours), (more_flops, more_memory, theirs) = cost(shifted, u, x), cost(separate, u, x)
    np.testing.assert_allclose(ours[..., 0], theirs, atol=1e-10)
    assert flops < more_flops / 8
    assert memory < more_memory / 4


def test_axis_that_the_target_does_not_have_is_refused():
    with pytest.raises(ValueError, match="axes 0 to 1"):
        derivatives(make(), functions(2, SENSORS, SPACE), SENSORS, [(0, 2)])
