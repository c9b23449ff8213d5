"""Neural controlled differential equations: what they may and may not see, and what they learn."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data.series import chirality, drop_values, with_paths
from neuralpde.dynamics import Method, NeuralCDE
from neuralpde.errors import ArgumentError
from neuralpde.spaces import IrregularSeries, control_path
from neuralpde.spaces.control_path import linear_path
from neuralpde.training import SeriesTask, adam, fit

answer = eqx.filter_jit(lambda model, series: model(series))
states = eqx.filter_jit(lambda model, path: model.solve(path).states)
SMALL = {"hidden": 4, "width": 8}
STEPS = Method(diffrax.Heun(), substeps=2, statistics=False)


@pytest.fixture
def series(key) -> IrregularSeries:
    times = np.sort(np.random.default_rng(0).uniform(0, 2, 8))
    return drop_values(IrregularSeries(times, np.random.default_rng(1).normal(size=(8, 2))), 0.3, key)


@pytest.fixture
def model(key) -> NeuralCDE:
    return NeuralCDE(2, 3, **SMALL, method=STEPS, key=key)


@pytest.mark.slow
def test_answer_changes_when_the_path_is_moved_only_by_the_initial_network(model, series):
    # Both channels are there at the first time, so that the paths differ by a translation.
    values = series.values.at[0].set(jnp.array([0.3, 0.1]))
    whole = [IrregularSeries(series.times, values + shift) for shift in (0.0, 5.0)]
    silent = eqx.tree_at(lambda m: [layer.weight for layer in m.initial.layers], model, replace_fn=jnp.zeros_like)
    answers = [answer(silent, s) for s in whole]
    np.testing.assert_allclose(*answers, atol=1e-7)
    answers = [answer(model, s) for s in whole]
    assert jnp.abs(answers[0] - answers[1]).max() > 1e-3


@pytest.mark.slow
def test_speed_at_which_a_path_is_run_through_does_not_matter(model, series):
    path = control_path(series, "linear")
    again = linear_path(jnp.exp(path.knots), path.values, path.last, series)
    np.testing.assert_allclose(states(model, path), states(model, again), atol=1e-12)
    smooth = control_path(series)
    # z' = f(z) X' on the cubic, with time run through twice as fast.
    a, b, c, d = smooth.pieces
    faster = eqx.tree_at(
        lambda p: (p.knots, p.pieces), smooth, (smooth.knots / 2, type(smooth.pieces)(a, 2 * b, 4 * c, 8 * d))
    )
    np.testing.assert_allclose(states(model, smooth), states(model, faster), atol=1e-12)


def test_linear_path_is_solved_as_its_increments_say(model, series):
    """Against the midpoint rule for dz = f(z) dX with many steps on each piece."""
    path = control_path(series, "linear")
    model = eqx.tree_at(lambda m: m.method, model, Method(substeps=8, statistics=False))
    z = np.asarray(model.start(path))
    field = jax.jit(lambda z: model.field(z).reshape(4, -1))
    n = 200
    for increment in np.asarray(path.increments):
        for _ in range(n):
            middle = z + 0.5 * np.asarray(field(z)) @ increment / n
            z = z + np.asarray(field(middle)) @ increment / n
    np.testing.assert_allclose(states(model, path)[-1], z, atol=1e-5)


def test_padding_changes_nothing(model, series):
    np.testing.assert_allclose(answer(model, series), answer(model, series.padded(11)), atol=1e-12)


def test_answers_in_real_time_depend_on_the_past_alone(key, series):
    online = NeuralCDE(2, 3, **SMALL, path="rectilinear", method=STEPS, key=key)
    first = jax.jit(lambda s: online.online(s))(series)
    changed = jax.jit(lambda s: online.online(s))(IrregularSeries(series.times, series.values.at[5:].set(7.0)))
    np.testing.assert_array_equal(first[:5], changed[:5])
    assert jnp.abs(first[5:] - changed[5:]).min() > 0
    assert first.shape == (8, 3)
    with pytest.raises(ArgumentError, match="rectilinear"):
        NeuralCDE(2, 3, **SMALL, key=key).online(series)


@pytest.mark.slow
def test_windows_of_one_piece_are_the_linear_path(key, series):
    windows = NeuralCDE(2, 3, **SMALL, path="linear", window=1, signature=1, method=STEPS, key=key)
    plain = NeuralCDE(2, 3, **SMALL, path="linear", method=STEPS, key=key)
    np.testing.assert_allclose(answer(windows, series), answer(plain, series), atol=1e-12)
    assert windows.field.out_size == 4 * 3
    assert NeuralCDE(2, 3, **SMALL, window=3, key=key).field.out_size == 4 * (3 + 3)


def test_path_of_other_channels_is_refused(model, series):
    with pytest.raises(ArgumentError, match="3 channels, time among them, got 5"):
        model(control_path(series, counts=True))


def test_static_covariates_reach_the_answer(key, series):
    model = NeuralCDE(2, 3, **SMALL, statics=1, method=STEPS, key=key)
    one, other = (model.start(control_path(IrregularSeries(series.times, series.values, x))) for x in np.eye(2)[:, :1])
    assert jnp.abs(one - other).max() > 1e-3


@pytest.mark.slow
def test_gradient_is_that_of_differences(model, series):
    parameters, static = eqx.partition(model, eqx.is_inexact_array)
    direction = jax.tree.map(lambda x: jax.random.normal(jax.random.key(3), x.shape), parameters)
    loss = jax.jit(lambda p: jnp.sum(eqx.combine(p, static)(series) ** 2))
    gradient = jax.jit(jax.grad(loss))(parameters)
    expected = sum(jnp.vdot(g, s) for g, s in zip(jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True))
    eps = 1e-5
    ends = [loss(jax.tree.map(lambda p, d, e=e: p + e * d, parameters, direction)) for e in (eps, -eps)]
    assert abs((ends[0] - ends[1]) / (2 * eps) / expected - 1) < 1e-6


@pytest.mark.slow
def test_chirality_is_learnt_in_twenty_steps():
    """The example of diffrax is all right after 20 steps; so is this one, with a cross entropy below 0.01."""
    dataset = with_paths(chirality(train=256, test=256))
    task = SeriesTask(dataset, batch_size=32)
    model = NeuralCDE(2, 2, key=jax.random.key(0))
    fitted = fit(model, task, adam(steps=20, learning_rate=1e-2, schedule="constant"), steps=20, key=jax.random.key(1))
    measures = task.evaluate(fitted.model)
    assert measures["test/accuracy"] == 1.0
    assert measures["test/cross_entropy"] < 0.05
