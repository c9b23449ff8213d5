"""DGenNO learns without labels, and its codes tell a medium from measurements of the solution: minutes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data import stationary
from neuralpde.equations import Darcy, LogNormal
from neuralpde.operators import DGenNO, ExactConditions
from neuralpde.spaces import Box, FunctionSpace, GaussianField, Neumann, PowerLaplace, relative_l2
from neuralpde.training import PhysicsInformedTask, Reconstruction, WeakResidual, adam, fit, invert

pytestmark = pytest.mark.slow

SQUARE = Box.of(x=(0.0, 1.0), y=(0.0, 1.0))
LAW = WeakResidual(Darcy(1.0, 1.0), balls=4)


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    level = GaussianField(
        FunctionSpace(SQUARE, ("g",), Neumann(0.0)), PowerLaplace(alpha=3.0, tau=3.0, sigma=9.0), zero_mean=True
    )
    return stationary(
        "smooth_media",
        LogNormal(level),
        resolution=16,
        refine=4,
        train=500,
        test=50,
        folder=tmp_path_factory.mktemp("media"),
    )


@pytest.fixture(scope="module")
def learned(media):
    model = DGenNO(
        media.source, media.target, latent=32, encoder_width=64, width=48, depth=4, conditions=ExactConditions,
        on=media.train.inputs.on, key=jax.random.key(0),
    )  # fmt: skip
    task = PhysicsInformedTask(media, [LAW, Reconstruction(0.25)], batch_size=25)
    return fit(
        model, task, adam(1500, 2e-3), steps=1500, steps_per_call=50, key=jax.random.key(1), progress=False
    ).model


def test_answers_to_unseen_media_are_learned_without_one_solution(media, learned):
    sample = media.test["16"]
    errors = jax.vmap(lambda s: relative_l2(learned(s.inputs), s.targets))(sample)
    again = jax.vmap(lambda s: relative_l2(learned.reconstruct(s.inputs).sample(s.inputs.on), s.inputs))(sample)
    assert float(errors.mean()) < 0.05 and float(again.mean()) < 0.1


def test_a_medium_is_found_from_noisy_values_of_the_pressure(media, learned):
    sample = jax.tree.map(lambda leaf: leaf[0], media.test["16"])
    x = SQUARE.sample(jax.random.key(2), 100)
    exact = sample.targets.at(x)
    values = exact + 0.01 * jnp.std(exact) * jax.random.normal(jax.random.key(3), exact.shape)
    law = WeakResidual(Darcy(1.0, 1.0))
    found = invert(learned, x, values, law, media.train.inputs, key=jax.random.key(4))
    plain = relative_l2(jax.tree.map(lambda v: jnp.full_like(v, v.mean()), sample.inputs), sample.inputs)
    error = relative_l2(found.medium.sample(sample.inputs.on), sample.inputs)
    assert float(error) < 0.5 * float(plain)
    assert float(found.loss[-1]) < 0.1 * float(found.loss[0])
    np.testing.assert_array_less(jnp.abs(found.code), 1.0)
