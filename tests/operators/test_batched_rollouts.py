"""Rollouts of a batch: driven by the host or made in one program, they are the same."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

from neuralpde.operators import FNO, AbstractOperator, BatchedRollout, UNet, batched_rollout, rollout, rollouts
from neuralpde.operators.loops import loops_are_slow
from neuralpde.spaces import Box, Field, FunctionSpace

BOX = Box.cube(1, periodic=True)
SPACE, GRID = FunctionSpace(BOX), BOX.grid(16)


class ChannelsFirst(AbstractOperator):
    """A convolution of three points whose axes are not in the order that loops need."""

    weight: Float[Array, "1 1 3"]
    source: FunctionSpace = SPACE
    target: FunctionSpace = SPACE

    def __call__(self, u, at=None, key=None):
        return u.with_values(jax.lax.conv(u.values.T[None], self.weight, (1,), "SAME")[0].T)


NETS = {
    "convolutions of other axes": lambda key: ChannelsFirst(jax.random.normal(key, (1, 1, 3))),
    "convolutions": lambda key: UNet(SPACE, SPACE, width=4, levels=1, key=key),
    "none": lambda key: FNO(SPACE, SPACE, modes=3, width=4, depth=1, key=key),
}


@pytest.mark.parametrize("kind", NETS)
def test_rollouts_of_a_batch_are_those_of_its_members(kind, key):
    operator, values = NETS[kind](key), jax.random.normal(key, (3, 16, 1))
    first = Field.stack(values, GRID, SPACE)
    begin, step = jnp.asarray([0.0, 1.0, 2.0]), jnp.asarray([0.5, 0.5, 0.25])
    keys = jax.random.split(key, 3)
    made = rollouts(operator, first, 4, parameters={}, start=begin, time_step=step, key=keys)

    def member(u, start, time_step, key):
        return rollout(operator, u, 4, start=start, time_step=time_step, key=key)

    expected = jax.jit(jax.vmap(member))(first, begin, step, keys)
    np.testing.assert_allclose(made.times, expected.times, rtol=1e-15)
    np.testing.assert_allclose(made.field.values, expected.field.values, rtol=1e-10, atol=1e-12)
    slow = loops_are_slow(lambda v: operator(Field(v, GRID, SPACE)).values, values[0])
    assert slow == (kind == "convolutions of other axes" and jax.default_backend() == "cpu")


def test_numbers_for_all_are_numbers_for_each_and_make_no_new_program(key):
    operator = NETS["none"](key)
    first = Field.stack(jax.random.normal(key, (3, 16, 1)), GRID, SPACE)
    call = BatchedRollout(operator, 4)
    made = call(first, start=1.0, time_step=0.5)
    each = call(first, start=jnp.full(3, 1.0), time_step=jnp.full(3, 0.5))
    np.testing.assert_array_equal(made.times, np.broadcast_to([1.5, 2.0, 2.5, 3.0], (3, 4)))
    np.testing.assert_array_equal(made.field.values, each.field.values)
    programs = batched_rollout._rolled_out._cache_size()
    call(first, start=2.0, time_step=0.25)
    BatchedRollout(jax.tree.map(lambda leaf: 2 * leaf, operator), 4)(first, start=2.0, time_step=0.25)
    assert batched_rollout._rolled_out._cache_size() == programs
