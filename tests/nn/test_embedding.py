"""Embeddings of parameters: their formula, their resolution of small numbers, and refusals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import Modulation, ParameterEmbedding, SinusoidalEmbedding


def test_embedding_is_a_network_of_cosines_and_sines(key):
    embedding = SinusoidalEmbedding(8, scale=10.0, key=key)
    phase = [10.0 * 0.3 * np.exp(-np.log(1e4) * j / 32) for j in range(32)]
    expected = embedding.M(jnp.asarray(np.concatenate([np.cos(phase), np.sin(phase)])))
    np.testing.assert_allclose(embedding(jnp.asarray(0.3)), expected, atol=1e-12)


def test_scale_tells_small_parameters_apart(key):
    def spread(scale):
        e = jax.vmap(SinusoidalEmbedding(16, scale, key=key))(jnp.asarray([1e-4, 1e-3]))
        return float(jnp.linalg.norm(e[0] - e[1]) / jnp.linalg.norm(e[0]))

    assert spread(1.0) < 0.01 < 0.3 < spread(1e4)


def test_embeddings_of_several_parameters_are_added(key):
    both = ParameterEmbedding({"dt": 1.0, "nu": 1e3}, 8, key=key)
    parameters = {"dt": jnp.asarray(2.0), "nu": jnp.asarray([3e-3]), "unused": jnp.asarray(0.0)}
    expected = both.embeddings["dt"](jnp.asarray(2.0)) + both.embeddings["nu"](jnp.asarray(3e-3))
    np.testing.assert_allclose(both(parameters), expected, atol=1e-12)


def test_names_alone_have_scale_one(key):
    assert ParameterEmbedding(("dt",), 8, key=key).embeddings["dt"].scale == 1.0


def test_missing_and_unfit_parameters_are_refused(key):
    embedding = ParameterEmbedding(("dt",), 8, key=key)
    with pytest.raises(ValueError, match=r"conditioned on 'dt' and the sample has the parameters \['nu'\]"):
        embedding({"nu": jnp.asarray(1.0)})
    with pytest.raises(ValueError, match=r"'dt' has the shape \(2,\)"):
        embedding({"dt": jnp.ones(2)})


@pytest.mark.parametrize("scaled", [False, True])
def test_modulation_is_affine_in_the_features(scaled, key):
    modulation = Modulation(5, 3, scaled, key=key)
    e, x = jax.random.normal(key, (5,)), jax.random.normal(key, (4, 4, 3))
    out = np.asarray(modulation.linear(e))
    expected = np.asarray(x) * (1 + out[:3]) + out[3:] if scaled else np.asarray(x) + out
    np.testing.assert_allclose(modulation(x, e), expected, atol=1e-13)
    assert jax.tree.leaves(eqx.filter(modulation, eqx.is_array))[0].shape == ((6 if scaled else 3), 5)
