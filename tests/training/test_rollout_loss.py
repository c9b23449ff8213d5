"""Losses over several steps: their values, where their gradients go, and what noise is added."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from training.advected import SPACE, STEP, Shift, Stencil, dataset, trajectories

from neuralpde.data import frames, paired
from neuralpde.operators import Increment, Normalized, rollout
from neuralpde.spaces import Field, FunctionSpace
from neuralpde.training import RolloutTask
from neuralpde.training.rollout_loss import mean_square, scaled_l2
from neuralpde.training.rollout_windows import WindowLoader


def task(**options):
    data = options.pop("data", None) or dataset(frames=options.pop("frames", 12), force=options.pop("force", False))
    return RolloutTask(data, **{"batch_size": 4, "noise": 0.0, "loss": "mean_square", **options})


def random_stencil(source, seed=1, size=0.3):
    start = Stencil(source)
    return eqx.tree_at(lambda s: s.weight, start, size * jax.random.normal(jax.random.key(seed), start.weight.shape))


def exact(task):
    return Shift(jnp.ones(()), source=task.source)


@pytest.mark.parametrize("options", [{}, {"history": 3, "horizon": 4, "stride": 2, "force": True}])
def test_a_perfect_operator_has_no_loss(key, options):
    made = task(frames=16, **options)
    loss, _ = made.loss(exact(made), made.batches.batch(0, key), key)
    assert float(loss) < 1e-25


@pytest.mark.parametrize("predict", ["state", "residual", "difference"])
def test_a_network_that_answers_what_it_should_is_a_perfect_operator(predict, key):
    """In its own units the network of a residual answers u_1 - u_0; here it is made to, and the loss is nothing."""

    class Answers(Shift):
        task: RolloutTask = eqx.field(static=True, default=None)

        def __call__(self, u, at=None, key=None):
            inputs, outputs = self.task.normalizers("channel", "channel")
            state = inputs.decode(u)
            wanted = super().__call__(state)
            if predict != "state":
                wanted = wanted - Field(state.values, u.on, SPACE)
            return outputs.encode(wanted)

    made = task(predict=predict, data=dataset(mean=3.0, scale=2.0))
    operator = made.operator(Answers(jnp.ones(()), source=made.source, task=made))
    assert isinstance(operator, Normalized if predict == "state" else Increment)
    loss, _ = made.loss(operator, made.batches.batch(0, key), key)
    assert float(loss) < 1e-24


def test_statistics_are_those_of_what_is_predicted():
    data = dataset(mean=3.0, scale=2.0, force=True)
    values = np.asarray(data.train.targets.field.values)
    force = np.asarray(data.train.inputs.values)[..., 1]
    changes = values[:, 2:] - values[:, :-2]
    for predict, mean, std in (
        ("state", values.mean(), values.std()),
        ("residual", 0.0, values.std()),
        ("difference", changes.mean(), changes.std()),
    ):
        inputs, outputs = task(data=data, predict=predict, history=2, stride=2).normalizers("channel", "channel")
        np.testing.assert_allclose(jnp.stack(outputs.statistics.value)[:, 0], [mean, std], atol=1e-12)
        expected = [[values.mean()] * 2 + [force.mean()], [values.std()] * 2 + [force.std()]]
        np.testing.assert_allclose(jnp.stack(inputs.statistics.value), expected, rtol=1e-10)


def test_statistics_of_points(key):
    data = dataset(mean=3.0)
    made = task(data=data, predict="difference", history=2)
    inputs, outputs = made.normalizers("point", "point")
    values = np.asarray(data.train.targets.field.values)
    np.testing.assert_allclose(inputs.statistics.value[0].values[:, 1], values[..., 0].mean((0, 1)), rtol=1e-10)
    np.testing.assert_allclose(
        outputs.statistics.value[1].values[:, 0], (values[:, 1:] - values[:, :-1])[..., 0].std((0, 1)), rtol=1e-8
    )
    assert made.normalizers("none", "none") == (None, None)


def test_losses_of_a_state():
    on = SPACE.domain.grid(8)
    space = FunctionSpace(SPACE.domain, ("a", "b"))
    x = on.coords()[:, 0]
    truth = Field(jnp.stack([jnp.sin(2 * jnp.pi * x), 10 * jnp.cos(2 * jnp.pi * x)], -1), on, space)
    wrong = truth.with_values(truth.values * jnp.array([1.1, 0.5]))
    assert float(scaled_l2(wrong, truth)) == pytest.approx((0.1 + 0.5) / 2)
    assert float(mean_square(wrong, truth)) == pytest.approx((0.01 * 0.5 + 0.25 * 50) / 2)


def test_components_count_equally_in_the_loss(key):
    """In standard units an error of a tenth of the deviation is one, whatever the size of the states."""
    for scale in (1.0, 100.0):
        made = task(data=dataset(scale=scale, mean=5 * scale))
        std = made.states_normalizer.statistics.value[1]

        class Off(Shift):
            error: jax.Array = dataclasses.field(default_factory=lambda: 0.1 * std)  # noqa: B023

            def __call__(self, u, at=None, key=None):
                v = super().__call__(u)
                return v.with_values(v.values + self.error)

        loss, _ = made.loss(Off(jnp.ones(())), made.batches.batch(0, key), key)
        assert float(loss) == pytest.approx(0.01, rel=1e-9)


def derivative(loss, weight, direction, step=1e-5):
    return (loss(weight + step * direction) - loss(weight - step * direction)) / (2 * step)


def test_gradient_through_the_unrolled_loss_is_that_of_differences(key):
    made = task(horizon=5, history=2, force=True, predict="difference", noise=0.3)
    batch = made.batches.batch(0, key)
    start = random_stencil(made.source)

    @jax.jit
    def loss(weight):
        model = made.operator(eqx.tree_at(lambda s: s.weight, start, weight))
        return made.loss(model, batch, key)[0]

    gradient = jax.grad(loss)(start.weight)
    for seed in range(2):
        direction = jax.random.normal(jax.random.key(seed), start.weight.shape)
        assert float(jnp.sum(gradient * direction)) == pytest.approx(
            float(derivative(loss, start.weight, direction)), rel=1e-6
        )


def losses_by_hand(model, made, batch, horizon, warm=0, cut=None):
    """The loss by a plain loop over windows and steps; the gradient is cut where it should be."""
    std, history, total = made.states_normalizer.statistics.value[1], made.history, 0.0
    count = len(batch.states.times)
    for i in range(count):
        states = batch.states.field.values[i]
        past = [states[j] for j in range(history)]
        for n in range(warm + horizon):
            u = Field(jnp.concatenate(past[-history:], -1), made.on, made.source)
            v = model(u).values
            if n >= warm:
                total += jnp.mean(((v - states[history + n]) / std) ** 2) / horizon
            past.append(v)
            if n == warm - 1 or (cut and n >= warm and (n - warm + 1) % cut == 0):
                past = [jax.lax.stop_gradient(p) for p in past]
    return total / count


@pytest.mark.parametrize(
    ("options", "by_hand"),
    [
        ({"horizon": 3}, {"horizon": 3}),
        ({"horizon": 5, "cut": 2}, {"horizon": 5, "cut": 2}),
        ({"horizon": 2, "pushforward": 2, "history": 2}, {"horizon": 2, "warm": 2}),
    ],
)
def test_loss_and_gradient_are_those_of_a_plain_loop(key, options, by_hand):
    made = task(predict="state", **options)
    batch = made.batches.batch(0, key)
    start = random_stencil(made.source)
    ours = jax.value_and_grad(lambda m: made.loss(m, batch, key)[0])(start)
    theirs = jax.value_and_grad(lambda m: losses_by_hand(m, made, batch, **by_hand))(start)
    assert float(ours[0]) == pytest.approx(float(theirs[0]), rel=1e-12)
    np.testing.assert_allclose(ours[1].weight, theirs[1].weight, rtol=1e-10)


class TwoFactors(Shift):
    """Applies ``first`` to waves of the size of the data and ``later`` to those that ``first`` has made a hundredth."""

    later: jax.Array = dataclasses.field(default_factory=lambda: jnp.ones(()))

    def __call__(self, u, at=None, key=None):
        small = jnp.max(jnp.abs(u.values)) < 0.2
        v = super().__call__(u)
        return v.with_values(jnp.where(small, self.later, 1.0) * v.values / jnp.where(small, self.factor, 1.0))


@pytest.mark.parametrize(("pushforward", "reaches"), [(0, True), (1, False)])
def test_pushforward_has_no_gradient_through_its_first_steps(key, pushforward, reaches):
    """The first step alone has the factor 0.01; the next sees small waves and has a factor of its own."""
    made = task(predict="state", horizon=2 - pushforward, pushforward=pushforward)
    gradient = jax.grad(lambda m: made.loss(m, made.batches.batch(0, key), key)[0])(TwoFactors(jnp.array(0.01)))
    assert (float(jnp.abs(gradient.factor)) > 1e-6) == reaches
    assert float(jnp.abs(gradient.later)) > 1e-6


def test_a_shorter_horizon_counts_its_steps_alone(key):
    made = task(horizon=4, grow=8, predict="state")
    model = random_stencil(made.source)
    for step, horizon in ((0, 1), (3, 2), (7, 4)):
        batch = made.batches.batch(step, key)
        loss, told = made.loss(model, batch, key)
        assert int(told["horizon"]) == horizon
        assert float(loss) == pytest.approx(float(losses_by_hand(model, made, batch, horizon)), rel=1e-12)


def test_noise_has_its_deviation_and_leaves_constants_alone():
    made = RolloutTask(dataset(scale=7.0, mean=2.0, force=True), history=2, noise=0.25, batch_size=2)
    std = float(made.states_normalizer.statistics.value[1][0])
    u = Field(jnp.zeros((16, 3)), made.on, made.source)
    drawn = jax.vmap(lambda k: made.noisy(u, k).values)(jax.random.split(jax.random.key(1), 2000))
    assert bool(jnp.all(drawn[..., 2] == 0))
    states = np.asarray(drawn[..., :2])
    count = states.size
    assert abs(states.mean()) < 5 * 0.25 * std / np.sqrt(count)
    assert states.std() == pytest.approx(0.25 * std, rel=5 / np.sqrt(2 * count))
    np.testing.assert_allclose(np.corrcoef(states[..., 0].ravel(), states[..., 1].ravel())[0, 1], 0, atol=0.03)


def test_noise_changes_with_the_key_and_not_otherwise(key):
    made = task(noise=0.5, predict="state")
    batch, model = made.batches.batch(0, key), exact(task())
    again = [float(made.loss(model, batch, jax.random.key(seed))[0]) for seed in (1, 1, 2)]
    assert again[0] == again[1] != again[2]
    assert again[0] == pytest.approx(0.25, rel=0.6)


def test_measures_are_those_of_rollouts(key):
    data = dataset(validation=3)
    made = task(data=data, history=2, batch_size=2, predict="state")
    model = Shift(jnp.array(0.9), source=made.source)
    found = made.evaluate(model)
    # Every step multiplies by 0.9: the error of step n is 1 - 0.9^n of a wave that keeps its size.
    errors = 1 - 0.9 ** np.arange(1, 11)
    assert found["validation/relative_l2"] == pytest.approx(errors.mean(), rel=1e-9)
    assert found["validation/relative_l2_first"] == pytest.approx(errors[0], rel=1e-9)
    assert found["validation/relative_l2_last"] == pytest.approx(errors[-1], rel=1e-9)
    assert made.monitor == "validation/relative_l2"
    strided = task(data=data, stride=3, evaluate_steps=2, predict="state")
    assert strided.evaluate(Shift(jnp.array(0.9)))["validation/relative_l2_last"] == pytest.approx(1 - 0.9**2, rel=1e-9)
    assert task(data=dataset(validation=0)).monitor is None


def test_jumps_tell_the_operator_how_far_they_go(key):
    made = RolloutTask(dataset(), jumps=True, noise=0.0, loss="mean_square", batch_size=4)
    batch = made.batches.batch(0, key)
    assert len({round(float(t[1] - t[0]) / STEP) for t in batch.states.times}) > 1
    assert float(made.loss(Shift(jnp.ones(())), batch, key)[0]) < 1e-25


def test_windows_agree_with_pairs():
    """An operator trained on pairs has the spaces of one trained on rollouts, and steps the same."""
    data = dataset(force=True)
    pairs = paired(data, lambda source: frames(source, 2))
    made = task(data=data, history=2)
    assert (pairs.source, pairs.target) == (made.source, made.target)
    operator = made.operator(random_stencil(made.network_source))
    pair = jax.tree.map(lambda leaf: jnp.asarray(leaf)[0], pairs.train)
    np.testing.assert_array_equal(
        operator(pair.inputs).values, rollout(operator, pair.inputs, 3, parameters=pair.parameters).field.values[0]
    )


def test_loaders_hold_no_copies_of_windows():
    samples = trajectories(3, 50)
    made = task(data=dataclasses.replace(dataset(), train=samples), horizon=20)
    assert isinstance(made.batches, WindowLoader)
    held = sum(leaf.size for leaf in jax.tree.leaves(made.batches))
    assert held == 3 * (50 * 16 + 50 + 1)
