"""Branch nets of any kind: convolutional, an operator with integrals, any function, a Flax module."""

import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import ConvolutionalEncoder, Stacked
from neuralpde.operators import FNO, DeepONet, MIONet, PODDeepONet, ProjectedOperator
from neuralpde.spaces import Box, Field, FunctionSpace, Points, Sample

from .conftest import BOX, SOURCE, TARGET
from .deeponet_by_hand import perceptron
from .drawn import at_point, batch_on_grid, drawn, function, functions, on_grid

GRID = BOX.grid(8)
CONVOLUTIONAL = functools.partial(ConvolutionalEncoder, widths=(4, 6), kernel=3, width=8)
SPECTRAL = functools.partial(
    ProjectedOperator, operator=functools.partial(FNO, modes=3, width=4, depth=1, coordinates=False)
)


def deeponet(branch, target=TARGET, strategy="split_both"):
    size = {"width": 8, "depth": 1, "basis": 5, "activation": jnp.tanh}
    return drawn(lambda k: DeepONet(SOURCE, target, strategy=strategy, branch=branch, on=GRID, key=k, **size))


@pytest.mark.parametrize(
    ("branch", "strategy"),
    [(CONVOLUTIONAL, "independent"), (CONVOLUTIONAL, "split_trunk"), (SPECTRAL, "split_both")],
    ids=["convolutional-independent", "convolutional-split_trunk", "spectral-split_both"],
)
def test_constructor_is_completed_with_space_and_size(branch, strategy):
    model = deeponet(branch, FunctionSpace(BOX, ("u", "v")), strategy)
    inputs = functions(2, GRID, SOURCE)
    values = batch_on_grid(model, inputs, GRID)
    assert values.shape == (2, 8, 8, 2)
    one = on_grid(model, Field(inputs.values[1], GRID, SOURCE), GRID)
    np.testing.assert_allclose(one, values[1], atol=1e-12)


def test_convolutional_encoder_written_out():
    box = Box.of(x=(0.0, 1.0))
    space, grid = FunctionSpace(box, ("a", "b")), box.grid(5)
    encoder = drawn(lambda k: ConvolutionalEncoder(space, 3, widths=(2,), kernel=3, width=4, on=grid, key=k))
    u = function(grid, space)
    x = np.pad(np.asarray(u.values), ((1, 1), (0, 0)), mode="edge")
    w, b = np.asarray(encoder.convolutions[0].weight), np.asarray(encoder.convolutions[0].bias)
    hidden = [max(b[o] + sum(w[a, :, o] @ x[2 * i + a] for a in range(3)), 0.0) for i in range(3) for o in range(2)]
    expected = perceptron(encoder.head, hidden, lambda v: max(v, 0.0))
    np.testing.assert_allclose(eqx.filter_jit(encoder)(u), expected, rtol=1e-12)


def test_convolutional_encoder_belongs_to_its_grid(key):
    with pytest.raises(ValueError, match="Grid"):
        CONVOLUTIONAL(SOURCE, 3, on=Points(np.full((5, 2), 0.5), BOX), key=key)
    with pytest.raises(ValueError, match="was built for"):
        drawn(lambda k: CONVOLUTIONAL(SOURCE, 3, on=GRID, key=k))(function(BOX.grid(16), SOURCE))
    # A DeepONet resamples to its sensors, so it takes inputs from every grid.
    assert on_grid(deeponet(CONVOLUTIONAL), function(BOX.grid(16), SOURCE), GRID).shape == (8, 8, 1)


def test_projection_of_a_known_operator_is_its_integral():
    """N(u) = (u, u): b_k is the mean of u (psi_k1 + psi_k2)."""

    class Twice(eqx.Module):
        def __call__(self, u):
            return Field(jnp.concatenate([u.values, u.values], -1), u.on, FunctionSpace(BOX, ("v0", "v1")))

    make = lambda space, hidden, on, key: Twice()
    encoder = drawn(
        lambda k: ProjectedOperator(SOURCE, 3, operator=make, components=2, width=4, activation=jnp.tanh, key=k)
    )
    u = function(BOX.grid(4), SOURCE)
    mean = np.zeros(3)
    for x, value in zip(np.asarray(u.on.coords()).reshape(-1, 2), np.asarray(u.values).reshape(-1), strict=True):
        psi = np.reshape(perceptron(encoder.psi, list(2 * x - 1), math.tanh), (3, 2))
        mean += value * psi.sum(axis=1) / 16
    np.testing.assert_allclose(eqx.filter_jit(encoder)(u), mean, atol=1e-12)


