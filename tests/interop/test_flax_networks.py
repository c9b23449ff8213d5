"""Flax networks in our operators and our operators in Flax code: one set of parameters, one gradient."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen, nnx
from interop_small import GRID, SOURCE, TARGET, answers, functions, operator

from neuralpde.data import Dataset
from neuralpde.interop import from_flax, to_nnx
from neuralpde.nn import trainable
from neuralpde.operators import DeepONet
from neuralpde.spaces import Field, Sample
from neuralpde.training import OperatorTask, adamw, fit, restore_model


class Branch(nnx.Module):
    """Two layers with all that is different in evaluation."""

    def __init__(self, inputs: int, outputs: int, rngs: nnx.Rngs):
        self.layers = nnx.List([nnx.Linear(inputs, 8, rngs=rngs), nnx.Linear(8, outputs, rngs=rngs)])
        self.norm, self.dropout = nnx.BatchNorm(8, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.layers[1](self.dropout(jnp.tanh(self.norm(self.layers[0](x)))))


class LinenBranch(linen.Module):
    outputs: int

    @linen.compact
    def __call__(self, x):
        x = linen.BatchNorm(use_running_average=True)(linen.Dense(8)(x))
        return linen.Dense(self.outputs)(jnp.tanh(x))


SENSORS, TERMS = 64, 4


def networks() -> dict:
    """Each network beside the same function as Flax computes it."""
    module = Branch(SENSORS, TERMS, nnx.Rngs(0))
    evaluated = nnx.clone(module)
    evaluated.eval()
    thin = LinenBranch(TERMS)
    variables = thin.init(jax.random.key(1), jnp.ones(SENSORS))
    return {
        "nnx": (from_flax(module), evaluated),
        "linen": (from_flax(thin, variables), lambda x: thin.apply(variables, x)),
    }


KINDS = pytest.mark.parametrize("kind", ["nnx", "linen"])


@KINDS
def test_output_is_that_of_the_module(kind):
    network, module = networks()[kind]
    x = jnp.linspace(-1, 1, SENSORS)
    np.testing.assert_allclose(jax.jit(lambda n, y: n(y))(*_jitted(network, x)), module(x), rtol=1e-6)
    batch = jnp.stack([x, x**2, -x])
    np.testing.assert_allclose(jax.vmap(network)(batch), jnp.stack([module(y) for y in batch]), rtol=1e-5, atol=1e-6)


def _jitted(network, x):
    arrays, static = eqx.partition(network, eqx.is_array)
    return eqx.combine(jax.tree.map(jnp.asarray, arrays), static), x


def test_gradient_is_that_of_nnx():
    network, module = networks()["nnx"]
    x = jnp.linspace(-1, 1, SENSORS)
    ours = eqx.filter_grad(lambda n: jnp.sum(n(x) ** 2))(network)
    theirs = nnx.grad(lambda m: jnp.sum(m(x) ** 2))(module)
    np.testing.assert_allclose(ours.params["layers/0/kernel"], theirs["layers"][0]["kernel"][...], rtol=1e-5)
    np.testing.assert_allclose(ours.params["norm/scale"], theirs["norm"]["scale"][...], rtol=1e-5)
    assert all(not jnp.any(leaf) for leaf in jax.tree.leaves(eqx.filter(ours.rest, eqx.is_inexact_array)))


def test_gradient_is_that_of_linen():
    module = LinenBranch(TERMS)
    variables = module.init(jax.random.key(1), jnp.ones(SENSORS))
    x = jnp.linspace(-1, 1, SENSORS)
    ours = eqx.filter_grad(lambda n: jnp.sum(n(x) ** 2))(from_flax(module, variables))
    theirs = jax.grad(lambda p: jnp.sum(module.apply({**variables, "params": p}, x) ** 2))(variables["params"])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), ours.params, theirs)


@KINDS
def test_only_parameters_are_trained(kind):
    network, _ = networks()[kind]
    parameters = eqx.filter(network, trainable(network))
    count = SENSORS * 8 + 8 + 8 * TERMS + TERMS + 16
    assert sum(leaf.size for leaf in jax.tree.leaves(parameters)) == count


class Counting(nnx.Module):
    """Counts its calls."""

    def __init__(self):
        self.calls = nnx.Variable(jnp.zeros(()))

    def __call__(self, x):
        self.calls[...] = self.calls[...] + 1
        return x


def test_modules_that_change_themselves_are_refused():
    with pytest.raises(ValueError, match="Counting changes its own variables"):
        from_flax(Counting())(jnp.ones(3))


def test_linen_without_variables_is_refused():
    with pytest.raises(ValueError, match=r"variables=module.init"):
        from_flax(LinenBranch(2))


def learnable() -> Dataset:
    """Means of functions, spread over the domain: a rank one operator."""
    u = functions(32)
    mean = jnp.mean(u, axis=(1, 2), keepdims=True)
    samples = Sample(Field.stack(u, GRID, SOURCE), Field.stack(mean * jnp.ones_like(u), GRID, TARGET), {})
    return Dataset("means", samples, samples)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nnx", "linen"])
def test_deeponet_with_a_flax_branch_learns_and_is_restored(kind, tmp_path, key):
    def model(seed):
        branch = networks()[kind][0]
        branch = jax.tree.map(lambda x: x * (1 + seed) if eqx.is_inexact_array(x) else x, branch)
        return DeepONet(SOURCE, TARGET, width=8, depth=1, basis=TERMS, branch=branch, on=GRID, key=key)

    task = OperatorTask(learnable(), batch_size=16)
    options = {"folder": tmp_path, "progress": False, "tensorboard": False}
    every = {"steps_per_call": 10, "evaluate_every": 40, "checkpoint_every": 40}
    fitted = fit(model(0), task, adamw(40, 2e-2), steps=40, key=key, **every, **options)
    losses = fitted.history["train/loss"]
    assert losses[-5:].mean() < 0.5 * losses[0]
    restored = restore_model(tmp_path / "checkpoints", model(1), "last")
    assert bool(eqx.tree_equal(restored, fitted.model))


@pytest.mark.parametrize("name", ["deeponet", pytest.param("fno", marks=pytest.mark.slow)])
def test_operator_in_flax_code_is_the_same_function(name):
    model = operator(name)
    module = to_nnx(model)
    values = nnx.jit(lambda m, u: jax.vmap(lambda v: m(Field(v, GRID, SOURCE)).values)(u))(module, functions(2))
    np.testing.assert_allclose(values, answers(model, functions(2)), rtol=1e-12)
    assert bool(eqx.tree_equal(module.operator, model))
    count = sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(model, trainable(model))))
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(module, nnx.Param))) == count


def test_gradient_of_an_operator_in_flax_code():
    model, values = operator("fno"), functions(2)
    objective = lambda m: jnp.sum(jax.vmap(lambda v: m(Field(v, GRID, SOURCE)).values)(values) ** 2)
    ours = eqx.filter_jit(eqx.filter_grad(objective))(model)
    theirs = nnx.jit(nnx.grad(objective))(to_nnx(model))
    np.testing.assert_allclose(
        theirs["parameters"]["operator.layers.0.K.weight"][...], ours.operator.layers[0].K.weight, rtol=1e-10
    )
    assert "fixed" not in theirs


def test_operator_is_trained_by_flax_code():
    data, module = learnable(), to_nnx(operator("fno"))
    optimizer = nnx.Optimizer(module, optax.adam(1e-2), wrt=nnx.Param)

    @nnx.jit
    def step(module, optimizer):
        def loss(m):
            predicted = jax.vmap(lambda v: m(Field(v, GRID, SOURCE)).values)(data.train.inputs.values)
            return jnp.mean((predicted - data.train.targets.values) ** 2)

        value, gradient = nnx.value_and_grad(loss)(module)
        optimizer.update(module, gradient)
        return value

    before = answers(module.operator, data.train.inputs.values)
    losses = [float(step(module, optimizer)) for _ in range(40)]
    after = answers(module.operator, data.train.inputs.values)
    errors = [float(jnp.mean((v - data.train.targets.values) ** 2)) for v in (before, after)]
    assert losses[0] == pytest.approx(errors[0]) and errors[1] < 0.1 * errors[0]
