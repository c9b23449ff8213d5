"""The DeepONet family against its formulas written out, on any discretisation, and learning."""

import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuralpde.nn import trainable
from neuralpde.operators import DeepONet, MIONet, MultiONet, PODDeepONet, StackedDeepONet
from neuralpde.spaces import Box, Field, FunctionSpace, Sample

from .deeponet_by_hand import features, one_of, perceptron, states, tanh_sin
from .drawn import at_point, batch_on_grid, drawn, function, functions, on_points

BOX = Box.of(periodic=["x"], x=(0.0, 3.0), t=(-1.0, 1.0))
SOURCE, TARGET = FunctionSpace(BOX, ("a", "b")), FunctionSpace(BOX, ("u", "v"))
SENSORS = BOX.grid(3, 2)
SIZE = {"width": 5, "depth": 2, "activation": jnp.tanh, "on": SENSORS}
P, C = 4, 2
X = np.array([[0.4, 0.3], [2.9, -0.8], [1.3, 0.0]])


def seen(x, harmonics=1):
    return features(x, BOX.lower, BOX.upper, BOX.periodic, harmonics)


def check(model, u, value):
    """The operator's answer at some points beside ``value(x, c)``."""
    by_hand = [[value(x, c) for c in range(model.target.channels)] for x in X]
    np.testing.assert_allclose(on_points(model, u, X), by_hand, rtol=1e-10, atol=1e-12)


def sensor_values(u):
    return list(np.asarray(u.values).reshape(-1))


@pytest.mark.parametrize(
    ("strategy", "harmonics"), [("split_both", 3), ("independent", 1), ("split_branch", 1), ("split_trunk", 1)]
)
def test_deeponet_with_each_strategy(strategy, harmonics):
    model = drawn(lambda k: DeepONet(SOURCE, TARGET, basis=P, strategy=strategy, harmonics=harmonics, key=k, **SIZE))
    u = function(SENSORS, SOURCE)

    def value(x, c):
        def branch(k):
            if strategy == "independent":
                return perceptron(one_of(model.branch, c), sensor_values(u), math.tanh)[k]
            return perceptron(model.branch, sensor_values(u), math.tanh)[k if strategy == "split_trunk" else c * P + k]

        def trunk(k):
            if strategy == "independent":
                return perceptron(one_of(model.trunk, c), seen(x, harmonics), math.tanh, math.tanh)[k]
            outputs = perceptron(model.trunk, seen(x, harmonics), math.tanh, math.tanh)
            return outputs[k if strategy == "split_branch" else c * P + k]

        return sum(branch(k) * trunk(k) for k in range(P)) + float(model.b0[c])

    check(model, u, value)


def test_unknown_strategy_and_merge_are_refused(key):
    with pytest.raises(ValueError, match="split_both"):
        DeepONet(SOURCE, TARGET, strategy="none", key=key, **SIZE)
    with pytest.raises(ValueError, match="product"):
        MIONet(SOURCE, TARGET, merge="quotient", key=key, **SIZE)
    with pytest.raises(ValueError, match=r"\['c'\] are not among"):
        MIONet(SOURCE, TARGET, inputs=[("a", "c")], key=key, **SIZE)


def test_stacked_deeponet():
    model = drawn(lambda k: StackedDeepONet(SOURCE, TARGET, basis=P, branch_width=3, key=k, **SIZE))
    u = function(SENSORS, SOURCE)

    def value(x, c):
        trunk = perceptron(model.trunk, seen(x), math.tanh, math.tanh)
        branches = [perceptron(one_of(model.branches, c * P + k), sensor_values(u), math.tanh) for k in range(P)]
        return sum(branches[k][0] * trunk[c * P + k] for k in range(P)) + float(model.b0[c])

    check(model, u, value)


