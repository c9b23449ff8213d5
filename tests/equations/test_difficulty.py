"""Dimensionless coefficients: their meaning for explicit schemes, and problems that differ by units alone."""

import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import KuramotoSivashinsky, ReducedUnits
from neuralpde.solvers import ETDRK
from neuralpde.spaces import Box, Field, FunctionSpace


def test_first_difficulty_is_the_number_of_cells_crossed_in_an_interval():
    frames = ReducedUnits(points=160, length=2.0, interval=0.05)
    assert frames.linear_difficulty(1, -0.75) == pytest.approx(-0.75 * 0.05 / (2.0 / 160))


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_second_difficulty_one_is_the_stability_limit_of_explicit_diffusion(dim):
    # The sawtooth mode is multiplied by 1 - 4 D nu dt / dx^2 in a step of Euler's method: -1 at the limit.
    frames = ReducedUnits(points=32, dim=dim, length=3.0, interval=0.1)
    nu = frames.linear(2, 1.0)
    assert 1 - 4 * dim * nu * 0.1 / (3.0 / 32) ** 2 == pytest.approx(-1)


def test_coefficients_and_difficulties_are_inverse():
    frames = ReducedUnits(points=48, dim=2, length=3.0, interval=0.1, maximum=1.7)
    for order in range(5):
        assert frames.linear_difficulty(order, frames.linear(order, -1.3)) == pytest.approx(-1.3)
    for order in (1, 2):
        assert frames.quadratic_difficulty(order, frames.quadratic(order, 2.5)) == pytest.approx(2.5)
    # Growth without derivatives knows neither points nor axes.
    assert frames.linear_difficulty(0, 4.0) == pytest.approx(0.4)


def test_equal_difficulties_are_one_problem_in_other_units():
    def final(length, interval, maximum):
        frames = ReducedUnits(48, 1, length, interval, maximum)
        equation = KuramotoSivashinsky(frames.quadratic(1, 3.0), -frames.linear(2, -2.0), -frames.linear(4, -9.0))
        box = Box.of(periodic=("x",), x=(0.0, length))
        phase = 2 * jnp.pi * box.grid(48).coords() / length
        u = Field(maximum * (jnp.sin(phase) + jnp.cos(2 * phase)), box.grid(48), FunctionSpace(box))
        return ETDRK(interval / 4).solve(equation, u, (0.0, interval, 2 * interval)).field.values[-1] / maximum

    one, other = final(1.0, 1.0, 1.0), final(60.0, 0.5, 2.5)
    assert jnp.abs(one).max() > 0.1
    np.testing.assert_allclose(one, other, atol=1e-10)


def test_unknown_orders_are_refused():
    with pytest.raises(ValueError, match="one derivative"):
        ReducedUnits(10).quadratic(3, 1.0)
    with pytest.raises(ValueError, match="zero or more"):
        ReducedUnits(10).linear(-1, 1.0)
