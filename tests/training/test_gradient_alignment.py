"""Alignment of the gradients of conditions, where the angles between them are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.pinn import Candidate, Observations, Problem, ReLoBRaLo
from neuralpde.spaces import AbstractFunction, Box, FunctionSpace
from neuralpde.training import ResidualTask, gradient_alignment

PLANE = FunctionSpace(Box.cube(2, lower=-1.0))


class Linear(AbstractFunction):
    """a . x: the gradient of the mean square of a value at x points along x."""

    a: jax.Array

    @property
    def space(self):
        return PLANE

    def __call__(self, x):
        return jnp.dot(self.a, x)[None]


def alignment(*places, values=1.0, **options):
    """Of conditions a . x = value at the places, with a = 0: the directions are -x, for a negative value x."""
    values = np.broadcast_to(values, len(places))
    first, *others = [
        Observations([x], [value], weight=1.0 + i) for i, (x, value) in enumerate(zip(places, values, strict=True))
    ]
    problem = Problem(PLANE.domain, first, others)
    task = ResidualTask(problem, 4, 4, **options)
    model = Candidate(Linear(jnp.zeros(2)))
    return float(jax.jit(lambda key: gradient_alignment(task, model, key))(jax.random.key(0)))


@pytest.mark.parametrize("angle", [0.0, 0.3, np.pi / 2, 2.0, np.pi])
def test_of_two_conditions_it_is_the_cosine(angle):
    # The lengths of the gradients differ and must not matter.
    second = [0.2 * np.cos(angle), 0.2 * np.sin(angle)]
    assert alignment([1.0, 0.0], second) == pytest.approx(np.cos(angle), abs=1e-12)


def test_opposite_data_pull_apart():
    assert alignment([0.5, 0.5], [0.5, 0.5], values=[1.0, -3.0]) == pytest.approx(-1, abs=1e-12)


def test_directions_that_cancel_give_minus_one_and_those_of_a_fan_lie_between():
    angles = 2 * np.pi * np.arange(3) / 3
    assert alignment(*np.stack([np.cos(angles), np.sin(angles)], 1)) == pytest.approx(-1, abs=1e-12)
    # |(1 + 2 cos(pi / 4)) / 3|^2 of three directions within a right angle.
    fan = np.pi / 4 * np.arange(3)
    expected = 2 * ((1 + np.sqrt(2)) / 3) ** 2 - 1
    assert alignment(*np.stack([np.cos(fan), np.sin(fan)], 1)) == pytest.approx(expected, abs=1e-12)


def test_a_condition_that_is_met_has_no_direction():
    assert alignment([1.0, 0.0], [0.0, 1.0], values=[1.0, 0.0]) == pytest.approx(1, abs=1e-12)


def test_a_task_that_carries_its_batches_is_looked_at_with_its_first():
    assert alignment([1.0, 0.0], [0.6, 0.8], balance=ReLoBRaLo()) == pytest.approx(0.6, abs=1e-12)
