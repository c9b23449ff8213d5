"""DeepONet: its formula, queries, periodicity, derivatives, and that it learns an integral operator."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuralpde.nn import mlp
from neuralpde.operators import DeepONet
from neuralpde.spaces import Box, Field, FunctionSpace, Points

from .conftest import BOX, SOURCE, TARGET, noise, smooth


@pytest.fixture
def model(key):
    return DeepONet(SOURCE, TARGET, width=16, depth=2, basis=12, on=BOX.grid(6), key=key)


def test_value_is_branch_times_trunk_plus_bias(model, key):
    model = eqx.tree_at(lambda m: m.b0, model, jnp.asarray([0.7]))
    u = noise(BOX.grid(6))
    points = Points(jax.random.uniform(key, (5, 2)), BOX)
    branch = model.branch(u.values.reshape(-1))
    for x, value in zip(points.x, model(u, points).values, strict=True):
        np.testing.assert_allclose(value, branch @ model.trunk(2 * x - 1) + 0.7, rtol=1e-12)


def test_same_function_on_grids_points_and_as_function(model):
    u = noise(BOX.grid(6))
    grid = model(u, BOX.grid(4, 5))
    points = Points(grid.on.coords().reshape(-1, 2), BOX)
    np.testing.assert_allclose(model(u, points).values, grid.values.reshape(-1, 1), atol=1e-13)
    function = model.as_function(u)
    np.testing.assert_allclose(function(points.x[7]), grid.values.reshape(-1, 1)[7], atol=1e-13)


def test_shared_queries_evaluate_the_trunk_once(model):
    inputs = Field.stack(jax.random.normal(jax.random.key(1), (32, 6, 6, 1)), BOX.grid(6), SOURCE)
    queries = jax.random.uniform(jax.random.key(2), (50, 2))

    def flops(axis, x):
        run = jax.jit(lambda u, x: jax.vmap(lambda v, y: model(v, Points(y, BOX)).values, (0, axis))(u, x))
        return run.lower(inputs, x).compile().cost_analysis()["flops"]

    shared, own = flops(None, queries), flops(0, jnp.broadcast_to(queries, (32, 50, 2)))
    assert shared < own / 4


def test_queries_of_each_function_equal_one_by_one_evaluation(model):
    values = jax.random.normal(jax.random.key(1), (3, 6, 6, 1))
    queries = jax.random.uniform(jax.random.key(2), (3, 5, 2))
    inputs = Field.stack(values, BOX.grid(6), SOURCE)
    together = jax.vmap(lambda u, x: model(u, Points(x, BOX)).values)(inputs, queries)
    for i in range(3):
        one = model(Field(values[i], BOX.grid(6), SOURCE), Points(queries[i], BOX)).values
        np.testing.assert_allclose(together[i], one, atol=1e-13)


def test_output_is_periodic_where_the_domain_is(key):
    box = Box.of(periodic=["x"], x=(0.0, 3.0), t=(0.0, 1.0))
    space = FunctionSpace(box, ("u",))
    function = DeepONet(space, space, width=8, depth=1, basis=4, on=box.grid(4), key=key).as_function(
        noise(box.grid(4), space)
    )
    left, right = jnp.asarray([0.0, 0.3]), jnp.asarray([3.0, 0.3])
    np.testing.assert_allclose(jax.jacfwd(function)(left), jax.jacfwd(function)(right), atol=1e-11)
    np.testing.assert_allclose(function(left), function(right), atol=1e-12)


def test_derivatives_in_the_query_point_match_finite_differences(model):
    function = model.as_function(noise(BOX.grid(6)))
    x, h = jnp.asarray([0.4, 0.6]), 1e-4
    e = jnp.asarray([h, 0.0])
    second = (function(x + e) - 2 * function(x) + function(x - e)) / h**2
    exact = jax.hessian(function)(x)[0, 0, 0]
    np.testing.assert_allclose(second[0], exact, rtol=1e-4)


def test_input_on_another_grid_is_resampled_to_the_sensors(key):
    sensors = BOX.grid(8, layout="nodes")
    model = DeepONet(SOURCE, TARGET, width=16, depth=1, basis=8, on=sensors, key=key)
    at = BOX.grid(4)
    coarse, fine = (model(smooth(BOX.grid(n, layout="nodes")), at).values for n in (8, 64))
    assert float(jnp.abs(coarse - fine).max() / jnp.abs(coarse).max()) < 1e-2


def test_every_component_has_its_own_branch_and_trunk_outputs(key):
    target = FunctionSpace(BOX, ("u", "v", "p"))
    model = DeepONet(SOURCE, target, width=8, depth=1, basis=5, on=BOX.grid(4), key=key)
    assert model(noise(BOX.grid(4))).values.shape == (4, 4, 3)
    assert model.trunk(jnp.zeros(2)).shape == (15,)


def test_any_network_serves_as_branch(key):
    branch = mlp(16, 6, width=4, depth=1, activation=jnp.tanh, key=key)
    model = DeepONet(SOURCE, TARGET, width=8, depth=1, basis=6, branch=branch, on=BOX.grid(4), key=key)
    assert model.branch is branch
    assert model(noise(BOX.grid(4))).values.shape == (4, 4, 1)


def test_sensors_are_required(key):
    with pytest.raises(ValueError, match="sensors"):
        DeepONet(SOURCE, TARGET, key=key)


def sine_series(key, grid):
    """Random inputs with their exact antiderivatives from zero."""
    c = jax.random.normal(key, (3,)) / jnp.arange(1.0, 4.0)
    x, k = grid.coords()[:, 0], jnp.pi * jnp.arange(1.0, 4.0)
    return jnp.cos(x[:, None] * k) @ c, jnp.sin(x[:, None] * k) @ (c / k)


def test_learns_the_antiderivative_of_unseen_functions(key):
    box = Box.of(x=(0.0, 1.0))
    grid, space = box.grid(24), FunctionSpace(box)
    u, s = jax.vmap(lambda k: sine_series(k, grid))(jax.random.split(key, 300))
    model = DeepONet(space, space, width=32, depth=2, basis=16, on=grid, key=key)
    params, static = eqx.partition(model, eqx.is_inexact_array)
    optimizer = optax.adam(optax.cosine_decay_schedule(5e-3, 1500))

    def predict(params, u):
        operator = eqx.combine(params, static)
        return jax.vmap(operator)(Field.stack(u[..., None], grid, space)).values[..., 0]

    def step(carry, _):
        params, state = carry
        gradient = jax.grad(lambda p: jnp.mean((predict(p, u[:250]) - s[:250]) ** 2))(params)
        updates, state = optimizer.update(gradient, state)
        return (optax.apply_updates(params, updates), state), None

    (params, _), _ = jax.jit(lambda c: jax.lax.scan(step, c, length=1500))((params, optimizer.init(params)))
    error = predict(params, u[250:]) - s[250:]
    relative = jnp.linalg.norm(error, axis=1) / jnp.linalg.norm(s[250:], axis=1)
    assert float(relative.mean()) < 0.02
