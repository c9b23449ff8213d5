"""Errors of rollouts in closed form: an operator that steps exactly, but for a factor."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from training.advected import SPEED, STEP, Shift, dataset

from neuralpde.data import frames, paired
from neuralpde.data.recipe import plain
from neuralpde.equations import Advection
from neuralpde.evaluation import evaluate_rollout, make_rollouts, rollout_figures, save_film

FACTOR = 0.9
FRAMES = 7


@pytest.fixture(scope="module")
def data():
    recipe = {"type": "Evolution", "equation": plain(Advection((SPEED,)))}
    return dataclasses.replace(dataset(long=FRAMES, mean=1.0), provenance={"recipe": recipe})


@pytest.fixture(scope="module")
def evaluated(data):
    return evaluate_rollout(Shift(jnp.array(FACTOR)), data, batch_size=3)


def test_errors_grow_with_the_steps(evaluated):
    results, made = evaluated
    errors = 1 - FACTOR ** np.arange(1, FRAMES)
    assert results["test/relative_l2"] == pytest.approx(errors.mean(), rel=1e-9)
    assert results["test/relative_l2_first"] == pytest.approx(0.1, rel=1e-9)
    assert results["test/nrmse_last"] == pytest.approx(errors[-1], rel=1e-9)
    assert results["test/one_step_relative_l2"] == pytest.approx(0.1, rel=1e-9)
    assert results["test/scaled_l2"] == pytest.approx(errors.mean(), rel=1e-9)
    assert results["test/correlation_time_0.8"] == pytest.approx((FRAMES - 1) * STEP)
    assert made.prediction.field.values.shape == made.truth.field.values.shape == (4, FRAMES - 1, 16, 1)
    np.testing.assert_allclose(made.prediction.times, made.truth.times)
    assert results["test/steps_per_second"] > 0


def test_integrals_of_the_stated_equation_are_followed(evaluated, data):
    """The mean falls by the factor at every step, the energy by its square; the data keep both."""
    results, made = evaluated
    decay = FACTOR ** np.arange(1, FRAMES)
    sizes = np.abs(np.asarray(made.prediction.field.values)).mean((2, 3)).max(1)
    expected = np.mean((decay[0] - decay[-1]) * 1.0 / sizes)
    assert results["test/drift_mass"] == pytest.approx(expected, rel=1e-9)
    assert results["test/drift_energy"] == pytest.approx((decay[0] ** 2 - decay[-1] ** 2) / decay[0] ** 2, rel=1e-9)
    assert results["test/drift_mass_truth"] < 1e-12 and results["test/drift_energy_truth"] < 1e-12


def test_stride_and_speed_belong_to_the_step(data):
    """Every second state: half as many steps, of twice the time, of which the operator is told."""
    made = make_rollouts(Shift(jnp.array(1.0)), data.test["16"], stride=2)
    assert made.truth.times.shape == (4, (FRAMES - 1) // 2)
    np.testing.assert_allclose(made.prediction.field.values, made.truth.field.values, atol=1e-12)


def test_pictures_and_film(evaluated, tmp_path):
    _, made = evaluated
    assert set(rollout_figures(made)) == {"error_growth", "rollout", "rollout_spectra"}
    with Image.open(save_film(tmp_path / "film.gif", made)) as film:
        assert (film.format, film.n_frames) == ("GIF", FRAMES - 1)


def test_pairs_are_refused(data):
    with pytest.raises(TypeError, match="trajectories"):
        make_rollouts(Shift(jnp.array(1.0)), paired(data, frames).test["16"])
