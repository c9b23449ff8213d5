"""Schedules at their limits, inside compiled programs, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuralpde.training import TrainingArgumentError, adamw, cosine, onecycle, step_decay
from neuralpde.training.schedules import SCHEDULES, make_schedule


def rates(schedule, steps):
    return np.asarray(jax.vmap(schedule)(jnp.arange(steps)))


def test_onecycle_without_warm_up_and_cooling_is_a_falling_half_cosine():
    """``pct_start = 0``, ``div = final_div = 1`` leave the constant; ``div = 4`` a cosine from the peak to a quarter."""
    np.testing.assert_allclose(rates(onecycle(20, 0.7, pct_start=0.0, div=1.0, final_div=1.0), 20), 0.7, rtol=1e-12)
    expected = jax.vmap(optax.cosine_decay_schedule(0.7, 19, alpha=0.25))(jnp.arange(20))
    np.testing.assert_allclose(rates(onecycle(20, 0.7, 0.0, div=4.0, final_div=1.0), 20), expected, rtol=1e-12)


def test_onecycle_is_that_of_optax_where_the_knees_are_whole_steps():
    """optax puts the top at ``pct_start * steps`` and the end one step later: one step behind, otherwise the same."""
    expected = jax.vmap(optax.cosine_onecycle_schedule(40, 1.0, pct_start=0.25, div_factor=10, final_div_factor=100))
    ours = onecycle(40, 1.0, pct_start=0.25, div=10, final_div=100)
    assert float(ours(0)) == pytest.approx(float(expected(jnp.arange(1))[0]))
    np.testing.assert_allclose(rates(ours, 40)[9:], expected(jnp.arange(10, 41)), rtol=1e-12)


def test_rate_stays_at_its_end_past_the_last_step():
    for schedule, end in [(onecycle(10, 1.0, div=2, final_div=5), 0.1), (cosine(10, 1.0, floor=0.2), 0.2)]:
        np.testing.assert_allclose(rates(schedule, 15)[9:], end, rtol=1e-12)


def test_step_decay_without_drops_stays():
    np.testing.assert_array_equal(rates(step_decay(9, 0.5, drops=0), 9), 0.5)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_all_steps_are_one_program(name):
    compiled = jax.jit(make_schedule(name, 50, 1e-3))
    values = [float(compiled(jnp.int32(step))) for step in range(50)]
    assert compiled._cache_size() == 1
    # A 32-bit counter is scaled in single precision.
    np.testing.assert_allclose(values, rates(make_schedule(name, 50, 1e-3), 50), rtol=1e-4, atol=1e-10)


@pytest.mark.parametrize(
    ("schedule", "arguments", "said"),
    [
        (onecycle, {"pct_start": 1.5}, "between 0.0 and 1.0, got pct_start=1.5"),
        (onecycle, {"div": 0.0}, "at least 1.0, got div=0.0"),
        (onecycle, {"final_div": float("nan")}, "final_div=nan"),
        (cosine, {"warmup": -0.1}, "warmup=-0.1"),
        (cosine, {"floor": 2.0}, "floor=2.0"),
        (step_decay, {"drops": -1}, "drops=-1"),
        (step_decay, {"factor": 1.1}, "factor=1.1"),
    ],
)
def test_arguments_out_of_range_are_refused(schedule, arguments, said):
    with pytest.raises(TrainingArgumentError, match=said):
        schedule(10, 1.0, **arguments)


@pytest.mark.parametrize("clip", [0.0, -1.0, float("nan")])
def test_clipping_everything_away_is_refused(clip):
    with pytest.raises(TrainingArgumentError, match="clip"):
        adamw(10, clip=clip)
