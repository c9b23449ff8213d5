"""A batch split over devices gives the training of one device."""

import jax
import numpy as np
import pytest
from training.linear_regression import Linear, Regression

from neuralpde.training import TrainingArgumentError, adamw, fit, make_mesh


def train(key, mesh=None, folder=None, steps=30, resume=False, batch_size=16):
    return fit(
        Linear(), Regression(batch_size, noise=0.1), adamw(60, 0.05), steps=steps, key=key, mesh=mesh, folder=folder,
        resume=resume, progress=False,
    )  # fmt: skip


@pytest.mark.parametrize("devices", [2, 8])
def test_training_on_many_devices_equals_that_on_one(key, devices):
    one, many = train(key), train(key, make_mesh(devices))
    np.testing.assert_allclose(one.model.weight, many.model.weight, rtol=1e-12)
    np.testing.assert_allclose(one.history["train/loss"], many.history["train/loss"], rtol=1e-10)
    assert len(many.model.weight.sharding.device_set) == devices


@pytest.mark.slow
def test_run_goes_on_over_another_number_of_devices(key, tmp_path):
    train(key, make_mesh(4), tmp_path)
    resumed = train(key, make_mesh(2), tmp_path, steps=60, resume=True)
    np.testing.assert_allclose(resumed.model.weight, train(key, steps=60).model.weight, rtol=1e-12)


def test_batch_that_cannot_be_split_is_refused(key):
    with pytest.raises(TrainingArgumentError, match=r"batch_size=12 .* 8 devices"):
        train(key, make_mesh(8), batch_size=12)


def test_mesh_of_too_many_devices_is_refused():
    with pytest.raises(TrainingArgumentError, match=f"there are {len(jax.devices())}"):
        make_mesh(len(jax.devices()) + 1)


def test_foreign_mesh_is_refused(key):
    with pytest.raises(TrainingArgumentError, match="use make_mesh"):
        train(key, jax.make_mesh((2,), ("batch",)))