@pytest.mark.parametrize("merge", ["product", "sum", "concatenation"])
def test_mionet(merge):
    source = FunctionSpace(BOX, ("a", "b", "c"))
    inputs = [("c", "a"), ("b",)]
    model = drawn(lambda k: MIONet(source, TARGET, basis=P, inputs=inputs, merge=merge, key=k, **SIZE))
    u = function(SENSORS, source)
    values = np.asarray(u.values)
    first, second = list(values[..., [2, 0]].reshape(-1)), list(values[..., 1].reshape(-1))

    def value(x, c):
        codes = [perceptron(net, v, math.tanh) for net, v in zip(model.branches, (first, second), strict=True)]
        trunk = perceptron(model.trunk, seen(x), math.tanh, math.tanh)
        merged = {
            "product": lambda: [a * b for a, b in zip(*codes, strict=True)],
            "sum": lambda: [a + b for a, b in zip(*codes, strict=True)],
            "concatenation": lambda: perceptron(model.merger, codes[0] + codes[1], math.tanh),
        }[merge]()
        return sum(merged[c * P + k] * trunk[c * P + k] for k in range(P)) + float(model.b0[c])

    check(model, u, value)


def test_mionet_has_a_branch_for_every_component_by_default():
    model = eqx.filter_eval_shape(lambda k: MIONet(SOURCE, TARGET, key=k, **SIZE), jax.random.key(0))
    assert model.inputs == (("a",), ("b",)) and len(model.branches) == 2


@pytest.mark.parametrize("last", [1, 3])
@pytest.mark.parametrize("names", ["u", ("u", "v")])
def test_multionet(names, last):
    target = FunctionSpace(BOX, names)
    model = drawn(lambda k: MultiONet(SOURCE, target, width=5, depth=3, last=last, on=SENSORS, key=k))
    u = function(SENSORS, SOURCE)

    def value(x, c):
        branch = states(model.branch, sensor_values(u), tanh_sin)[-last:]
        trunk = states(model.trunk, seen(x), tanh_sin)[-last:]
        total = 0.0
        for i in range(last):
            for j in range(5):
                weight = float(model.w[i]) if target.channels == 1 else float(model.A[c, j])
                total += weight * branch[i][j] * trunk[i][j] / last
        return total + float(model.b0[c])

    check(model, u, value)
    assert (model.w is None) == (target.channels == 2) and (model.A is None) == (target.channels == 1)


def test_weights_of_the_layers_start_at_one(key):
    model = MultiONet(SOURCE, FunctionSpace(BOX), depth=6, width=4, on=SENSORS, key=key)
    np.testing.assert_array_equal(model.w, np.ones(5))
    np.testing.assert_array_equal(model.b0, np.zeros(1))
    with pytest.raises(ValueError, match="last=4"):
        MultiONet(SOURCE, FunctionSpace(BOX), depth=3, last=4, on=SENSORS, key=key)


FAMILY = {
    "stacked": functools.partial(StackedDeepONet, basis=12),
    "pod": functools.partial(PODDeepONet, basis=6),
    "mionet": functools.partial(MIONet, basis=16),
    "multionet": functools.partial(MultiONet, last=2, activation=jnp.tanh),
}
KINDS = pytest.mark.parametrize("kind", FAMILY)


@KINDS
def test_same_function_on_grids_and_points_one_by_one_and_in_batches(kind):
    model = drawn(lambda k: FAMILY[kind](SOURCE, TARGET, width=6, depth=2, on=SENSORS, key=k))
    if kind == "pod":
        grid = BOX.grid(8, 6)
        x, t = np.moveaxis(np.asarray(grid.coords()), -1, 0)
        shapes = np.stack([np.cos(2 * np.pi * x / 3), t + 0 * x, t * np.sin(2 * np.pi * x / 3)], axis=-1)
        targets = Field.stack(
            np.einsum("xtk,nkc->nxtc", shapes, np.random.default_rng(5).normal(size=(9, 3, 2))), grid, TARGET
        )
        model = model.fitted_to(Sample(targets, targets))
    inputs = functions(2, SENSORS, SOURCE)
    fine = BOX.grid(5, 4, layout=("periodic", "nodes"))
    together = batch_on_grid(model, inputs, fine)
    u = Field(inputs.values[1], SENSORS, SOURCE)
    x = np.asarray(fine.coords())
    np.testing.assert_allclose(on_points(model, u, x.reshape(-1, 2)), together[1].reshape(-1, 2), atol=1e-11)
    np.testing.assert_allclose(at_point(model, u, x[2, 1]), together[1, 2, 1], atol=1e-11)


