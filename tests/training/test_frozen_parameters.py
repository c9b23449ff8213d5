"""What is not to be trained stays as it is, to the last bit, whatever the optimiser; what decays is what is trained."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from training.linear_regression import Regression

from neuralpde.nn import Frozen, trainable
from neuralpde.training import adabelief, adam, adamw, fit, lion, muon, restore_model, sgd
from neuralpde.training.state import moving_average, put_together, take_apart

OPTIMIZERS = {
    "adam": adam(20, 0.1, weight_decay=0.1),
    "adamw": adamw(20, 0.1, weight_decay=0.1),
    "adabelief": adabelief(20, 0.1),
    "lion": lion(20, 0.1, weight_decay=0.1),
    "muon": muon(20, 0.1, weight_decay=0.1),
    "sgd": sgd(20, 0.1),
}


class Mixed(eqx.Module):
    """A trained matrix beside a frozen one, integers, truth values and a key."""

    weight: jax.Array
    fixed: Frozen
    counts: jax.Array
    mask: jax.Array
    key: jax.Array
    name: str = eqx.field(static=True, default="mixed")

    def __call__(self, x):
        return x @ (self.weight * self.mask) + self.fixed.value["shift"] * self.counts


def mixed():
    fixed = Frozen({"shift": jnp.asarray([0.25, -0.5]), "phase": jnp.asarray([1.0 + 2.0j])})
    return Mixed(jnp.ones((3, 2)), fixed, jnp.asarray([1, 2]), jnp.ones((3, 2), bool), jax.random.key(7))


def assert_fixed(before, after):
    for name in ("fixed", "counts", "mask", "key"):
        for a, b in zip(jax.tree.leaves(getattr(before, name)), jax.tree.leaves(getattr(after, name)), strict=True):
            assert a.dtype == b.dtype
            assert jnp.array_equal(a, b)


class Task(Regression):
    monitor = None

    def evaluate(self, model):
        return {}


@pytest.mark.parametrize("ema", [None, 0.9])
@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_frozen_arrays_stay_while_parameters_move(name, ema, key):
    model = mixed()
    fitted = fit(model, Task(), OPTIMIZERS[name], steps=20, key=key, ema=ema, progress=False)
    assert_fixed(model, fitted.model)
    assert (fitted.model.weight != model.weight).all()


def test_frozen_arrays_come_back_from_a_checkpoint(tmp_path, key):
    model = mixed()
    fit(model, Task(), adamw(20), steps=20, key=key, ema=0.9, folder=tmp_path, progress=False)
    skeleton = eqx.tree_at(lambda m: m.fixed.value["shift"], model, jnp.zeros(2))
    assert_fixed(model, restore_model(tmp_path / "checkpoints", skeleton, "last"))


def test_only_floating_point_arrays_above_no_frozen_are_trainable():
    marked = trainable(mixed())
    assert marked.weight is True
    assert not any(jax.tree.leaves((marked.fixed, marked.counts, marked.mask, marked.key)))
    assert trainable({"complex": jnp.zeros(2, complex), "text": "a"}) == {"complex": True, "text": False}


def test_taken_apart_models_are_put_together_again():
    model = mixed()
    parts = take_apart(model)
    assert [leaf.shape for leaf in jax.tree.leaves(parts.parameters)] == [(3, 2)]
    again = put_together(parts.parameters, parts.frozen, parts.static)
    assert eqx.tree_equal(model, again)


class Idle(Task):
    """A loss without a gradient: what moves is moved by the decay alone."""

    def loss(self, model, batch, key):
        return 0.0 * jnp.sum(model.weight), {}


@pytest.mark.parametrize("make", [adamw, lion, muon])
def test_decoupled_decay_is_geometric(make, key):
    optimizer = make(20, 0.1, weight_decay=0.5, schedule="constant")
    fitted = fit(mixed(), Idle(), optimizer, steps=20, key=key, progress=False)
    np.testing.assert_allclose(fitted.model.weight, (1 - 0.1 * 0.5) ** 20, rtol=1e-6)
    assert_fixed(mixed(), fitted.model)


def test_average_of_a_constant_is_that_constant():
    p = {"a": jnp.asarray([1.0, 2.0])}
    average = p
    for step in range(1, 50):
        average = moving_average(average, p, 0.99, jnp.asarray(step))
    np.testing.assert_array_equal(average["a"], p["a"])


def test_average_keeps_the_dtype_of_its_parameters():
    p = {"half": jnp.ones(2, jnp.bfloat16), "single": jnp.ones(2, jnp.float32)}
    average = moving_average(p, jax.tree.map(lambda a: 2 * a, p), 0.9, jnp.asarray(1))
    assert {name: leaf.dtype for name, leaf in average.items()} == {name: leaf.dtype for name, leaf in p.items()}
    np.testing.assert_allclose(average["single"], 2 - 2 / 11, rtol=1e-6)
