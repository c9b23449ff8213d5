"""Recurrent models of series with gaps, against their recursions written as loops."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.dynamics import GRUD, ODERNN, RecurrentEncoder
from neuralpde.spaces import IrregularSeries

NAN = np.nan


@pytest.fixture
def series() -> IrregularSeries:
    times = np.array([0.0, 0.3, 1.0, 1.1, 2.0])
    return IrregularSeries(times, np.array([[1.0, NAN], [NAN, NAN], [0.5, 2.0], [NAN, 1.0], [NAN, NAN]]))


def test_gru_d_is_its_recursion(key, series):
    model = GRUD(2, 3, hidden=4, mean=(0.2, -0.1), key=key)
    model = eqx.tree_at(lambda m: m.input_bias, model, jnp.array([0.3, -0.5]))
    x, t = np.asarray(series.values), np.asarray(series.times)
    h, last, delta = np.zeros(4), np.array([0.2, -0.1]), np.zeros(2)
    for i in range(5):
        m = ~np.isnan(x[i])
        if i:
            delta = t[i] - t[i - 1] + np.where(np.isnan(x[i - 1]), delta, 0)
        gamma_x = np.exp(-np.maximum(0, np.asarray(model.input_rate) * delta + np.asarray(model.input_bias)))
        gamma_h = np.exp(-np.maximum(0, np.asarray(model.state_decay(jnp.asarray(delta)))))
        value = np.where(m, np.nan_to_num(x[i]), gamma_x * last + (1 - gamma_x) * np.array([0.2, -0.1]))
        h = np.asarray(model.cell(jnp.concatenate([value, m.astype(float)]), jnp.asarray(gamma_h * h)))
        last = np.where(m, np.nan_to_num(x[i]), last)
    np.testing.assert_allclose(jax.jit(lambda s: model(s))(series), model.readout(jnp.asarray(h)), atol=1e-12)


@pytest.mark.parametrize("backward", [False, True])
def test_encoder_moves_between_the_measurements_and_listens_at_them(key, series, backward):
    encoder = RecurrentEncoder(2, 3, width=4, key=key)
    order = range(5) if not backward else range(4, -1, -1)
    x, t = np.nan_to_num(series.values), np.asarray(series.times)
    h, before = jnp.zeros(3), None
    for i in order:
        gap = 0.0 if before is None else abs(t[i] - t[before])
        predicted = h + gap * encoder.field(h)  # Heun's step
        h = h + gap * (encoder.field(h) + encoder.field(predicted)) / 2
        m = np.asarray(series.mask[i])
        if m.any():
            h = encoder.cell(jnp.concatenate([x[i], m.astype(float), jnp.array([gap])]), h)
        before = i
    np.testing.assert_allclose(jax.jit(lambda s: encoder(s, backward))(series), h, atol=1e-10)


@pytest.mark.slow
def test_padding_changes_nothing(key, series):
    models = GRUD(2, 3, key=key), ODERNN(2, 3, key=key)
    for model in models:
        answers = [jax.jit(lambda s, m=model: m(s))(s) for s in (series, series.padded(8))]
        np.testing.assert_allclose(*answers, atol=1e-12)
    encoder = models[1].encoder
    backward = [jax.jit(lambda s: encoder(s, backward=True))(s) for s in (series, series.padded(8))]
    np.testing.assert_allclose(*backward, atol=1e-12)


@pytest.mark.slow
def test_gradients_are_finite_where_values_are_missing(key, series):
    for model in (GRUD(2, 3, key=key), ODERNN(2, 3, key=key)):
        gradient = eqx.filter_jit(eqx.filter_grad(lambda m: jnp.sum(m(series) ** 2)))(model)
        leaves = jax.tree.leaves(gradient)
        assert all(jnp.isfinite(leaf).all() for leaf in leaves) and any(jnp.abs(leaf).max() > 0 for leaf in leaves)
