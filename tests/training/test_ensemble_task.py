"""Ensembles: members that are trained together are those that would be trained alone."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matrix_operator import GRID, SPACE, MatrixOperator

from neuralpde.data import Dataset
from neuralpde.nn import Standardize
from neuralpde.operators import Ensemble, Normalized
from neuralpde.spaces import Field, Points, Sample
from neuralpde.training import EnsembleTask, OperatorTask, TrainingArgumentError, fit, restore_model, sgd

SIZE, COUNT, BATCH, STEPS = 3, 10, 4, 5


def dataset():
    values = jax.random.normal(jax.random.key(0), (COUNT, 6, 1))
    inputs, targets = (Field.stack(v, GRID, SPACE) for v in (values, jnp.roll(values, 1, axis=1)))
    return Dataset("shifts", Sample(inputs, targets, {"number": jnp.arange(float(COUNT))}))


def ensemble(size=SIZE, seed=1):
    return Ensemble(SPACE, SPACE, member=MatrixOperator, size=size, key=jax.random.key(seed))


def normalized(model):
    return Normalized(model, Standardize(jnp.full(1, 0.1), jnp.full(1, 2.0)), None)


def member(model, i):
    return jax.tree.map(lambda leaf: leaf[i] if eqx.is_array(leaf) else leaf, model.members)


def test_answer_and_spread_are_mean_and_deviation_of_the_members():
    model = ensemble()
    u = jax.tree.map(lambda leaf: leaf[0], dataset().train.inputs)
    each = jnp.stack([member(model, i)(u).values for i in range(SIZE)])
    mean, deviation = eqx.filter_jit(lambda m: m.spread(u))(model)
    np.testing.assert_allclose(model(u).values, each.mean(0), rtol=1e-12)
    np.testing.assert_allclose(mean.values, each.mean(0), rtol=1e-12)
    np.testing.assert_allclose(deviation.values, each.std(0, ddof=1), rtol=1e-10)
    points = Points(jnp.asarray([[0.1], [0.7]]), SPACE.domain)
    np.testing.assert_allclose(model(u, points).values[0], mean.at(points.x)[0], rtol=1e-10)
    assert model(u, points).on.x.shape == (2, 1)


def test_members_differ():
    matrices = ensemble().members.matrix
    assert matrices.shape == (SIZE, 6, 6) and not jnp.allclose(matrices[0], matrices[1])


class Fixed(eqx.Module):
    """The batches of one member of an ensemble."""

    batches: eqx.Module
    index: int = eqx.field(static=True)

    def batch(self, step, key):
        return jax.tree.map(lambda leaf: leaf[:, self.index], self.batches.batch(step, key))


def trained(model, task, **options):
    options = {"steps": STEPS, "steps_per_call": STEPS, "key": jax.random.key(2), "progress": False, **options}
    return fit(model, task, sgd(STEPS, 0.1, schedule="constant"), **options)


@pytest.mark.parametrize("bootstrap", [False, True])
def test_member_of_an_ensemble_is_trained_as_if_alone(bootstrap):
    """Plain gradient descent does not forgive a factor in the gradient."""
    together = trained(normalized(ensemble()), EnsembleTask(OperatorTask(dataset(), batch_size=BATCH), SIZE, bootstrap))
    task = EnsembleTask(OperatorTask(dataset(), batch_size=BATCH), SIZE, bootstrap)
    i = 1
    alone = OperatorTask(dataset(), batch_size=BATCH)
    alone.batches = Fixed(task.batches, i)
    by_itself = trained(normalized(member(ensemble(), i)), alone)
    ours, theirs = together.model.operator.members.matrix[i], by_itself.model.operator.matrix
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    assert float(jnp.max(jnp.abs(ours - ensemble().members.matrix[i]))) > 1e-3
    np.testing.assert_allclose(together.history["train/loss"], SIZE * together.history["train/member_loss"], rtol=1e-12)


def numbers(bootstrap, steps):
    batches = EnsembleTask(OperatorTask(dataset(), batch_size=5), 200, bootstrap).batches
    seen = [batches.batch(jnp.asarray(i), jax.random.key(3)).parameters["number"] for i in range(steps)]
    return np.concatenate(seen).astype(int)


def test_every_member_sees_every_sample_in_an_order_of_its_own():
    seen = numbers(False, 2)
    np.testing.assert_array_equal(np.sort(seen, axis=0), np.tile(np.arange(COUNT)[:, None], 200))
    assert len({tuple(order) for order in seen.T}) > 190


def test_bootstrap_draws_with_replacement_once_for_all_epochs():
    first, second = np.split(numbers(True, 4), 2)
    np.testing.assert_array_equal(np.sort(first, axis=0), np.sort(second, axis=0))
    distinct = np.mean([len(set(drawn)) for drawn in first.T])
    assert distinct == pytest.approx(COUNT * (1 - (1 - 1 / COUNT) ** COUNT), abs=0.3)  # 6.51 of 10


def test_ensemble_is_saved_and_restored(tmp_path):
    task = EnsembleTask(OperatorTask(dataset(), batch_size=BATCH), SIZE)
    fitted = trained(normalized(ensemble()), task, folder=tmp_path, tensorboard=False)
    restored = restore_model(tmp_path / "checkpoints", normalized(ensemble(seed=5)), "last")
    assert bool(eqx.tree_equal(restored, fitted.model))


def test_models_without_the_ensemble_are_refused(key):
    task = EnsembleTask(OperatorTask(dataset(), batch_size=BATCH), SIZE)
    with pytest.raises(TrainingArgumentError, match="no Ensemble"):
        trained(MatrixOperator(key=key), task)
    with pytest.raises(TrainingArgumentError, match=r"ensembles of \[2\]"):
        trained(ensemble(2), task)
    with pytest.raises(ValueError, match="no spread"):
        ensemble(1).spread(jax.tree.map(lambda leaf: leaf[0], dataset().train.inputs))
