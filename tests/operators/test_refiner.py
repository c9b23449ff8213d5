"""PDE-Refiner's levels of noise: inverses, variances and the posterior between levels, against their definitions."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from training.advected import GRID, SPACE, waves

from neuralpde.operators import (
    AbstractOperator,
    NoisePrediction,
    Refiner,
    VelocityPrediction,
    history_space,
    refiner_source,
)
from neuralpde.spaces import Field, FunctionSpace

SCHEMES = [NoisePrediction(3, 0.02), VelocityPrediction(3, 0.02)]
SOURCE = history_space(SPACE, 1)


@pytest.mark.parametrize("scheme", SCHEMES, ids=["noise", "velocity"])
def test_the_right_answer_gives_what_was_noised(scheme):
    y, noise = jax.random.normal(jax.random.key(0), (2, 50))
    for k in range(4):
        seen, answer = scheme.noised(y, noise, k), scheme.target(y, noise, k)
        np.testing.assert_allclose(scheme.estimate(seen, answer, k), y, atol=1e-12)


def test_nothing_is_seen_at_level_zero():
    y, noise = jax.random.normal(jax.random.key(0), (2, 50))
    for scheme in SCHEMES:
        np.testing.assert_array_equal(scheme.noised(y, noise, 0), scheme.noised(-y, noise, 0))
    assert bool(jnp.all(SCHEMES[0].noised(y, noise, 0) == 0))


def test_levels_of_noise_are_the_published_ones():
    """sigma_k = sigma_min^(k/K); for the diffusion the variances it adds, by the authors' list in its order."""
    np.testing.assert_allclose([NoisePrediction(3, 4e-7**0.5).sigma(k) for k in (0, 3)], [1, 4e-7**0.5], rtol=1e-12)
    betas = [4e-7 ** (k / 3) for k in (3, 2, 1, 0)]
    kept = np.cumprod(1 - np.asarray(betas))
    beta, abar, lost = VelocityPrediction()._levels()
    np.testing.assert_allclose(beta[::-1], betas, rtol=1e-12)
    np.testing.assert_allclose(abar[::-1], kept, atol=1e-15)
    np.testing.assert_allclose(lost[::-1], 1 - kept, rtol=1e-8)


@pytest.mark.parametrize("scheme", SCHEMES, ids=["noise", "velocity"])
def test_levels_are_reached_from_the_level_before_with_the_right_law(scheme):
    """Whatever was seen at level k - 1, with y known level k has the mean and the variance of its definition."""
    draws = 200_000
    noise = jax.random.normal(jax.random.key(1), (4, draws))
    y = jnp.full(draws, 1.7)
    seen = scheme.noised(y, noise[0], 0)
    for k in range(1, 4):
        seen = scheme.renoised(seen, y, noise[k], k)
        defined = scheme.noised(y, noise[0], k)
        sigma = float(jnp.std(defined))
        assert float(jnp.mean(seen)) == pytest.approx(float(jnp.mean(defined)), abs=6 * sigma / draws**0.5)
        assert float(jnp.std(seen)) == pytest.approx(sigma, rel=0.02)


class Oracle(AbstractOperator):
    """Knows y, and answers as the scheme asks at the level it is told."""

    y: jax.Array
    level: jax.Array | None
    scheme: object = eqx.field(static=True)
    source: FunctionSpace = eqx.field(static=True, default_factory=lambda: refiner_source(SOURCE, SPACE))
    target: FunctionSpace = eqx.field(static=True, default=SPACE)

    def __call__(self, u, at=None, key=None):
        seen, k = u.values[..., 1:], self.level.astype(int)
        # Answers are linear in the noise, which is found from what is seen.
        zero, one = (self.scheme.noised(self.y, jnp.full_like(seen, c), k) for c in (0.0, 1.0))
        noise = jnp.where(one == zero, 0.0, (seen - zero) / jnp.where(one == zero, 1.0, one - zero))
        return Field(self.scheme.target(self.y, noise, k), u.on, SPACE)

    def given(self, parameters):
        return eqx.tree_at(lambda o: o.level, self, parameters["refinement"], is_leaf=lambda leaf: leaf is None)


@pytest.mark.parametrize("scheme", SCHEMES, ids=["noise", "velocity"])
def test_refiner_of_a_perfect_network_is_exact_and_a_function_of_its_key(scheme):
    y = jnp.asarray(waves(1, 2)[0, 1])
    u = Field(waves(1, 1)[0, 0], GRID, SOURCE)
    refiner = eqx.filter_jit(Refiner(Oracle(y, None, scheme), scheme, SOURCE))
    np.testing.assert_allclose(refiner(u, key=jax.random.key(3)).values, y, atol=1e-10)
    # Another network, wrong by a factor: what it answers depends on the noise, and on nothing else.
    wrong = eqx.filter_jit(Refiner(Oracle(y, None, SCHEMES[0]), SCHEMES[1], SOURCE))
    a, b, c = (wrong(u, key=jax.random.key(seed)).values for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert bool(jnp.any(a != c))


def test_unusable_levels_are_refused():
    for arguments in ((0, 0.1), (3, 1.0), (3, 0.0)):
        with pytest.raises(ValueError, match="at least one step"):
            NoisePrediction(*arguments)
