"""Learning rates against torch's and optax's formulas at their knees."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuralpde.training import TrainingArgumentError, constant, cosine, onecycle, step_decay
from neuralpde.training.schedules import SCHEDULES, make_schedule


def rates(schedule, steps):
    return np.asarray(jax.vmap(schedule)(jnp.arange(steps)))


def test_onecycle_rises_to_the_peak_and_falls_to_almost_nothing():
    r = rates(onecycle(100, 2e-3, pct_start=0.3, div=25, final_div=1e4), 100)
    assert r[0] == pytest.approx(2e-3 / 25)
    assert r.argmax() == 29 and r[29] == pytest.approx(2e-3)
    assert r[-1] == pytest.approx(2e-3 / 25 / 1e4)
    assert (np.diff(r[:30]) > 0).all() and (np.diff(r[29:]) < 0).all()


def test_onecycle_follows_half_cosines_between_its_knees():
    r = rates(onecycle(11, 1.0, pct_start=0.55, div=10, final_div=1), 11)
    top = 0.55 * 11 - 1
    rising = 0.1 + 0.9 * 0.5 * (1 - np.cos(np.pi * np.arange(6) / top))
    np.testing.assert_allclose(r[:6], rising, rtol=1e-12)
    falling = 0.1 + 0.9 * 0.5 * (1 + np.cos(np.pi * (np.arange(6, 11) - top) / (10 - top)))
    np.testing.assert_allclose(r[6:], falling, rtol=1e-12)


def test_onecycle_once_an_epoch_is_the_cycle_of_epochs():
    of_epochs = rates(onecycle(20, 1e-3, pct_start=0.2, div=2, final_div=100), 20)
    np.testing.assert_array_equal(rates(onecycle(160, 1e-3, 0.2, 2, 100, every=8), 160), np.repeat(of_epochs, 8))
    # The last epoch may be cut short.
    np.testing.assert_array_equal(rates(onecycle(155, 1e-3, 0.2, 2, 100, every=8), 155), np.repeat(of_epochs, 8)[:155])


def test_cosine_without_warm_up_is_that_of_optax():
    expected = jax.vmap(optax.cosine_decay_schedule(0.3, 49, alpha=0.1))(jnp.arange(50))
    np.testing.assert_allclose(rates(cosine(50, 0.3, warmup=0.0, floor=0.1), 50), expected, rtol=1e-12)


def test_cosine_warms_up_linearly():
    r = rates(cosine(100, 1.0, warmup=0.1), 100)
    np.testing.assert_allclose(r[:10], np.arange(1, 11) / 10)
    assert r[10] == pytest.approx(1) and r[-1] == pytest.approx(0, abs=1e-12)


def test_step_decay_halves_in_equal_parts():
    np.testing.assert_allclose(rates(step_decay(10, 1.0, drops=4), 10), np.repeat(0.5 ** np.arange(5), 2))


def test_constant_stays():
    np.testing.assert_array_equal(rates(constant(7, 0.25), 7), np.full(7, 0.25))


@pytest.mark.parametrize("name", sorted(SCHEDULES))
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_shortest_runs_have_positive_finite_first_rates(name, steps):
    r = rates(make_schedule(name, steps, 1e-2), steps)
    assert np.isfinite(r).all() and (r >= 0).all() and (r <= 1e-2 * (1 + 1e-6)).all()


@pytest.mark.parametrize(
    "arguments, said",
    [(("cosin", 10, 1e-3), "cosine"), (("cosine", 0, 1e-3), "steps=0"), (("cosine", 10, -1.0), "learning_rate=-1.0")],
)
def test_unusable_schedules_are_refused(arguments, said):
    with pytest.raises(TrainingArgumentError, match=said):
        make_schedule(*arguments)
