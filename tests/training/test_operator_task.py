"""Learning an operator from pairs of functions: what is averaged, what is measured, and that it learns."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data import Dataset
from neuralpde.operators import FNO, AbstractOperator
from neuralpde.spaces import (
    Box,
    Field,
    FunctionSpace,
    GaussianField,
    Grid,
    PowerLaplace,
    Sample,
    relative_h1,
    relative_l2,
)
from neuralpde.training import OperatorTask, adamw, fit, make_mesh
from neuralpde.training.operator_task import in_batches, predict

SPACE = FunctionSpace(Box.cube(1, periodic=True), ("u",))
GRID = Grid(SPACE.domain, (16,))
BATCH = 4


class Scale(AbstractOperator):
    """u -> factor u."""

    factor: jax.Array
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)

    def __init__(self, factor=1.0):
        self.factor, self.source, self.target = jnp.asarray(factor), SPACE, SPACE

    def __call__(self, u, at=None, key=None):
        v = u.with_values(self.factor * u.values)
        return v if at is None else v.resample(at)


def samples(count, seed, factors=None):
    """Smooth random functions and their multiples: a relative error of |1 - 1 / factor| for the identity."""
    prior = GaussianField(SPACE, PowerLaplace(2, 3.0, 10.0), modes=6)
    inputs = jax.vmap(lambda k: prior.sample(k, GRID))(jax.random.split(jax.random.key(seed), count))
    factors = jnp.full(count, 2.0) if factors is None else jnp.asarray(factors)
    return Sample(inputs, Field.stack(factors[:, None, None] * inputs.values, GRID, SPACE), {})


FACTORS = np.array([2.0, 4.0, 1.0, 0.5, 8.0, 2.0, 1.25])
ERRORS = np.abs(1 - 1 / FACTORS)


def dataset(validation=True, test=True):
    held_out = samples(7, 1, FACTORS)
    return Dataset("multiples", samples(12, 0), held_out if validation else None, {"16": held_out} if test else {})


def test_loss_is_the_mean_over_the_batch(key):
    task = OperatorTask(dataset(), batch_size=7)
    loss, extra = task.loss(Scale(), samples(7, 1, FACTORS), key)
    assert float(loss) == pytest.approx(ERRORS.mean(), rel=1e-12) and extra == {}


@pytest.mark.parametrize("batch_size", [1, 4, 7, 12])
def test_measures_are_means_over_samples_however_they_are_batched(batch_size):
    """Seven samples: the last batch of four is filled up, and what fills it does not count."""
    measured = OperatorTask(dataset(), batch_size=batch_size).evaluate(Scale())
    assert measured == {"validation/relative_l2": pytest.approx(ERRORS.mean(), rel=1e-12)}


def mean_square(prediction, truth):
    return jnp.mean((prediction.values - truth.values) ** 2)


@pytest.mark.parametrize(("loss", "name"), [("relative_h1", "relative_h1"), (mean_square, "mean_square")])
def test_measures_are_the_loss_and_the_relative_error(loss, name):
    held_out = samples(7, 1, FACTORS)
    expected = {
        "relative_l2": jnp.mean(jax.vmap(relative_l2)(held_out.inputs, held_out.targets)),
        "relative_h1": jnp.mean(jax.vmap(relative_h1)(held_out.inputs, held_out.targets)),
        "mean_square": jnp.mean((held_out.inputs.values - held_out.targets.values) ** 2),
    }
    measured = OperatorTask(dataset(), loss=loss, batch_size=BATCH).evaluate(Scale())
    assert set(measured) == {"validation/relative_l2", f"validation/{name}"}
    for found, value in measured.items():
        assert value == pytest.approx(float(expected[found.removeprefix("validation/")]), rel=1e-12)


def test_test_data_are_measured_but_choose_no_model():
    task = OperatorTask(dataset(validation=False), batch_size=BATCH)
    assert set(task.evaluate(Scale())) == {"test/relative_l2"} and task.monitor is None
    assert OperatorTask(dataset(), batch_size=BATCH).monitor == "validation/relative_l2"


def test_without_held_out_data_nothing_is_measured():
    assert OperatorTask(dataset(validation=False, test=False), batch_size=BATCH).evaluate(Scale()) == {}


def test_batches_hold_every_sample_once_and_fill_up_with_the_last():
    held_out = samples(7, 1)
    folded, counts = in_batches(held_out, 3)
    assert folded.inputs.values.shape == (3, 3, 16, 1) and counts.tolist() == [
        [True] * 3,
        [True] * 3,
        [True, False, False],
    ]
    flat = folded.inputs.values.reshape(9, 16, 1)
    np.testing.assert_array_equal(flat[:7], held_out.inputs.values)
    np.testing.assert_array_equal(flat[7:], jnp.stack([held_out.inputs.values[-1]] * 2))


def test_answer_is_wanted_where_the_targets_live():
    fine = Grid(SPACE.domain, (32,))
    u = jax.tree.map(lambda leaf: leaf[0], samples(1, 3)).inputs
    prediction = predict(Scale(3.0), Sample(u, u.resample(fine), {}))
    assert prediction.on == fine
    np.testing.assert_allclose(prediction.values, 3 * u.resample(fine).values, rtol=1e-10, atol=1e-12)


def test_arithmetic_is_done_in_the_dtype_asked_for_and_answers_keep_theirs():
    seen = []

    class Spy(Scale):
        def __call__(self, u, at=None, key=None):
            seen.append((u.values.dtype, self.factor.dtype))
            return super().__call__(u, at, key)

    u = jax.tree.map(lambda leaf: leaf[0], samples(1, 3)).inputs
    prediction = predict(Spy(1 / 3), Sample(u, u, {}), compute="bfloat16")
    assert seen == [(jnp.bfloat16, jnp.bfloat16)] and prediction.values.dtype == u.values.dtype
    error = float(relative_l2(prediction, u.with_values(u.values / 3)))
    assert 1e-5 < error < 1e-2


def train(model, key, mesh=None, steps=60, **options):
    task = OperatorTask(dataset(), batch_size=BATCH, **options)
    return fit(model, task, adamw(60, 2e-2), steps=steps, key=key, steps_per_call=10, mesh=mesh, progress=False)


def test_operator_learns(key):
    fitted = train(FNO(SPACE, SPACE, modes=4, width=4, depth=1, key=jax.random.key(3)), key)
    first, last = fitted.history["train/loss"][0], fitted.history["train/loss"][-3:].mean()
    assert last < 0.2 * first


def test_operator_learns_the_same_on_four_devices(key):
    one, many = train(Scale(), key, steps=10), train(Scale(), key, make_mesh(4), steps=10)
    np.testing.assert_allclose(one.history["train/loss"], many.history["train/loss"], rtol=1e-9)
    assert one.evaluations[-1] == pytest.approx(many.evaluations[-1], rel=1e-9)


def test_parameters_stay_in_the_default_float_under_half_precision(key):
    fitted = train(Scale(), key, steps=10, compute="bfloat16")
    assert fitted.model.factor.dtype == jnp.zeros(()).dtype and abs(float(fitted.model.factor) - 1) > 0.01


class Tagged(OperatorTask):
    """Tells which sample each step saw."""

    def loss(self, model, batch, key):
        return super().loss(model, batch, key)[0], {"sample": batch.parameters["number"][0]}


def order(key, steps_per_call):
    numbered = samples(12, 0)
    numbered = Sample(numbered.inputs, numbered.targets, {"number": jnp.arange(12.0)})
    task = Tagged(Dataset("numbered", numbered), batch_size=1)
    fitted = fit(Scale(), task, adamw(36), steps=36, key=key, steps_per_call=steps_per_call, progress=False)
    return fitted.history["train/sample"].reshape(3, 12).astype(int)


def test_every_sample_is_seen_once_an_epoch_in_an_order_of_the_key_alone(key):
    seen = order(key, 12)
    np.testing.assert_array_equal(np.sort(seen, axis=1), np.tile(np.arange(12), (3, 1)))
    assert len({tuple(epoch) for epoch in seen}) == 3
    np.testing.assert_array_equal(order(key, 5), seen)
    assert (order(jax.random.key(1), 12) != seen).any()
