"""POD modes: orthogonal, optimal, scaled, interpolated; POD-DeepONet without data and from the command line's seam."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import trainable
from neuralpde.operators import PODDeepONet
from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace, Points, Sample

from .conftest import noise

INTERVAL = Box.of(x=(0.0, 2.0))
SPACE = FunctionSpace(INTERVAL, ("u", "v"))
SENSORS = INTERVAL.grid(4)


def outputs(grid, count=12, space=SPACE):
    """Random combinations of four smooth functions, and a mean that is none of them."""
    c = jax.random.normal(jax.random.key(3), (count, 4)) * jnp.asarray([2.0, 1.0, 0.5, 0.1])
    x = grid.coords()
    x = x.reshape(-1, 1)
    shapes = jnp.stack([jnp.sin((k + 1) * x * jnp.pi / 2) for k in range(4)])[..., 0]
    u = jnp.cos(x[:, 0]) + c @ shapes
    v = c @ jnp.roll(shapes, 1, 0)
    values = jnp.stack([u, v], axis=-1)[..., : space.channels]
    return jax.vmap(lambda w: Field(w, grid, space))(values)


def fitted(targets, basis=4, key=None):
    key = jax.random.key(0) if key is None else key
    model = PODDeepONet(SPACE, targets.space, width=8, depth=1, basis=basis, on=SENSORS, key=key)
    return model.fitted_to(Sample(targets, targets))


def test_value_is_the_mean_plus_branch_times_modes_written_out(key):
    grid = INTERVAL.grid(9, layout="chebyshev")
    targets = outputs(grid)
    model = fitted(targets, basis=3)
    u = noise(SENSORS, SPACE)
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
    b = np.asarray(model.branch(u.values.reshape(-1)))
    answer = np.asarray(model(u, grid).values)
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
    mean, deviations = modes.values[0], targets.values - modes.values[0]
    np.testing.assert_allclose(mean, np.mean(targets.values, 0), atol=1e-12)
    w = grid.weights()[:, None]
    gram = jnp.einsum("nxc,mxc->nm", modes.values[1:] * w, modes.values[1:])
    variance = jnp.diagonal(gram)
    np.testing.assert_allclose(gram, jnp.diag(variance), atol=1e-12)
    assert (jnp.diff(variance) < 0).all()
    # Four functions span the outputs: four modes hold all of their variance, and coefficients have variance one.
    np.testing.assert_allclose(variance.sum(), jnp.sum(deviations**2 * w) / 11, rtol=1e-12)
    coefficients = jnp.einsum("ixc,nxc->in", deviations * w, modes.values[1:]) / variance
    np.testing.assert_allclose(jnp.sum(coefficients**2, axis=0) / 11, 1.0, rtol=1e-9)


def test_modes_are_the_same_functions_on_another_grid():
    coarse, fine = (fitted(outputs(INTERVAL.grid(n, layout="chebyshev"))).modes.value for n in (16, 33))
    on = INTERVAL.grid(33, layout="chebyshev")
    resampled = jax.vmap(lambda f: f.resample(on).values)(coarse)
    signs = jnp.sign(jnp.sum(resampled * fine.values, axis=(1, 2), keepdims=True))
    np.testing.assert_allclose(signs * resampled, fine.values, atol=1e-7)


def test_modes_that_the_samples_do_not_have_are_zero():
    targets = outputs(INTERVAL.grid(9), count=3)
    modes = fitted(targets, basis=6).modes.value.values
    assert modes.shape == (7, 9, 2)
    np.testing.assert_allclose(modes[3:], 0.0, atol=1e-12)
    assert float(jnp.abs(modes[2]).max()) > 1e-2


def test_modes_keep_homogeneous_boundary_values(key):
    space = FunctionSpace(INTERVAL, ("u",), Dirichlet(0.0))
    grid = INTERVAL.grid(12)
    x = grid.coords()
    values = jax.random.normal(key, (8, 1, 3)) @ jnp.stack([jnp.sin(k * jnp.pi * x / 2) for k in (1, 2, 3)])[..., 0]
    targets = Field.stack(jnp.moveaxis(values, 1, 2), grid, space)
    model = fitted(targets)
    ends = Points([[0.0], [2.0]], INTERVAL)
    np.testing.assert_allclose(model(noise(SENSORS, SPACE), ends).values, 0.0, atol=1e-12)


def test_on_the_points_of_the_training_outputs_modes_are_not_smoothed(key):
    points = Points(jnp.sort(jax.random.uniform(key, (11, 1)), 0) * 2, INTERVAL)
    values = jax.random.normal(key, (5, 11, 2))
    targets = jax.vmap(lambda v: Field(v, points, SPACE))(values)
    model = fitted(targets, basis=4)
    spanned = model.modes.value.values
    b = model.branch(noise(SENSORS, SPACE).values.reshape(-1))
    expected = spanned[0] + jnp.einsum("k,kxc->xc", b, spanned[1:])
    for call in (model, jax.jit(lambda u, at: model(u, at))):
        np.testing.assert_allclose(call(noise(SENSORS, SPACE), points).values, expected, atol=1e-12)
    moved = model(noise(SENSORS, SPACE), Points(points.x + 1e-3, INTERVAL)).values
    assert float(jnp.abs(moved - expected).max()) > 1e-6


def test_modes_are_not_trained():
    model = fitted(outputs(INTERVAL.grid(9)))
    marks = trainable(model)
    assert not any(jax.tree.leaves(marks.modes)) and any(jax.tree.leaves(marks.branch))
    gradient = jax.grad(lambda m: jnp.sum(eqx.combine(m, model)(noise(SENSORS, SPACE)).values))(
        eqx.filter(model, eqx.is_inexact_array)
    )
    np.testing.assert_array_equal(gradient.modes.value.values, 0.0)


def test_without_data_there_is_nothing_to_apply(key):
    model = PODDeepONet(SPACE, SPACE, on=SENSORS, key=key)
    with pytest.raises(ValueError, match="fitted_to"):
        model(noise(SENSORS, SPACE))


def test_outputs_on_points_of_their_own_are_refused(key):
    x = jax.random.uniform(key, (3, 6, 1)) * 2
    targets = jax.vmap(lambda x: Field(jnp.ones((6, 2)), Points(x, INTERVAL), SPACE))(x)
    with pytest.raises(ValueError, match="one set of points"):
        fitted(targets)
