"""The DeepONet family against its formulas written out, on any discretisation, and learning."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuralpde.operators import DeepONet, MIONet, MultiONet, PODDeepONet, StackedDeepONet
from neuralpde.spaces import Box, Field, FunctionSpace, Points, Sample

from .conftest import noise
from .deeponet_by_hand import features, one_of, perceptron, states, tanh_sin

BOX = Box.of(periodic=["x"], x=(0.0, 3.0), t=(-1.0, 1.0))
SOURCE, TARGET = FunctionSpace(BOX, ("a", "b")), FunctionSpace(BOX, ("u", "v"))
SENSORS = BOX.grid(3, 2)
SIZE = {"width": 5, "depth": 2, "activation": jnp.tanh}
P, C = 4, 2
X = np.array([[0.4, 0.3], [2.9, -0.8], [1.3, 0.0]])


def seen(x, harmonics=1):
    return features(x, BOX.lower, BOX.upper, BOX.periodic, harmonics)


def shaken(model):
    """Biases that are not zero, as after training."""
    rng = np.random.default_rng(7)
    move = lambda leaf: jnp.asarray(np.asarray(leaf) + 0.1 * rng.normal(size=leaf.shape))
    return jax.tree.map(lambda leaf: move(leaf) if eqx.is_inexact_array(leaf) else leaf, model)


def check(model, u, value, rtol=1e-11):
    """``value(x, c)`` at some points, beside the operator's answer there."""
    answer = np.asarray(model(u, Points(X, BOX)).values)
    by_hand = [[value(x, c) for c in range(C)] for x in X]
    np.testing.assert_allclose(answer, by_hand, rtol=rtol, atol=1e-12)


def sensor_values(u):
    return list(np.asarray(u.values).reshape(-1))


@pytest.mark.parametrize(
    ("strategy", "harmonics"), [("split_both", 3), ("independent", 1), ("split_branch", 1), ("split_trunk", 1)]
)
def test_deeponet_with_each_strategy(strategy, harmonics, key):
    model = shaken(
        DeepONet(SOURCE, TARGET, basis=P, strategy=strategy, harmonics=harmonics, on=SENSORS, key=key, **SIZE)
    )
    u = noise(SENSORS, SOURCE)

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


def test_stacked_deeponet(key):
    model = shaken(StackedDeepONet(SOURCE, TARGET, basis=P, branch_width=3, on=SENSORS, key=key, **SIZE))
    u = noise(SENSORS, SOURCE)

    def value(x, c):
        trunk = perceptron(model.trunk, seen(x), math.tanh, math.tanh)
        branches = [perceptron(one_of(model.branches, c * P + k), sensor_values(u), math.tanh) for k in range(P)]
        return sum(branches[k][0] * trunk[c * P + k] for k in range(P)) + float(model.b0[c])

    check(model, u, value)


@pytest.mark.parametrize("merge", ["product", "sum", "concatenation"])
def test_mionet(merge, key):
    source = FunctionSpace(BOX, ("a", "b", "c"))
    inputs = [("c", "a"), ("b",)]
    model = shaken(
        MIONet(source, TARGET, basis=P, inputs=inputs, merge=merge, on=SENSORS, key=key, **SIZE),
    )
    u = noise(SENSORS, source)
    values = np.asarray(u.values)
    first = list(values[..., [2, 0]].reshape(-1))
    second = list(values[..., 1].reshape(-1))

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


def test_mionet_of_every_component_by_default(key):
    model = MIONet(SOURCE, TARGET, basis=P, on=SENSORS, key=key, **SIZE)
    assert model.inputs == (("a",), ("b",)) and len(model.branches) == 2


@pytest.mark.parametrize("last", [1, 3])
def test_multionet_of_one_component_and_of_several(last, key):
    scalar = FunctionSpace(BOX, ("u",))
    one, two = (
        shaken(MultiONet(SOURCE, target, width=5, depth=3, last=last, on=SENSORS, key=key))
        for target in (scalar, TARGET)
    )
    u = noise(SENSORS, SOURCE)

    def layers(model, x):
        b = states(model.branch, sensor_values(u), tanh_sin)[-last:]
        t = states(model.trunk, seen(x), tanh_sin)[-last:]
        return list(zip(b, t, strict=True))

    for x, answer in zip(X, np.asarray(one(u, Points(X, BOX)).values), strict=True):
        products = [sum(b * t for b, t in zip(*pair, strict=True)) for pair in layers(one, x)]
        expected = sum(float(w) * v for w, v in zip(one.w, products, strict=True)) / last + float(one.b0[0])
        np.testing.assert_allclose(answer[0], expected, rtol=1e-11)

    def value(x, c):
        mean = [sum(b[j] * t[j] for b, t in layers(two, x)) / last for j in range(5)]
        return sum(float(two.A[c, j]) * mean[j] for j in range(5)) + float(two.b0[c])

    check(two, u, value)
    assert two.w is None and one.A is None


