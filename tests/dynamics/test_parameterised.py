"""Parameterised neural ODEs: ranges, gradients through stiff solves, and what learned closures are worth."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data.series import laser_ignition
from neuralpde.dynamics import (
    Between,
    Decades,
    IgnitionODE,
    LearnedQuantities,
    Method,
    ParameterisedODE,
    Positive,
    solve_forward,
)
from neuralpde.dynamics.ignition import RANGES, LaserReactor
from neuralpde.equations.combustion import EXPERIMENTS, read_mechanism
from neuralpde.training import Response, SeriesTask, adam, fit, measured

KEY = jax.random.key(0)


def test_quantities_begin_at_their_nominal_values_and_stay_in_their_ranges():
    ranges = {"a": Between(-1.0, 2.0, 3.0), "b": Positive(0.5), "c": Decades(1e6, 2.0)}
    model = LearnedQuantities(3, ranges, width=8, key=KEY)
    nominal = model(jnp.asarray([0.3, -1.0, 0.7]))
    np.testing.assert_allclose([nominal[k] for k in "abc"], [2.0, 0.5, 1e6])
    for x, bounds in ((-50.0, (-1.0, 0.0, 1e4)), (50.0, (3.0, 0.5 * 50.54, 1e8))):
        np.testing.assert_allclose([r(jnp.asarray(x)) for r in ranges.values()], bounds, rtol=1e-4, atol=1e-12)
    for wrong in (lambda: Between(0.0, 2.0, 1.0), lambda: Positive(0.0), lambda: Decades(1.0, 0.0)):
        with pytest.raises(ValueError, match="want"):
            wrong()


def relaxation(t, y, args):
    """A slow variable and one that follows it 1e4 times faster."""
    slow, fast = y
    return jnp.stack([-args["decay"] * fast, -1e4 * (fast - jnp.tanh(args["gain"] * slow))])


def stiff(sensitivities, rtol=1e-6):
    closures = LearnedQuantities(1, {"decay": Positive(1.0), "gain": Between(0.0, 1.0, 2.0)}, width=4, depth=1, key=KEY)
    closures = eqx.tree_at(
        lambda c: c.net.layers[-1].weight, closures, jnp.asarray(np.linspace(-1, 1, 8).reshape(2, 4))
    )
    method = Method(diffrax.Kvaerno3(), rtol=rtol, atol=1e-2 * rtol, statistics=False)
    return ParameterisedODE(relaxation, closures, method=method, sensitivities=sensitivities)


def squares(model):
    states = model(jnp.asarray([1.0, 0.0]), jnp.linspace(0.0, 2.0, 5), jnp.asarray([0.4])).states
    return jnp.sum(states[1:] ** 2)


@pytest.mark.slow
@pytest.mark.parametrize("sensitivities", ["forward", pytest.param("adjoint", marks=pytest.mark.slow)])
def test_gradients_through_a_stiff_solve_are_those_of_finite_differences(sensitivities):
    gradient = eqx.filter_jit(eqx.filter_grad(squares))(stiff(sensitivities)).closures
    loss, h = eqx.filter_jit(squares), 1e-3
    for where in (lambda m: m.net.layers[0].weight, lambda m: m.net.layers[-1].bias):

        def moved(by, where=where):
            inside = lambda model: where(model.closures)
            return loss(eqx.tree_at(inside, stiff("forward", 1e-8), replace_fn=lambda x: x + by))

        np.testing.assert_allclose(where(gradient).sum(), (moved(h) - moved(-h)) / (2 * h), rtol=2e-4)


def test_forward_sensitivities_refuse_gradients_that_they_have_not():
    """To the initial state; nothing is solved for that."""
    method = stiff("forward").method
    at = lambda y0: solve_forward(relaxation, y0, jnp.linspace(0.0, 1.0, 3), method, {"decay": 1.0, "gain": 1.0})
    with pytest.raises(RuntimeError):
        jax.eval_shape(jax.grad(lambda y0: at(y0).last.sum()), jnp.ones(2))


def test_the_classical_model_moves_by_its_parameters():
    """dz/dt = f([z, mu]), with the state at first order z + h f."""
    model = ParameterisedODE.classical(2, 3, width=8, depth=1, method=Method(substeps=1), key=KEY)
    z, mu = jnp.asarray([0.2, -0.1]), jnp.asarray([1.0, 0.5, -2.0])
    move = jax.jit(lambda end, mu: model(z, jnp.stack([jnp.zeros(()), end]), mu).last)
    step = (move(1e-4, mu) - z) / 1e-4
    np.testing.assert_allclose(step, model.physics.field(0.0, jnp.concatenate([z, mu])), rtol=1e-3)
    slope = (move(1.0, mu + jnp.asarray([1e-3, 0, 0])) - move(1.0, mu - jnp.asarray([1e-3, 0, 0]))) / 2e-3
    assert float(jnp.abs(slope).min()) > 1e-4


def test_other_series_are_refused():
    with pytest.raises(ValueError, match="laser_ignition"):
        IgnitionODE(3, key=KEY)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200, -1e200, 0.0])
def test_trial_values_that_are_no_state_have_finite_rates_and_derivatives(value):
    middle = jnp.asarray(EXPERIMENTS.lower) + jnp.asarray(EXPERIMENTS.extents) / 2
    reactor, t = LaserReactor(read_mechanism("methane_two_step"), middle), 1e-4
    closures = LearnedQuantities(EXPERIMENTS.dim, RANGES, width=4, key=KEY)(jnp.zeros(EXPERIMENTS.dim))
    hot = reactor.cold.initial_state().at[0].set(1500.0)
    np.testing.assert_array_equal(reactor(t, hot, closures), reactor.lit(closures).vector_field(t, hot))
    for trial in (jnp.full_like(hot, value), hot.at[0].set(value), hot.at[1:].set(value)):
        assert np.isfinite(reactor(t, trial, closures)).all()
        assert np.isfinite(jax.jacfwd(reactor, argnums=1)(t, trial, closures)).all()


@pytest.fixture(scope="module")
def experiments():
    return laser_ignition(train=24, test=24)


@pytest.mark.slow
def test_experiments_ignite_or_do_not(experiments):
    truth = experiments.train.target
    end, peak = truth.values[:, -1, 0], truth.values[..., 0].max(1)
    assert np.isfinite(truth.values).all() and (np.abs(truth.static) <= 1).all()
    np.testing.assert_allclose(truth.values[:, 0], [[0.3, 1.01325]] * 24)
    assert 0.4 < (end > 1.0).mean() < 0.9
    assert (end[end > 1.0] > 1.4).all() and (peak[end < 1.0] < 1.8).all()
    assert np.isnan(experiments.train.series.values[:, 1:]).all() and EXPERIMENTS.dim == truth.static.shape[1]


@pytest.mark.slow
def test_gradient_of_the_ignition_loss_is_that_of_finite_differences(experiments):
    sample = jax.tree.map(lambda leaf: leaf[0], experiments.train)
    method = Method(
        diffrax.Kvaerno3(), controller=diffrax.PIDController(1e-7, 1e-9, dtmax=4e-5), statistics=False, max_steps=16384
    )
    model = IgnitionODE(width=4, method=method, key=KEY)
    loss = eqx.filter_jit(lambda m: jnp.mean((m(sample.series) - sample.target.values) ** 2))
    slope = eqx.filter_grad(loss)(model).closures.net.layers[-1].bias
    h = 1e-4
    for i in range(6):
        moved = lambda by, i=i: loss(
            eqx.tree_at(lambda m: m.closures.net.layers[-1].bias, model, replace_fn=lambda b: b.at[i].add(by))
        )
        np.testing.assert_allclose(slope[i], (moved(h) - moved(-h)) / (2 * h), rtol=1e-2, atol=1e-4)


class Regression(eqx.Module):
    """A network of parameters and time."""

    net: eqx.nn.MLP

    def __call__(self, series, times=None, key=None):
        return jax.vmap(lambda t: self.net(jnp.append(series.static, 1e3 * t - 1)))(series.times)


@pytest.mark.slow
def test_learned_closures_tell_unseen_experiments_better_than_a_network_does(experiments):
    task = SeriesTask(experiments, Response(), batch_size=12)
    options = {"key": KEY, "steps_per_call": 1, "evaluate_every": 10_000, "progress": False}
    pnode = fit(IgnitionODE(key=KEY), task, adam(120, 1e-2, clip=1.0), steps=120, **options).model
    net = Regression(eqx.nn.MLP(7, 2, 64, 3, jnp.tanh, key=KEY))
    plain = fit(net, task, adam(2000, 3e-3, clip=1.0), steps=2000, **options).model
    errors = [measured(Response(), model, experiments.test, 12)["mean_absolute"] for model in (pnode, plain)]
    assert errors[0] < 0.6 * errors[1]
