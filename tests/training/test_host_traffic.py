"""What passes between host and device, and which program the loop becomes."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from training.linear_regression import Linear, Regression

from neuralpde.nn import convolve
from neuralpde.training import adamw, fit, recorder
from neuralpde.training.compilations import compilations
from neuralpde.training.phases import as_phases
from neuralpde.training.run import Run
from neuralpde.training.state import initial_state, take_apart
from neuralpde.training.step import training_call


class Convolving(eqx.Module):
    """The linear model with a convolution by [1] before it, its axes not in the order that loops need on a CPU."""

    linear: Linear

    def __call__(self, x):
        return self.linear(jax.lax.conv(x[:, None], jnp.ones((1, 1, 1)), (1,), "SAME")[:, 0])


class ConvolvingInOrder(eqx.Module):
    """The same with the project's own convolution."""

    linear: Linear

    def __call__(self, x):
        return self.linear(jax.vmap(lambda row: convolve(row[:, None], jnp.ones((1, 1, 1)))[:, 0])(x))


class Task(Regression):
    monitor = None

    def evaluate(self, model):
        return {}


def program(model, steps_per_call, key):
    """The loop as JAX traces it."""
    task, phases, parts = Task(), as_phases(adamw(100, 0.05)), take_apart(model)
    data, batches = eqx.partition(task.batches, eqx.is_array)
    call = training_call(task, phases, parts.static, batches, steps_per_call=steps_per_call)
    state = initial_state(parts, key, phases=phases, averaged=False, first_batch=None)
    return str(jax.make_jaxpr(call)(state, parts.frozen, data, jnp.int32(1)))


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="only the CPU's compiler needs it")
def test_convolutions_of_other_axes_are_unrolled_on_a_cpu_and_other_models_are_looped(key):
    assert "while[" in program(Linear(), 3, key)
    assert "while[" in program(ConvolvingInOrder(Linear()), 3, key)
    assert "while[" not in program(Convolving(Linear()), 3, key)


def test_looped_program_does_not_grow_with_the_steps_of_a_call(key):
    assert program(Linear(), 3, key).count(" = ") == program(Linear(), 300, key).count(" = ")  # equations


@pytest.mark.parametrize("steps_per_call", [1, 4])
def test_unrolled_and_looped_steps_are_the_same_training(key, steps_per_call):
    looped = fit(Linear(), Task(), adamw(30, 0.05), steps=30, key=key, steps_per_call=4, progress=False)
    unrolled = fit(
        Convolving(Linear()), Task(), adamw(30, 0.05), steps=30, key=key, steps_per_call=steps_per_call, progress=False
    )
    np.testing.assert_allclose(unrolled.history["train/loss"], looped.history["train/loss"], rtol=1e-9)
    np.testing.assert_allclose(unrolled.model.linear.weight, looped.model.weight, rtol=1e-9)


def test_metrics_leave_the_device_once_a_call(key, monkeypatch):
    fetched, get = [], jax.device_get

    def counting(tree):
        fetched.append(tree)
        return get(tree)

    monkeypatch.setattr(recorder.jax, "device_get", counting)
    fit(Linear(), Task(), adamw(60, 0.05), steps=60, key=key, steps_per_call=10, evaluate_every=60, progress=False)
    assert len([tree for tree in fetched if "train/loss" in tree]) == 6


def test_next_call_is_started_before_the_last_one_is_read(key, monkeypatch):
    events, advance, read = [], Run.advance, recorder.read
    monkeypatch.setattr(Run, "advance", lambda *a: (events.append("start"), advance(*a))[1])
    monkeypatch.setattr("neuralpde.training.loop.read", lambda call: (events.append("read"), read(call))[1])
    fit(Linear(), Task(), adamw(40, 0.05), steps=40, key=key, steps_per_call=10, evaluate_every=40, progress=False)
    assert events == ["start", "start", "read", "start", "read", "start", "read", "read"]


def test_compilations_are_counted():
    before = compilations()
    compiled = jax.jit(lambda x: x * 3.25 + 1)
    x = jnp.ones(7)
    between = compilations()
    compiled(x)
    compiled(x)
    assert between >= before and compilations() == between + 1


def test_speed_counts_all_samples_over_the_time_of_training(key):
    fitted = fit(Linear(), Task(), adamw(60, 0.05), steps=60, key=key, steps_per_call=10, progress=False)
    training_seconds = 60 * 16 / fitted.samples_per_second
    assert 0 < training_seconds < fitted.seconds - fitted.compile_seconds