def test_weights_of_the_layers_start_at_one(key):
    model = MultiONet(SOURCE, FunctionSpace(BOX), depth=6, width=4, on=SENSORS, key=key)
    np.testing.assert_array_equal(model.w, np.ones(5))
    np.testing.assert_array_equal(model.b0, np.zeros(1))


def family(source, target, on, key, width=24):
    """One small model of each kind."""
    size = {"width": width, "depth": 2, "on": on, "key": key}
    return {
        "stacked": StackedDeepONet(source, target, basis=12, **size),
        "pod": PODDeepONet(source, target, basis=6, **size),
        "mionet": MIONet(source, target, basis=16, **size),
        "multionet": MultiONet(source, target, last=2, **size),
    }


KINDS = pytest.mark.parametrize("kind", ["stacked", "pod", "mionet", "multionet"])


@KINDS
def test_same_function_on_grids_and_points_one_by_one_and_in_batches(kind, key):
    model = family(SOURCE, TARGET, SENSORS, key)[kind]
    if kind == "pod":
        targets = Field.stack(jax.random.normal(key, (9, 8, 6, 2)), BOX.grid(8, 6), TARGET)
        model = model.fitted_to(Sample(targets, targets))
    inputs = Field.stack(jax.random.normal(key, (3, 3, 2, 2)), SENSORS, SOURCE)
    fine = BOX.grid(5, 4, layout=("periodic", "nodes"))
    together = jax.jit(lambda u: jax.vmap(lambda v: model(v, fine))(u).values)(inputs)
    for i in range(3):
        u = Field(inputs.values[i], SENSORS, SOURCE)
        scattered = model(u, Points(fine.coords().reshape(-1, 2), BOX)).values
        np.testing.assert_allclose(together[i].reshape(-1, 2), scattered, atol=1e-11)
        np.testing.assert_allclose(model.as_function(u)(fine.coords()[2, 1]), together[i, 2, 1], atol=1e-11)


def sine_series(key, grid):
    """Random inputs with their exact antiderivatives from zero."""
    k = jnp.pi * jnp.arange(1.0, 4.0)
    c, x = jax.random.normal(key, (3,)) / jnp.arange(1.0, 4.0), grid.coords()
    return jnp.cos(x * k) @ c, jnp.sin(x * k) @ (c / k)


@KINDS
def test_learns_the_antiderivative_of_unseen_functions(kind, key):
    box = Box.of(x=(0.0, 1.0))
    grid, space = box.grid(16), FunctionSpace(box)
    u, s = (v[..., None] for v in jax.vmap(lambda k: sine_series(k, grid))(jax.random.split(key, 160)))
    inputs, targets = Field.stack(u, grid, space), Field.stack(s, grid, space)
    model = family(space, space, grid, key)[kind]
    if kind == "pod":
        model = model.fitted_to(Sample(inputs, targets))
    from neuralpde.nn import trainable

    params, static = eqx.partition(model, trainable(model))
    optimizer = optax.adam(optax.cosine_decay_schedule(5e-3, 600))
    predict = lambda params: jax.vmap(eqx.combine(params, static))(inputs).values

    def step(carry, _):
        params, state = carry
        gradient = jax.grad(lambda p: jnp.mean((predict(p) - s)[:120] ** 2))(params)
        updates, state = optimizer.update(gradient, state)
        return (optax.apply_updates(params, updates), state), None

    (params, _), _ = jax.jit(lambda c: jax.lax.scan(step, c, length=600))((params, optimizer.init(params)))
    error = jnp.linalg.norm((predict(params) - s)[120:, :, 0], axis=1) / jnp.linalg.norm(s[120:, :, 0], axis=1)
    assert float(error.mean()) < 0.03
