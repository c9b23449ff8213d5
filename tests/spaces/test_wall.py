"""Walls for flows: mirror and sticking conditions, measured and met exactly."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.spaces import Wall

NORMAL = jnp.array([0.6, 0.8])
POINT = 0.5 * NORMAL


def flow(x):
    return jnp.stack([jnp.exp(x[0] - x[1]), jnp.sin(2 * x[0] + x[1]), x[0] * x[1] - 2.0])


def distance(x):
    """To the line n . x = 1/2, positive on the side of the origin."""
    return 0.5 - NORMAL @ x


@pytest.mark.parametrize("slip", [True, False])
def test_lifted_flow_meets_the_condition_of_the_wall(slip):
    wall = Wall((1, 2), slip)
    lifted = wall.lift(flow, distance)
    before, after = jax.jit(lambda x: (wall.residual(flow, x, NORMAL), wall.residual(lifted, x, NORMAL)))(POINT)
    assert jnp.max(jnp.abs(before)) > 0.1
    np.testing.assert_allclose(after, 0, atol=1e-14)
    v = jax.jit(lifted)(POINT)[1:]
    assert jnp.abs(v @ NORMAL) < 1e-14
    assert (jnp.linalg.norm(v) > 0.1) == slip


def test_a_flow_that_is_its_own_mirror_image_meets_the_condition():
    # Even in n . x - 1/2 for density and tangential velocity, odd for the normal one.
    tangent = jnp.array([-0.8, 0.6])

    def mirrored(x):
        s, r = NORMAL @ x - 0.5, tangent @ x
        return jnp.concatenate([jnp.cos(s)[None] + r, jnp.sin(s) * NORMAL + (r + s**2) * tangent])

    np.testing.assert_allclose(Wall((1, 2)).residual(mirrored, POINT, NORMAL), 0, atol=1e-15)
    inclined = lambda x: mirrored(x) + jnp.concatenate([jnp.zeros(1), 0.3 * NORMAL])
    np.testing.assert_allclose(Wall((1, 2)).residual(inclined, POINT, NORMAL)[1:], 0.3 * NORMAL, atol=1e-15)
    assert jax.jit(lambda: Wall((1, 2), slip=False).residual(mirrored, POINT, NORMAL))()[1:] == pytest.approx(
        mirrored(POINT)[1:]
    )
