"""The task of physics-informed training: its loss, its points, and what is learned with it."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

from neuralpde.equations import Burgers, Diffusion, Poisson
from neuralpde.equations.derivatives import partial
from neuralpde.nn import mlp
from neuralpde.pinn import Boundary, Initial, Observations, Positive, Problem
from neuralpde.spaces import Box, ClosedForm, Dirichlet, Field, FunctionSpace, Neural
from neuralpde.training import ResidualTask, Task, TrainingArgumentError, adam, fit, levenberg_marquardt
from neuralpde.training.residuals import residuals_of
from neuralpde.training.second_order.jacobian import first_order, jacobian
from neuralpde.training.state import put_together, take_apart

SQUARE = Box.cube(2)
SPACETIME = Box.of(x=(-1.0, 1.0), t=(0.0, 1.0))


def bump(x):
    return (jnp.sin(jnp.pi * x[0]) * jnp.sin(jnp.pi * x[1]))[None]


def poisson():
    """-Laplace(u) = 2 pi^2 sin(pi x) sin(pi y), zero on the walls."""
    source = ClosedForm(lambda x: 2 * jnp.pi**2 * bump(x), FunctionSpace(SQUARE, ("source",)))
    return Problem(SQUARE, Poisson(source), [Boundary(Dirichlet(0.0), weight=100.0)], reference=bump)


def network(problem, width=16, depth=2, seed=0):
    net = mlp(
        problem.space.dim,
        problem.space.channels,
        width=width,
        depth=depth,
        activation=jnp.tanh,
        key=jax.random.key(seed),
    )
    return problem.candidate(Neural(net, problem.space))


def train(problem, task, steps, rate=None, **options):
    """By Adam at a rate; without one by Levenberg-Marquardt."""
    return fit(
        network(problem, **options),
        task,
        levenberg_marquardt(steps) if rate is None else adam(steps, rate),
        steps=steps,
        steps_per_call=100,
        evaluate_every=steps,
        key=jax.random.key(1),
        progress=False,
    )


def test_loss_is_the_sum_of_the_squares_of_the_residuals(key):
    problem = poisson()
    task, model = ResidualTask(problem, 30, 10, weights={"equation": 0.01}), network(problem)
    assert isinstance(task, Task) and task.monitor == "validation/loss" and task.batch_size == 30

    def measured(key):
        batch = task.batches.batch(0, key)
        return task.loss(model, batch, key), task.residuals(model, batch, key), batch

    (loss, terms), r, batch = jax.device_get(jax.jit(measured)(key))
    assert r.shape == (40,)
    np.testing.assert_allclose(loss, np.sum(r**2), rtol=1e-12)
    np.testing.assert_allclose(loss, 0.01 * terms["equation_loss"] + 100 * terms["boundary_loss"], rtol=1e-12)
    # An independent value of the mean square: second differences at the same points.
    x, h = batch.points["equation"].x, 1e-4
    value = lambda y: np.asarray(jax.vmap(model.u)(jnp.asarray(y)))[:, 0]
    laplace = sum(value(x + h * e) - 2 * value(x) + value(x - h * e) for e in np.eye(2)) / h**2
    forcing = 2 * np.pi**2 * np.prod(np.sin(np.pi * x), axis=1)
    np.testing.assert_allclose(terms["equation_loss"], np.mean((-laplace - forcing) ** 2), rtol=1e-5)


def test_residuals_point_by_point_are_the_same_with_the_same_jacobian(key):
    problem = poisson()
    task, model = ResidualTask(problem, 30, 10, weights={"equation": 0.01}), network(problem, width=6)
    parts = take_apart(model)
    flat, restore = ravel_pytree(parts.parameters)

    def both(key):
        batch = task.batches.batch(0, key)
        told = residuals_of(task, parts.frozen, parts.static, batch, key).after(restore)
        plain = lambda x: task.residuals(put_together(restore(x), parts.frozen, parts.static), batch, key)
        by_blocks = jacobian(told, flat, first_order(told, flat), chunk=8)
        return (told(flat), by_blocks), (plain(flat), jax.jacrev(plain)(flat))

    for a, b in zip(*jax.jit(both)(key), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_points_are_a_function_of_step_and_key(key):
    task = ResidualTask(poisson(), 8, 4, resample_every=3)
    draw = jax.jit(lambda step, key: task.batches.batch(step, key).points["equation"].x)
    steps = [np.asarray(draw(step, key)) for step in range(6)]
    for a, b in itertools.combinations(range(6), 2):
        assert np.array_equal(steps[a], steps[b]) == (a // 3 == b // 3)
    assert not np.array_equal(steps[0], draw(0, jax.random.key(7)))
    fixed = ResidualTask(poisson(), 8, 4, resample_every=None)
    x = [np.asarray(jax.jit(lambda s: fixed.batches.batch(s, key).points["boundary"].x)(s)) for s in (0, 1000)]
    np.testing.assert_array_equal(*x)


def test_error_is_measured_against_functions_and_fields():
    problem = poisson()
    grid = SQUARE.grid(20)
    stored = Field(jax.vmap(jax.vmap(bump))(grid.coords()), grid, problem.space)
    for reference in (bump, stored):
        known = Problem(SQUARE, Poisson(0.0), [], reference=reference)
        found = ResidualTask(known, 8).evaluate(known.candidate(ClosedForm(lambda x: 1.25 * bump(x), known.space)))
        assert found["validation/relative_l2"] == pytest.approx(0.25, rel=1e-12)
    blind = Problem(SQUARE, Poisson(0.0), [])
    task = ResidualTask(blind, 4000)
    found = task.evaluate(blind.candidate(ClosedForm(bump, blind.space)))
    # The mean of (2 pi^2 sin sin)^2 is pi^4.
    assert task.monitor == "validation/loss" and found["validation/loss"] == pytest.approx(np.pi**4, rel=0.1)


@pytest.mark.slow
def test_poisson_is_learned_by_quasi_newton_on_points_that_stay():
    problem = poisson()
    task = ResidualTask(problem, 100, 40, resample_every=None)
    result = fit(
        network(problem, width=10),
        task,
        optax.lbfgs(),
        steps=100,
        steps_per_call=20,
        evaluate_every=100,
        key=jax.random.key(0),
        progress=False,
    )
    losses = result.history["train/loss"]
    assert np.all(np.diff(losses) <= 0)
    assert task.evaluate(result.best_model)["validation/relative_l2"] < 0.05


@pytest.mark.slow
def test_burgers_is_learned_by_adam_on_new_points_in_every_step():
    burgers = Burgers(viscosity=0.1)
    begins = Initial(lambda x: -jnp.sin(jnp.pi * x[0]), weight=10.0)
    problem = Problem(SPACETIME, burgers, [begins, Boundary(Dirichlet(0.0))], reference=burgers.exact(SPACETIME))
    task = ResidualTask(problem, 128, 32)
    result = train(problem, task, 800, 1e-2, width=12, depth=3)
    assert task.evaluate(result.best_model)["validation/relative_l2"] < 0.1


def test_rate_of_decay_is_found_from_observations():
    """u' = -k u, of which ten values are known and no initial one; the first guess of k is five times too large."""
    times = jnp.linspace(0.0, 2.0, 10)[:, None]
    law = lambda u, t, k: partial(u, 0)(t) + k * u(t)
    problem = Problem(Box.of(t=(0.0, 2.0)), law, [Observations(times, jnp.exp(-times))], unknowns={"k": Positive(5.0)})
    result = train(problem, ResidualTask(problem, 32, resample_every=None), 100)
    assert float(result.model.unknowns["k"].value) == pytest.approx(1.0, rel=0.02)
    assert result.history["train/k"][0] == 5.0


