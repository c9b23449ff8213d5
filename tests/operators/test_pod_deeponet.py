"""POD-DeepONet: its formula, and modes that are orthogonal, complete, scaled, interpolated and not trained."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import trainable
from neuralpde.operators import PODDeepONet
from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace, Points, Sample

from .deeponet_by_hand import perceptron
from .drawn import drawn, function, on_grid, on_points

INTERVAL = Box.of(x=(0.0, 2.0))
SPACE = FunctionSpace(INTERVAL, ("u", "v"))
SENSORS = INTERVAL.grid(4)
SIZE = {"width": 8, "depth": 1, "activation": jnp.tanh}


def outputs(grid, count=12):
    """Random combinations of four smooth functions, and a mean that is none of them."""
    c = np.random.default_rng(3).normal(size=(count, 4)) * [2.0, 1.0, 0.5, 0.1]
    x = np.asarray(grid.coords())[:, 0]
    shapes = np.sin(np.pi / 2 * np.arange(1, 5)[:, None] * x)
    return Field.stack(np.stack([np.cos(x) + c @ shapes, c @ shapes[::-1]], axis=-1), grid, SPACE)


def fitted(targets, basis=4):
    model = drawn(lambda k: PODDeepONet(SPACE, targets.space, basis=basis, on=SENSORS, key=k, **SIZE))
    return model.fitted_to(Sample(targets, targets))


def test_value_is_the_mean_plus_branch_times_modes_written_out():
    grid = INTERVAL.grid(9, layout="chebyshev")
    targets = outputs(grid)
    model = fitted(targets, basis=3)
    u = function(SENSORS, SPACE)
    y = np.asarray(targets.values)
    n, m, channels = y.shape
    w = np.asarray(grid.weights())
    mean = np.zeros((m, channels))
    for i in range(n):
        mean += y[i] / n
    # C_ab = 1/(n - 1) sum_i (y_i - mean)_a (y_i - mean)_b, symmetrised by the square roots of the weights.
    root = np.sqrt(np.repeat(w, channels))
    covariance = np.zeros((m * channels, m * channels))
    for i in range(n):
        d = (y[i] - mean).reshape(-1)
        covariance += np.outer(root * d, root * d) / (n - 1)
    variance, vectors = np.linalg.eigh(covariance)
    b = perceptron(model.branch, list(np.asarray(u.values).reshape(-1)), math.tanh)
    answer = np.asarray(on_grid(model, u, grid))
    modes = np.asarray(model.modes.value.values[1:])
    expected = mean.copy()
    for k in range(3):
        mode = (np.sqrt(variance[-1 - k]) * vectors[:, -1 - k] / root).reshape(m, channels)
        sign = np.sign(np.sum(mode * modes[k]))
        np.testing.assert_allclose(sign * mode, modes[k], atol=1e-10)
        expected += b[k] * sign * mode
    np.testing.assert_allclose(answer, expected, atol=1e-10)


def test_modes_are_orthogonal_and_carry_the_variance():
    grid = INTERVAL.grid(17, layout="nodes")
    targets = outputs(grid)
    modes = fitted(targets).modes.value
    values = np.asarray(modes.values)
    deviations = np.asarray(targets.values) - values[0]
    np.testing.assert_allclose(deviations.mean(axis=0), 0.0, atol=1e-12)
    w = np.asarray(grid.weights())[:, None]
    gram = np.einsum("nxc,mxc->nm", values[1:] * w, values[1:])
    variance = np.diagonal(gram)
    np.testing.assert_allclose(gram, np.diag(variance), atol=1e-12)
    assert (np.diff(variance) < 0).all()
    # Four functions span the outputs: four modes hold all of their variance, and coefficients have variance one.
    np.testing.assert_allclose(variance.sum(), np.sum(deviations**2 * w) / 11, rtol=1e-12)
    coefficients = np.einsum("ixc,nxc->in", deviations * w, values[1:]) / variance
    np.testing.assert_allclose(np.sum(coefficients**2, axis=0) / 11, 1.0, rtol=1e-9)


def test_modes_are_the_same_functions_on_another_grid():
    coarse, fine = (fitted(outputs(INTERVAL.grid(n, layout="chebyshev"))).modes.value for n in (32, 48))
    resampled = np.asarray(jax.jit(jax.vmap(lambda f: f.resample(fine.on).values))(coarse))
    signs = np.sign(np.sum(resampled * fine.values, axis=(1, 2), keepdims=True))
    np.testing.assert_allclose(signs * resampled, fine.values, atol=1e-8)


def test_modes_that_the_samples_do_not_have_are_zero():
    targets = outputs(INTERVAL.grid(9), count=3)
    modes = fitted(targets, basis=6).modes.value.values
    assert modes.shape == (7, 9, 2)
    np.testing.assert_allclose(modes[3:], 0.0, atol=1e-12)
    assert float(jnp.abs(modes[2]).max()) > 1e-2


def test_modes_keep_homogeneous_boundary_values():
    space = FunctionSpace(INTERVAL, ("u",), Dirichlet(0.0))
    grid = INTERVAL.grid(12)
    shapes = np.sin(np.pi / 2 * np.arange(1, 4)[:, None] * np.asarray(grid.coords())[:, 0])
    c = np.random.default_rng(0).normal(size=(8, 3))
    model = fitted(Field.stack((c @ shapes)[..., None], grid, space), basis=3)
    values = on_points(model, function(SENSORS, SPACE), np.array([[0.0], [2.0], [0.7]]))
    np.testing.assert_allclose(values[:2], 0.0, atol=1e-12)
    assert abs(float(values[2, 0])) > 1e-3


def test_on_the_points_of_the_training_outputs_modes_are_not_smoothed():
    rng = np.random.default_rng(0)
    points = Points(2 * np.sort(rng.uniform(size=(11, 1)), axis=0), INTERVAL)
    targets = jax.vmap(lambda v: Field(v, points, SPACE))(rng.normal(size=(5, 11, 2)))
    model, u = fitted(targets), function(SENSORS, SPACE)
    b = perceptron(model.branch, list(np.asarray(u.values).reshape(-1)), math.tanh)
    modes = np.asarray(model.modes.value.values)
    expected = modes[0] + np.einsum("k,kxc->xc", b, modes[1:])
    np.testing.assert_allclose(on_points(model, u, points.x), expected, atol=1e-12)
    assert float(jnp.abs(on_points(model, u, points.x + 1e-3) - expected).max()) > 1e-6


def test_modes_are_not_trained():
    model = fitted(outputs(INTERVAL.grid(9)))
    marks = trainable(model)
    assert not any(jax.tree.leaves(marks.modes)) and any(jax.tree.leaves(marks.branch))
    u = function(SENSORS, SPACE)
    gradient = eqx.filter_jit(eqx.filter_grad(lambda m: jnp.sum(m(u).values)))(model)
    np.testing.assert_array_equal(gradient.modes.value.values, 0.0)


def test_without_data_there_is_nothing_to_apply():
    model = drawn(lambda k: PODDeepONet(SPACE, SPACE, width=4, on=SENSORS, key=k))
    with pytest.raises(ValueError, match="fitted_to"):
        model(function(SENSORS, SPACE))


def test_outputs_on_points_of_their_own_are_refused():
    x = np.random.default_rng(0).uniform(size=(3, 6, 1))
    targets = jax.vmap(lambda x: Field(jnp.ones((6, 2)), Points(x, INTERVAL), SPACE))(x)
    with pytest.raises(ValueError, match="one set of points"):
        fitted(targets)
