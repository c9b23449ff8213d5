"""Optimisers against exact minimisers and against updates worked out by hand."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from training.linear_regression import Linear, Regression, distance

from neuralpde.nn import Standardize
from neuralpde.operators import FNO, Normalized
from neuralpde.spaces import Box, FunctionSpace
from neuralpde.training import TrainingArgumentError, adabelief, adam, adamw, fit, lion, muon, onecycle, sgd
from neuralpde.training.state import put_together, take_apart
from neuralpde.training.telling import LEARNING_RATE, told_by

STEPS = 600
OPTIMIZERS = {
    "adam": adam(STEPS, 5e-2),
    "adamw": adamw(STEPS, 5e-2, weight_decay=0.0),
    "adabelief": adabelief(STEPS, 2e-2),
    "lion": lion(STEPS, 2e-2, weight_decay=0.0, b2=0.9),
    "muon": muon(STEPS, 0.2, weight_decay=0.0),
    "sgd": sgd(STEPS, 5e-2, schedule="onecycle"),
    "clipped": adamw(STEPS, 5e-2, weight_decay=0.0, clip=0.5),
}


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_optimizer_finds_the_minimiser(name, key):
    fitted = fit(Linear(), Regression(), OPTIMIZERS[name], steps=STEPS, key=key, progress=False)
    assert distance(Linear()) > 3
    assert distance(fitted.model) < 2e-3


def first_update(optimizer, parameter, gradient):
    state = optimizer.init(parameter)
    updates, state = optimizer.update(gradient, state, parameter)
    return updates, state


def test_decoupled_decay_shrinks_parameters_whatever_the_gradient():
    p = jnp.asarray([2.0, -4.0])
    update, _ = first_update(adamw(10, 0.1, weight_decay=0.5, schedule="constant"), p, jnp.zeros(2))
    np.testing.assert_allclose(update, -0.1 * 0.5 * p)


def test_coupled_decay_is_a_gradient():
    p = jnp.asarray([2.0, -4.0])
    update, _ = first_update(adam(10, 0.1, weight_decay=0.5, schedule="constant"), p, jnp.zeros(2))
    np.testing.assert_allclose(update, -0.1 * jnp.sign(p), rtol=1e-6)


def test_clipping_bounds_the_global_norm():
    gradient = {"a": jnp.asarray([3.0]), "b": jnp.asarray([4.0])}
    update, _ = first_update(sgd(10, 1.0, momentum=0.0, clip=0.1), gradient, gradient)
    assert float(optax.tree.norm(update)) == pytest.approx(0.1)


def test_momentum_of_sgd_adds_up():
    optimizer, g = sgd(10, 1.0, momentum=0.5), jnp.ones(1)
    state = optimizer.init(g)
    updates = []
    for _ in range(3):
        update, state = optimizer.update(g, state, g)
        updates.append(float(update[0]))
    np.testing.assert_allclose(updates, [-1, -1.5, -1.75])


def test_muon_orthogonalises_matrices(key):
    p = {"matrix": jnp.zeros((6, 4)), "vector": jnp.zeros(4)}
    g = {"matrix": jax.random.normal(key, (6, 4)), "vector": jnp.ones(4)}
    update, _ = first_update(muon(10, 1.0, weight_decay=0.0, schedule="constant"), p, g)
    singular = np.linalg.svd(update["matrix"], compute_uv=False)
    # Newton-Schulz with its tuned coefficients brings singular values near one another, not to one number.
    assert singular.max() / singular.min() < 2 < np.linalg.cond(g["matrix"])
    # Adam with Nesterov's look-ahead, which makes its first step longer.
    nesterov, _ = first_update(optax.nadam(1.0), p["vector"], g["vector"])
    np.testing.assert_allclose(update["vector"], nesterov, rtol=1e-6)


def test_learning_rate_is_told():
    optimizer = adamw(100, 1e-2, schedule=functools.partial(onecycle, div=10.0))
    _, state = first_update(optimizer, jnp.ones(2), jnp.ones(2))
    assert float(told_by(state)[LEARNING_RATE]) == pytest.approx(1e-3)
    assert not told_by(optax.adam(1e-3).init(jnp.ones(2)))


def test_normalisers_are_not_trained(key):
    box = Box.cube(1, periodic=True)
    space = FunctionSpace(box)
    operator = FNO(space, space, modes=2, width=3, depth=1, key=key)
    statistics = Standardize(jnp.asarray([2.0]), jnp.asarray([3.0]))
    model = Normalized(operator, statistics, statistics)
    parts = take_apart(model)
    shift = jax.tree.map(lambda p: p + 1.0, parts.parameters)
    moved = put_together(shift, parts.frozen, parts.static)
    assert moved.input_normalizer.statistics.value == model.input_normalizer.statistics.value
    changed = jax.tree.map(lambda a, b: bool(jnp.all(a != b)), operator, moved.operator)
    assert all(jax.tree.leaves(changed))


@pytest.mark.parametrize("make", [adabelief, adam, adamw, lion, muon, sgd])
def test_unknown_schedule_is_refused(make):
    with pytest.raises(TrainingArgumentError, match="cosine"):
        make(10, schedule="exponential")