@pytest.mark.slow
def test_diffusivity_is_found_from_observations():
    """u = sin(pi x) exp(-0.2 pi^2 t) is known at 60 points; neither initial nor boundary values are told."""
    exact = lambda x: (jnp.sin(jnp.pi * x[0]) * jnp.exp(-0.2 * jnp.pi**2 * x[1]))[None]
    sensors = SPACETIME.sample(jax.random.key(5), 60)
    problem = Problem(
        SPACETIME,
        Diffusion(1.0),
        [Observations(sensors, jax.vmap(exact)(sensors), weight=100.0)],
        unknowns={"diffusivity": Positive(1.0)},
        reference=exact,
    )
    task = ResidualTask(problem, 256, resample_every=None)
    result = train(problem, task, 200)
    assert float(result.model.unknowns["diffusivity"].value) == pytest.approx(0.2, rel=0.05)
    assert task.evaluate(result.best_model)["validation/relative_l2"] < 0.02


@pytest.mark.parametrize(
    "options, said",
    [
        ({"counts": {"wall": 3}}, "No condition has the name wall; the problem has equation, boundary"),
        ({"weights": {"boundary": -1.0}}, "not negative"),
        ({"counts": {"boundary": 0}}, "at least 1; got 0"),
        ({"points": 0}, "at least 1; got 0"),
        ({"resample_every": 0}, "at least 1; got 0"),
    ],
)
def test_unusable_arguments_are_refused(options, said):
    with pytest.raises(TrainingArgumentError, match=said):
        ResidualTask(poisson(), **options)


def test_only_candidates_are_trained(key):
    task, problem = ResidualTask(poisson(), 4, 4), poisson()
    with pytest.raises(TrainingArgumentError, match=r"make one by problem.candidate\(u\)"):
        task.loss(network(problem).u, task.batches.batch(0, key), key)
