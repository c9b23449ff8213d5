"""Rollouts: the plain loop in one program, for histories, constants and parameters."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from training.advected import GRID, SPACE, STEP, Shift, Stencil, waves

from neuralpde.operators import (
    Conditioned,
    advanced,
    history_length,
    history_space,
    newest,
    rollout,
    with_history,
)
from neuralpde.spaces import Field, FunctionSpace
from neuralpde.training.compilations import compilations

VECTOR = FunctionSpace(SPACE.domain, ("u", "v"))


def test_exact_steps_give_the_exact_trajectory():
    values = waves(1, 9)[0]
    first = Field(values[0], GRID, history_space(SPACE, 1))
    made = rollout(Shift(jnp.ones(())), first, 8, start=1.0, time_step=STEP)
    np.testing.assert_allclose(made.field.values, values[1:], atol=1e-12)
    np.testing.assert_allclose(made.times, 1 + STEP * np.arange(1, 9))
    assert made.field.space == SPACE and len(made) == 8


def test_history_and_constants_are_handed_on():
    """Against a loop that keeps its own list of states."""
    source = history_space(SPACE, 3, ("force",))
    model = eqx.tree_at(lambda s: s.weight, Stencil(source), jax.random.normal(jax.random.key(0), (5, 4)) / 4)
    states, force = waves(1, 3)[0], waves(1, 1, seed=5)[0, 0]
    first = with_history(Field.stack(states, GRID, SPACE), Field(force, GRID, SPACE.free(["force"])))
    assert first.space == source
    past = list(states)
    for _ in range(4):
        u = Field(np.concatenate([*past[-3:], force], -1), GRID, source)
        past.append(np.asarray(model(u).values))
    np.testing.assert_allclose(rollout(model, first, 4).field.values, past[3:], rtol=1e-12)


def test_components_of_a_history_are_found_and_moved():
    source = history_space(VECTOR, 2, ("mask",))
    assert source.names == ("u@-1", "v@-1", "u@0", "v@0", "mask")
    assert history_length(source, VECTOR) == 2 and history_length(VECTOR, VECTOR) == 1
    u = Field(jnp.broadcast_to(jnp.arange(5.0), (16, 5)), GRID, source)
    assert newest(u, VECTOR).values[0].tolist() == [2, 3]
    moved = advanced(u, Field(jnp.full((16, 2), 9.0), GRID, VECTOR))
    assert moved.values[0].tolist() == [2, 3, 9, 9, 4] and moved.space == source


def test_operators_that_do_not_step_are_refused():
    with pytest.raises(ValueError, match=r"u@-1.*frames"):
        rollout(Stencil(FunctionSpace(SPACE.domain, ("a",))), Field(waves(1, 1)[0, 0], GRID, SPACE.renamed("a")), 3)


def test_another_time_step_or_parameter_is_the_same_program():
    model, first = Shift(jnp.ones(())), Field(waves(1, 1)[0, 0], GRID, history_space(SPACE, 1))
    made = rollout(model, first, 3, time_step=0.1, start=0.0, parameters={"nu": jnp.array(1.0)})
    before = compilations()
    again = rollout(model, first, 3, time_step=0.2, start=5.0, parameters={"nu": jnp.array(2.0)})
    assert compilations() == before
    # Two steps of 0.1 go as far as one of 0.2: the operator was told.
    np.testing.assert_allclose(made.field.values[1], again.field.values[0], atol=1e-12)


def test_conditioned_networks_read_their_parameters_and_ask_for_them():
    source = history_space(SPACE, 1)

    def make(source, target, on, key):
        start = Stencil(source, target)
        return eqx.tree_at(lambda s: s.weight, start, jax.random.normal(key, start.weight.shape))

    model = Conditioned(source, SPACE, network=make, parameters={"nu": 2.0}, on=GRID, key=jax.random.key(0))
    u = Field(waves(1, 1)[0, 0], GRID, source)
    one, other = (model.given({"nu": jnp.array(nu), "unused": jnp.array(0.0)})(u).values for nu in (1.0, 4.0))
    told = Field(jnp.concatenate([u.values, jnp.full((16, 1), 0.5)], -1), GRID, model.network.source)
    np.testing.assert_array_equal(one, model.network(told).values)
    assert bool(jnp.any(one != other))
    with pytest.raises(ValueError, match=r"not given \['nu'\]"):
        model(u)
