"""Adaptation against its closed form, Hamiltonians of graphs against their symmetries, and learning across systems."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data.series import motions
from neuralpde.dynamics import GraphHamiltonian, adapted
from neuralpde.equations import (
    HenonHeiles,
    MagneticMirror,
    MassSpring,
    Pendulum,
    ThreeBody,
    TwoBody,
    as_bodies,
    as_state,
)
from neuralpde.training import Adaptation, MetaTask, adam, fit


class Parameters(eqx.Module):
    x: jax.Array
    other: jax.Array


def test_gradient_through_descent_is_that_of_the_closed_form(key):
    """Of L = |A x - b|^2 / 2: x_k = x* + M^k (x - x*) with M = 1 - rate A'A, and so dL(x_k)/dx = M^k A'(A x_k - b)."""
    A, b, x = (jax.random.normal(k, s) for k, s in zip(jax.random.split(key, 3), ((4, 3), (4,), (3,)), strict=True))
    rate, steps = 0.05, 3
    inner = lambda model, batch: 0.5 * jnp.sum((batch @ model.x - b) ** 2)
    start = Parameters(x, jnp.zeros(()))
    M = np.eye(3) - rate * A.T @ A
    best = np.linalg.lstsq(A, b)[0]
    ahead = best + np.linalg.matrix_power(M, steps) @ (x - best)
    for exact, power in ((True, steps), (False, 0)):
        options = {"steps": steps, "rate": rate, "exact": exact}
        outer = lambda model, options=options: inner(adapted(model, inner, A, **options), A)
        np.testing.assert_allclose(adapted(start, inner, A, **options).x, ahead, rtol=1e-10)
        wanted = np.linalg.matrix_power(M, power) @ A.T @ (A @ ahead - b)
        np.testing.assert_allclose(jax.jit(jax.grad(outer))(start).x, wanted, rtol=1e-8)


def test_a_part_alone_is_adapted(key):
    model, loss = Parameters(jnp.ones(2), jnp.ones(())), lambda m, batch: jnp.sum(m.x**2) + m.other**2
    after = adapted(model, loss, None, steps=2, rate=0.1, part=lambda m: m.other)
    np.testing.assert_allclose(after.x, 1.0)
    np.testing.assert_allclose(after.other, 0.8**2)
    np.testing.assert_allclose(adapted(model, loss, None, steps=2, rate=0.1).x, 0.8**2)


@pytest.mark.slow
def test_energy_of_a_graph_knows_neither_order_nor_padding(key):
    model = GraphHamiltonian(width=6, key=key)
    bodies = jax.random.normal(key, (3, 4))
    energy, rates = eqx.filter_jit(model.energy), eqx.filter_jit(model.rates)
    np.testing.assert_allclose(energy(bodies[::-1]), energy(bodies), rtol=1e-12)
    there = jnp.array([True, True, False])
    np.testing.assert_allclose(energy(bodies, there), energy(bodies[:2]), rtol=1e-12)
    np.testing.assert_allclose(rates(bodies, there)[:2], rates(bodies[:2]), atol=1e-12)
    np.testing.assert_allclose(rates(bodies, there)[2], 0.0)
    for size in (1, 4):
        y = jax.random.normal(key, (2 * size,))
        np.testing.assert_array_equal(as_state(as_bodies(y), size), y)
        both = jax.jit(lambda y: (jax.grad(lambda y: model.energy(as_bodies(y)))(y), model.field(0.0, y)))
        slope, field = both(y)
        np.testing.assert_allclose(field, jnp.concatenate([slope[size:], -slope[:size]]), atol=1e-12)
        assert abs(float(field @ slope)) < 1e-12 < float(jnp.abs(field).max())


@pytest.mark.slow
def test_motions_hold_states_of_solutions_and_their_rates():
    system = TwoBody()
    data = motions(system, trajectories=2, points=5, end=2.0)
    assert data.states.shape == (10, 3, 4) and data.used.sum() == 8 and (data.there == [True, True, False]).all()
    for bodies, rates in zip(data.states, data.rates, strict=True):
        y = as_state(jnp.asarray(bodies), 4)
        np.testing.assert_allclose(as_state(jnp.asarray(rates), 4), system.vector_field(0.0, y), rtol=1e-10)
    energies = [system.conserved(as_state(jnp.asarray(b), 4))["energy"] for b in data.states[:5]]
    np.testing.assert_allclose(energies, energies[0], atol=1e-5)
    assert motions(MassSpring(), 1, 2).used[0].tolist() == [True, False, True, False]
    with pytest.raises(ValueError, match="6 degrees of freedom"):
        motions(ThreeBody(), bodies=2)


@pytest.mark.slow
def test_a_system_not_seen_is_learnt_better_by_who_was_trained_to_adapt():
    """Of Hénon and Heiles' system from 20 states, in the ten steps that were trained: error of the rates elsewhere.

    The mean over four draws of the states. Rates have a mean square of 0.020; an untrained network is left with 0.022 to
    0.025, one trained on all other systems together with 0.0060 to 0.0062, one trained to adapt with 0.0048 to 0.0050.
    After three steps the second is as good or better, and with 1200 steps of training also after ten.
    """
    systems = (MassSpring(), Pendulum(), MagneticMirror(), TwoBody(), ThreeBody())
    data = {type(s).__name__: motions(s, trajectories=16, points=16) for s in systems}
    held_out = {f"star {k}": motions(HenonHeiles(), trajectories=16, points=16, seed=k) for k in range(5, 9)}
    make = lambda: GraphHamiltonian(width=16, key=jax.random.key(0))

    def task(steps):
        return MetaTask(data, Adaptation(support=20, steps=steps), held_out=held_out, query=20)

    def learned(steps):
        optimizer = adam(steps=300, learning_rate=5e-3)
        return fit(make(), task(steps), optimizer, steps=300, key=jax.random.key(1), progress=False).model

    models = {"scratch": make(), "together": learned(0), "meta": learned(10)}
    errors = {name: np.mean(list(task(10).evaluate(model).values())) for name, model in models.items()}
    assert errors["meta"] < 0.9 * errors["together"] and errors["together"] < 0.5 * errors["scratch"]
