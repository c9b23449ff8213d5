"""Particles: the chain rule of their derivatives, their way back to fixed places, and what they make of fast transport."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations.derivatives import partial, rate
from neuralpde.nn import mlp
from neuralpde.pinn import (
    Candidate,
    Carried,
    Characteristics,
    Eulerian,
    Ordered,
    Sobol,
    coordinate_network,
    problems,
)
from neuralpde.pinn.lagrangian import curvature
from neuralpde.pinn.problems.transport import shock
from neuralpde.spaces import Box, ClosedForm, FunctionSpace
from neuralpde.training import ResidualTask, fit, levenberg_marquardt

CIRCLE = Box.of(periodic=("x",), x=(0.0, 2 * np.pi), t=(0.0, 1.0))
PARTICLES, STATE = FunctionSpace(CIRCLE, ("X", "w")), FunctionSpace(CIRCLE, ("u",))
POINTS = jax.random.uniform(jax.random.key(0), (40, 2)) * jnp.asarray([2 * jnp.pi, 1.0])
SPREAD, PULL, WAVES = 0.05, 0.7, 2.0


def at_points(f, x=POINTS):
    return jax.device_get(jax.jit(jax.vmap(f))(x))


def stretched(x):
    """Particles of the flow f = PULL x, and w = cos(k X) exp(-int g k^2 dt) with k = WAVES exp(-PULL t) on them."""
    label, t = x
    decay = SPREAD * WAVES**2 * (1 - jnp.exp(-2 * PULL * t)) / (2 * PULL)
    return jnp.stack([label * jnp.exp(PULL * t), jnp.cos(WAVES * label) * jnp.exp(-decay)])


def folded(x):
    """Particles that move unevenly, and sin(X) on them."""
    place = x[0] + 3 * x[1] + 0.4 * jnp.sin(2 * x[0] - x[1])
    return jnp.stack([place, jnp.sin(place) * jnp.exp(-x[1])])


def test_exact_characteristics_solve_the_equation_and_derivatives_in_the_label_do_not():
    equation = Characteristics(lambda t, x, w: PULL * x, SPREAD)
    np.testing.assert_allclose(at_points(lambda x: equation.residual(stretched, x)), 0, atol=1e-13)

    def in_the_label(x):
        return rate(stretched)(x)[1] - SPREAD * partial(stretched, 0, 2)(x)[1]

    assert np.abs(at_points(in_the_label)).max() > 0.05
    moved = lambda x: stretched(x) + jnp.stack([0.1 * x[1], 0.0 * x[1]])
    assert np.abs(at_points(lambda x: equation.residual(moved, x))).max() > 0.05


def test_curvature_is_that_at_the_place():
    found, label = at_points(lambda x: (curvature(folded, x), partial(folded, 0, 2)(x)[1]))
    state = at_points(folded)[:, 1]
    np.testing.assert_allclose(found, -state, atol=1e-12)
    assert np.abs(label + state).max() > 0.5


def test_particles_are_found_at_places():
    u = Eulerian(ClosedForm(lambda x: folded(x), PARTICLES), STATE)
    np.testing.assert_allclose(at_points(u)[:, 0], np.sin(POINTS[:, 0]) * np.exp(-POINTS[:, 1]), rtol=1e-12, atol=1e-13)
    with pytest.raises(ValueError, match="periodic axis"):
        Eulerian(u.u, FunctionSpace(Box.of(x=(0.0, 1.0), t=(0.0, 1.0)), ("u",)))


def test_order_is_asked_for_where_particles_meet():
    law = Ordered(0.2).residual
    crossing = lambda x: jnp.stack([x[0] + 1.5 * jnp.sin(x[0]), x[1]])
    stretch = 1 + 1.5 * np.cos(POINTS[:, 0])
    np.testing.assert_allclose(
        at_points(lambda x: law(crossing, x))[:, 0], np.maximum(0.2 - stretch, 0), rtol=1e-12, atol=1e-14
    )


def moving_particles(speed, viscosity):
    return ClosedForm(lambda x: jnp.stack([x[0] + speed * x[1], jnp.sin(x[0]) * jnp.exp(-viscosity * x[1])]), PARTICLES)


@pytest.mark.parametrize("name, viscosity", [("convection", 0.0), ("convection_diffusion", 0.01)])
def test_frames_have_one_solution(name, viscosity):
    make = getattr(problems, name)
    particles, moving = make(30.0, frame="particles"), make(30.0, frame="moving", hard=False)
    exact = moving_particles(30.0, viscosity)
    equation = particles.conditions[0].equation
    np.testing.assert_allclose(at_points(lambda x: equation.residual(exact, x)), 0, atol=1e-13)
    np.testing.assert_allclose(at_points(particles.answer(exact)), at_points(particles.reference), atol=1e-12)
    still = ClosedForm(lambda x: jnp.sin(x[:1]) * jnp.exp(-viscosity * x[1]), STATE)
    np.testing.assert_allclose(at_points(moving.candidate(still).u), at_points(particles.reference), atol=1e-12)
    begun = particles.candidate(ClosedForm(lambda x: jnp.cos(x), PARTICLES)).u
    first = POINTS.at[:, 1].set(0.0)
    np.testing.assert_allclose(at_points(begun, first), at_points(exact, first), atol=1e-14)
    with pytest.raises(ValueError, match="frame of transport"):
        make(frame="rotating")


def test_a_carried_network_passes_series_on(key):
    network = coordinate_network(
        STATE, lambda n, m, key: mlp(n, m, width=5, depth=2, activation=jnp.tanh, key=key), key=key
    )
    u = Carried(network, (7.0,))
    by_series, nested = at_points(
        lambda x: (
            jnp.concatenate([rate(u)(x), partial(u, 0, 2)(x)]),
            jnp.concatenate([rate(lambda y: u(y))(x), partial(lambda y: u(y), 0, 2)(x)]),
        )
    )
    np.testing.assert_allclose(by_series, nested, rtol=1e-9, atol=1e-12)
    assert np.abs(by_series).max() > 0.1


def test_particles_are_trained_and_measured_at_places(key):
    """Convection at speed 50: X = label + 50 t and w = sin(label) are smooth, whatever the speed."""
    problem = problems.convection(50.0, frame="particles")
    layers = lambda n, m, key: mlp(n, m, width=6, depth=1, activation=jnp.tanh, key=key)
    candidate = problem.candidate(coordinate_network(problem.space, layers, key=key))
    task = ResidualTask(problem, 64, sampler=Sobol(), resample_every=None, evaluation_points=256)
    before = task.evaluate(candidate)["validation/relative_l2"]
    done = fit(candidate, task, levenberg_marquardt(steps=20), steps=20, steps_per_call=10, key=key, progress=False)
    after = task.evaluate(done.model)["validation/relative_l2"]
    assert before > 0.1 and after < 1e-3
    assert isinstance(done.model, Candidate)


@pytest.mark.slow
def test_the_reference_of_the_moving_shock_has_converged():
    """Against twice the modes and half the step; and it moves as one: at t = 1 it has gone round 10 / (2 pi) times."""
    coarse, fine = shock(10.0, 0.01).values, shock(10.0, 0.01, modes=2048, step=5e-4, keep=16).values
    error = np.linalg.norm(coarse - fine) / np.linalg.norm(fine)
    print(f"moving shock: relative L2 {error:.1e}")
    assert error < 1e-10