def test_projected_operator_converges_with_the_grid_and_needs_no_sensors():
    """Its parameters know no grid: on finer grids the answer to the same function settles."""
    line = Box.cube(1, periodic=True)
    space = FunctionSpace(line)
    model = drawn(lambda k: DeepONet(space, space, width=8, depth=1, basis=5, branch=SPECTRAL, on=None, key=k))
    at = line.grid(7)

    def answer(n):
        grid = line.grid(n)
        u = Field(np.exp(np.sin(2 * np.pi * np.arange(n) / n))[:, None], grid, space)
        return np.asarray(on_grid(model, u, at))

    reference = answer(128)
    coarse, fine = (np.abs(answer(n) - reference).max() / np.abs(reference).max() for n in (6, 32))
    assert fine < 1e-6 < coarse


def test_any_function_is_a_branch():
    model, u = deeponet(lambda values: values[:5] ** 2), function(GRID, SOURCE)
    b, x = np.asarray(u.values).reshape(-1)[:5] ** 2, np.array([0.2, 0.9])
    trunk = perceptron(model.trunk, list(2 * x - 1), math.tanh, math.tanh)
    np.testing.assert_allclose(at_point(model, u, x), [b @ np.asarray(trunk) + float(model.b0[0])], atol=1e-13)


def test_flax_module_is_a_branch_whose_parameters_are_trained(key):
    nnx = pytest.importorskip("flax.nnx")

    class Branch(nnx.Module):
        def __init__(self, rngs):
            self.first = nnx.Linear(64, 6, rngs=rngs, param_dtype=jnp.float64)
            self.second = nnx.Linear(6, 5, rngs=rngs, param_dtype=jnp.float64)

        def __call__(self, x):
            return self.second(nnx.tanh(self.first(x)))

    branch = Branch(nnx.Rngs(0))
    model = DeepONet(SOURCE, TARGET, width=8, depth=1, basis=5, activation=jnp.tanh, branch=branch, on=GRID, key=key)
    u, x = function(GRID, SOURCE), np.array([0.2, 0.9])
    hidden = np.tanh(np.asarray(u.values).reshape(-1) @ np.asarray(branch.first.kernel[...]))
    b = hidden @ np.asarray(branch.second.kernel[...])
    trunk = perceptron(model.trunk, list(2 * x - 1), math.tanh, math.tanh)
    np.testing.assert_allclose(at_point(model, u, x), [b @ np.asarray(trunk)], atol=1e-12)

    params, static = eqx.partition(model, eqx.is_inexact_array)
    objective = jax.jit(jax.value_and_grad(lambda p: jnp.sum(eqx.combine(p, static)(u).values ** 2)))
    before, gradient = objective(params)
    assert len(jax.tree.leaves(gradient.branch)) == 4
    after, _ = objective(jax.tree.map(lambda p, g: p - 1e-4 * g, params, gradient))
    assert float(after) < float(before)


@pytest.mark.parametrize("family", [MIONet, PODDeepONet])
def test_other_members_of_the_family_take_encoders_too(family):
    source = FunctionSpace(BOX, ("a", "b"))
    model = drawn(lambda k: family(source, TARGET, width=8, basis=3, branch=CONVOLUTIONAL, on=GRID, key=k))
    if family is PODDeepONet:
        targets = functions(5, GRID, TARGET)
        model = model.fitted_to(Sample(targets, targets))
    assert on_grid(model, function(GRID, source), GRID).shape == (8, 8, 1)


def test_stacked_networks_have_weights_of_their_own():
    stack = drawn(lambda k: Stacked(lambda k: eqx.nn.Linear(3, 2, key=k), 4, key=k))
    x = np.array([1.0, -2.0, 0.5])
    weight, bias = np.asarray(stack.networks.weight), np.asarray(stack.networks.bias)
    np.testing.assert_allclose(stack(jnp.asarray(x)), [weight[i] @ x + bias[i] for i in range(4)], atol=1e-14)
    assert np.abs(weight[0] - weight[1]).min() > 0