@KINDS
def test_learns_the_antiderivative_of_unseen_functions(kind, key):
    """u = sum_k c_k cos(k pi x), s = sum_k c_k sin(k pi x) / (k pi), 200 of them and 40 that are held out."""
    box = Box.of(x=(0.0, 1.0))
    grid, space = box.grid(16), FunctionSpace(box)
    k = np.pi * np.arange(1, 4)
    c = np.random.default_rng(0).normal(size=(240, 3)) / np.arange(1, 4)
    x = (np.arange(16)[:, None] + 0.5) / 16
    u, s = (c @ np.cos(x * k).T)[..., None], ((c / k) @ np.sin(x * k).T)[..., None]
    inputs, targets = Field.stack(u, grid, space), Field.stack(s, grid, space)
    model = eqx.filter_jit(lambda k: FAMILY[kind](space, space, width=24, depth=2, on=grid, key=k))(key)
    if kind == "pod":
        model = model.fitted_to(Sample(inputs, targets))

    params, static = eqx.partition(model, trainable(model))
    optimizer = optax.adam(optax.cosine_decay_schedule(5e-3, 1200))
    predict = lambda params: jax.vmap(eqx.combine(params, static))(inputs).values

    @jax.jit
    def train(params):
        def step(carry, _):
            params, state = carry
            gradient = jax.grad(lambda p: jnp.mean((predict(p) - targets.values)[:200] ** 2))(params)
            updates, state = optimizer.update(gradient, state)
            return (optax.apply_updates(params, updates), state), None

        (params, _), _ = jax.lax.scan(step, (params, optimizer.init(params)), length=1200)
        return predict(params)

    error = np.asarray(train(params)) - s
    bound = 0.1 if kind == "multionet" else 0.03
    assert np.linalg.norm(error[200:]) < bound * np.linalg.norm(s[200:])


def test_components_of_the_inputs_are_uncorrelated_and_a_linear_branch_of_them_is_exact(key):
    """Ten coefficients of waves are drawn, so there are ten components; the operator is a shift, which is linear."""
    box = Box.cube(1, periodic=True)
    grid, space = box.grid(24), FunctionSpace(box)
    k, x = np.arange(1, 6), 2 * np.pi * np.arange(24)[:, None] / 24
    a, b = np.random.default_rng(0).normal(size=(2, 300, 5)) / k
    waves = lambda shift: (1 + a @ np.cos(k * (x - shift)).T + b @ np.sin(k * (x - shift)).T)[..., None]
    inputs, targets = (Field.stack(waves(shift), grid, space) for shift in (0.0, 0.7))
    model = PODDeepONet(space, space, depth=0, basis=10, components=12, on=grid, key=key)
    model = model.fitted_to(Sample(inputs, targets))
    mean, E = model.inputs.value
    scores = (np.asarray(inputs.values)[..., 0] - mean) @ E.T
    np.testing.assert_allclose(scores.T @ scores / 299, np.diag([1.0] * 10 + [0.0] * 2), atol=1e-10)

    answers = lambda m: jax.vmap(lambda v: m(Field(v, grid, space)).values)(inputs.values[:3])
    modes = np.asarray(model.modes.value.values)[1:, :, 0]
    coefficients = np.linalg.lstsq(modes.T, (waves(0.7)[..., 0] - waves(0.7).mean(0)[..., 0]).T)[0].T
    weight = np.linalg.lstsq(scores[100:], coefficients[100:])[0].T
    exact = eqx.tree_at(lambda m: m.branch.layers[0].weight, model, jnp.asarray(weight))
    np.testing.assert_allclose(answers(exact), waves(0.7)[:3], atol=1e-10)
    with pytest.raises(ValueError, match="got both"):
        PODDeepONet(space, space, components=3, branch=lambda u: u, on=grid, key=key)
