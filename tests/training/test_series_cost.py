"""What solves cost is among the measures of a series task: as counted by each solve, in the mean over series."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data.series import chirality, decaying_oscillator
from neuralpde.dynamics import GRUD, ODERNN, LatentODE, Method, NeuralCDE, NeuralODE, StableSDE, answered
from neuralpde.training import Interpolation, SeriesTask, Trajectories

STEPS = Method(diffrax.Heun(), substeps=2, statistics=False)
COUNTS = ("evaluations", "accepted_steps", "rejected_steps")


class Turning(eqx.Module):
    """y' is y turned, times 1 + |y|^2: the larger a state, the more steps."""

    def __call__(self, t, y, args):
        return (1 + y @ y) * jnp.array([y[1], -y[0]])


def test_measures_of_trajectories_are_the_means_of_their_solves():
    data = decaying_oscillator(train=2, test=3)
    model = NeuralODE(2, field=Turning(), key=jax.random.key(0))
    found = SeriesTask(data, Trajectories(), batch_size=2).evaluate(model)  # the last batch is not full
    target = data.test.target
    solves = [jax.jit(model)(y[0], t).cost.counts for y, t in zip(target.values, target.times, strict=True)]
    for name in COUNTS:
        counts = [int(solve[name]) for solve in solves]
        assert np.isclose(found[f"test/{name}"], np.mean(counts))
    assert len({int(solve["evaluations"]) for solve in solves}) == 3  # each its own steps


@pytest.mark.parametrize(
    ("model", "evaluations"),
    [
        pytest.param(lambda key: NeuralCDE(2, 2, path="linear", method=STEPS, key=key), 4 * 7, marks=pytest.mark.slow),
        pytest.param(lambda key: ODERNN(2, 2, method=STEPS, key=key), 4 * 8, marks=pytest.mark.slow),
        pytest.param(lambda key: StableSDE(2, 2, form="langevin", key=key), 7, marks=pytest.mark.slow),
        (lambda key: GRUD(2, 2, key=key), None),
    ],
    ids=["cde", "ode rnn", "sde", "no equation"],
)
def test_answer_of_fixed_steps_comes_with_its_evaluations(model, evaluations, key):
    made, data = model(key), chirality(train=2, test=2, points=8)
    sample = jax.tree.map(lambda leaf: leaf[0], data.test)
    values, cost = eqx.filter_jit(answered)(made, sample.series, key=key)
    np.testing.assert_array_equal(values, eqx.filter_jit(made)(sample.series, key=key))
    assert cost is None if evaluations is None else int(cost.evaluations) == evaluations
    found = SeriesTask(data, batch_size=2).evaluate(made)
    assert found.get("test/evaluations") == evaluations


@pytest.mark.slow
def test_latent_trajectory_is_counted_without_its_encoder(key):
    data, model = decaying_oscillator(train=2, test=2), LatentODE(2, evolve=True, method=STEPS, key=key)
    found = SeriesTask(data, Interpolation(), batch_size=2).evaluate(model)
    assert found["test/evaluations"] == 4 * 19 and found["test/accepted_steps"] == 2 * 19
