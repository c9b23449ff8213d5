"""Branch nets of any kind: convolutional, an operator with integrals, any function, a Flax module."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import ConvolutionalEncoder, Stacked
from neuralpde.operators import FNO, DeepONet, MIONet, PODDeepONet, ProjectedOperator
from neuralpde.spaces import Box, Field, FunctionSpace, Points, Sample

from .conftest import BOX, SOURCE, TARGET, noise, smooth

GRID = BOX.grid(8)
CONVOLUTIONAL = functools.partial(ConvolutionalEncoder, widths=(4, 6), kernel=3, width=8)
SPECTRAL = functools.partial(ProjectedOperator, operator=functools.partial(FNO, modes=3, width=4, depth=1))


def deeponet(branch, key, on=GRID, target=TARGET, **options):
    return DeepONet(SOURCE, target, width=8, depth=1, basis=5, branch=branch, on=on, key=key, **options)


@pytest.mark.parametrize("strategy", ["split_both", "independent", "split_trunk"])
@pytest.mark.parametrize("branch", [CONVOLUTIONAL, SPECTRAL], ids=["convolutional", "spectral"])
def test_constructor_is_completed_with_space_and_size(branch, strategy, key):
    target = FunctionSpace(BOX, ("u", "v"))
    model = deeponet(branch, key, target=target, strategy=strategy)
    batch = Field.stack(jax.random.normal(key, (2, 8, 8, 1)), GRID, SOURCE)
    values = jax.vmap(model)(batch).values
    assert values.shape == (2, 8, 8, 2)
    np.testing.assert_allclose(model(Field(batch.values[1], GRID, SOURCE)).values, values[1], atol=1e-12)


def test_convolutional_encoder_written_out(key):
    box = Box.of(x=(0.0, 1.0))
    space, grid = FunctionSpace(box, ("a", "b")), box.grid(5)
    encoder = ConvolutionalEncoder(space, 3, widths=(2,), kernel=3, width=4, on=grid, key=key)
    encoder = eqx.tree_at(lambda e: e.convolutions[0].bias, encoder, jnp.asarray([0.3, -0.2]))
    u = noise(grid, space)
    x = np.pad(np.asarray(u.values), ((1, 1), (0, 0)), mode="edge")
    w, b = np.asarray(encoder.convolutions[0].weight), np.asarray(encoder.convolutions[0].bias)
    hidden = [max(b[o] + sum(w[a, :, o] @ x[2 * i + a] for a in range(3)), 0.0) for i in range(3) for o in range(2)]
    np.testing.assert_allclose(encoder(u), encoder.head(jnp.asarray(hidden)), rtol=1e-12)


def test_convolutional_encoder_belongs_to_its_grid(key):
    with pytest.raises(ValueError, match="Grid"):
        CONVOLUTIONAL(SOURCE, 3, on=Points.random(BOX, 5, key=key), key=key)
    with pytest.raises(ValueError, match="was built for"):
        CONVOLUTIONAL(SOURCE, 3, on=GRID, key=key)(noise(BOX.grid(16)))
    # A DeepONet resamples to its sensors, so it takes inputs from every grid.
    assert deeponet(CONVOLUTIONAL, key)(noise(BOX.grid(16))).values.shape == (16, 16, 1)


def test_projection_of_a_known_operator_is_its_integral(key):
    """N(u) = u in both components and psi linear in its output layer: b_k is the mean of u (psi_k1 + psi_k2)."""

    class Twice(eqx.Module):
        def __call__(self, u):
            return Field(jnp.concatenate([u.values, u.values], -1), u.on, FunctionSpace(BOX, ("v0", "v1")))

    make = lambda space, hidden, on, key: Twice()
    encoder = ProjectedOperator(SOURCE, 3, operator=make, components=2, width=4, key=key)
    u = smooth(BOX.grid(6))
    mean = np.zeros(3)
    for x, value in zip(np.asarray(u.on.coords()).reshape(-1, 2), np.asarray(u.values).reshape(-1), strict=True):
        psi = np.asarray(encoder.psi(jnp.asarray(2 * x - 1))).reshape(3, 2)
        mean += value * psi.sum(axis=1) / 36
    np.testing.assert_allclose(encoder(u), mean, atol=1e-12)


def test_projected_operator_converges_with_the_grid_and_needs_no_sensors(key):
    """Its parameters know no grid: on finer grids the answer to the same function settles."""
    line = Box.cube(1, periodic=True)
    space = FunctionSpace(line)
    model = DeepONet(space, space, width=8, depth=1, basis=5, branch=SPECTRAL, on=None, key=key)
    at = line.grid(7)

    def answer(n):
        grid = line.grid(n)
        return model(Field(jnp.exp(jnp.sin(2 * jnp.pi * grid.coords())), grid, space), at).values

    reference = answer(256)
    errors = [float(jnp.abs(answer(n) - reference).max()) for n in (8, 16, 32)]
    assert errors[2] < 1e-6 * float(jnp.abs(reference).max()) and errors[2] < errors[1] < errors[0]


def test_any_function_is_a_branch(key):
    model = deeponet(lambda values: values[:5] ** 2, key)
    u = noise(GRID)
    b = u.values.reshape(-1)[:5] ** 2
    x = jnp.asarray([0.2, 0.9])
    np.testing.assert_allclose(model.as_function(u)(x), [b @ model.trunk(2 * x - 1)], atol=1e-13)


def test_flax_module_is_a_branch_whose_parameters_are_trained(key):
    nnx = pytest.importorskip("flax.nnx")

    class Branch(nnx.Module):
        def __init__(self, rngs):
            self.first = nnx.Linear(64, 6, rngs=rngs, param_dtype=jnp.float64)
            self.second = nnx.Linear(6, 5, rngs=rngs, param_dtype=jnp.float64)

        def __call__(self, x):
            return self.second(nnx.tanh(self.first(x)))

    branch = Branch(nnx.Rngs(0))
    model = deeponet(branch, key)
    u = noise(GRID)
    kernel = np.asarray(branch.first.kernel[...])
    hidden = np.tanh(np.asarray(u.values).reshape(-1) @ kernel)
    b = hidden @ np.asarray(branch.second.kernel[...])
    x = jnp.asarray([0.2, 0.9])
    np.testing.assert_allclose(model.as_function(u)(x), [b @ model.trunk(2 * x - 1)], atol=1e-12)

    params, static = eqx.partition(model, eqx.is_inexact_array)
    objective = jax.jit(lambda p: jnp.sum(eqx.combine(p, static)(u).values ** 2))
    gradient = jax.grad(objective)(params)
    stepped = jax.tree.map(lambda p, g: p - 1e-4 * g, params, gradient)
    assert float(objective(stepped)) < float(objective(params))
    moved = jax.tree.leaves(jax.tree.map(lambda a, b: bool(jnp.any(a != b)), stepped.branch, params.branch))
    assert len(moved) == 4 and all(moved)


def test_other_members_of_the_family_take_branches_too(key):
    source = FunctionSpace(BOX, ("a", "b"))
    mionet = MIONet(source, TARGET, width=8, depth=1, basis=5, branch=CONVOLUTIONAL, on=GRID, key=key)
    assert mionet(noise(GRID, source)).values.shape == (8, 8, 1)
    pod = PODDeepONet(SOURCE, TARGET, basis=3, branch=CONVOLUTIONAL, on=GRID, key=key)
    targets = Field.stack(jax.random.normal(key, (5, 8, 8, 1)), GRID, TARGET)
    assert pod.fitted_to(Sample(targets, targets))(noise(GRID)).values.shape == (8, 8, 1)


def test_stacked_networks_have_weights_of_their_own(key):
    stack = Stacked(lambda k: eqx.nn.Linear(3, 2, key=k), 4, key=key)
    x = jnp.asarray([1.0, -2.0, 0.5])
    singles = [eqx.nn.Linear(3, 2, key=k)(x) for k in jax.random.split(key, 4)]
    np.testing.assert_allclose(stack(x), jnp.stack(singles), atol=1e-14)
