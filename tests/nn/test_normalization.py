"""Norms: their statistics, their limit under refinement, and what they have in common."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order

from neuralpde.nn import FieldNorm, LayerNorm
from neuralpde.spaces import Box, ClosedForm, FunctionSpace

BOX = Box.of(x=(0.0, 2.0), y=(0.5, 1.0))
SPACE = FunctionSpace(BOX, ("u", "v"))


def affine(norm):
    weight = 1 + 0.1 * jnp.arange(norm.weight.size).reshape(norm.weight.shape)
    for name, value in (("weight", weight), ("bias", 0.5 - weight)):
        object.__setattr__(norm, name, value)
    return norm


@pytest.mark.parametrize("layout", ["cells", "nodes"])
def test_normalised_field_has_mean_zero_and_variance_one(layout, key):
    grid = BOX.grid(6, 5, layout=layout)
    y = FieldNorm(2)(3 + 10 * jax.random.normal(key, (6, 5, 2)), grid)
    assert float(grid.integrate(y).sum()) == pytest.approx(0, abs=1e-12)
    assert float(grid.integrate(y**2).mean()) == pytest.approx(BOX.volume, rel=1e-5)


def test_layer_norm_is_the_textbook_formula(key):
    grid = BOX.grid(6, 5, layout="nodes")
    norm = affine(LayerNorm(2, grid))
    x = np.asarray(jax.random.normal(key, (6, 5, 2)))
    expected = (x - x.mean()) / np.sqrt(x.var() + 1e-5) * np.asarray(norm.weight) + np.asarray(norm.bias)
    np.testing.assert_allclose(norm(jnp.asarray(x), grid), expected, atol=1e-13)


def test_both_agree_where_all_points_weigh_the_same(key):
    grid = BOX.grid(6, 5)
    x = jax.random.normal(key, (6, 5, 2))
    np.testing.assert_allclose(FieldNorm(2)(x, grid), LayerNorm(2, grid)(x, grid), atol=1e-13)


@pytest.mark.parametrize("layout", ["cells", "nodes"])
def test_field_norm_converges_with_order_two(layout):
    f = ClosedForm(lambda x: jnp.stack([jnp.exp(x[0] * x[1]), jnp.sin(3 * x[0]) + x[1]]), SPACE)
    norm = affine(FieldNorm(2))
    x = jnp.asarray([0.7, 0.6])

    def at_a_point(n):
        """The affine map is the same everywhere, so the norm is too: it is read off where f is known."""
        grid = BOX.grid(n, layout=layout)
        y = norm(f.sample(grid).values, grid)
        # y is an affine function of f, channel by channel.
        first, last = f.sample(grid).values[0, 0], f.sample(grid).values[-1, -1]
        slope = (y[-1, -1] - y[0, 0]) / (last - first)
        return y[0, 0] + slope * (f(x) - first)

    found = [at_a_point(n) for n in (16, 32, 64, 128)]
    errors = [float(jnp.abs(a - b).max()) for a, b in itertools.pairwise(found)]
    assert observed_order(errors) == pytest.approx(2, abs=0.1)


def test_layer_norm_refuses_another_grid(key):
    with pytest.raises(ValueError, match=r"grid \(6, 5\).*\(6, 6\).*FieldNorm"):
        LayerNorm(2, BOX.grid(6, 5))(jnp.ones((6, 6, 2)), BOX.grid(6))
