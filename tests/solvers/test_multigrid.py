"""The multigrid cycle as a matrix: symmetric, positive, and close to the inverse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.solvers.finite_volume import finite_volumes
from neuralpde.solvers.multigrid import VCycle, merge, merging_axes, positive_inverse
from neuralpde.spaces import Box, Dirichlet, FunctionSpace, Grid, Neumann


def diffusion(shape, condition=None, periodic=False, contrast=4.0, seed=0):
    """The operator of a random checkerboard of two values, and its grid."""
    box = Box.cube(len(shape), periodic=periodic)
    on = Grid(box, shape, "cells")
    a = jnp.asarray(np.random.default_rng(seed).choice([1.0, contrast], shape))
    space = FunctionSpace(box, ("u",), condition)
    operator = jax.jit(lambda a: finite_volumes(a, jnp.zeros(shape), space, on)[0])(a)
    return operator, on


def merged(operator):
    """Pairs of cells merged along the first axis."""
    return jax.jit(lambda d: merge(d, 0))(operator)


def matrix(linear, shape) -> np.ndarray:
    """A linear map of fields as a matrix."""
    unit = jnp.eye(int(np.prod(shape)))
    return np.asarray(jax.jit(jax.vmap(lambda e: linear(e.reshape(shape)).reshape(-1)))(unit)).T


@pytest.mark.parametrize("shape", [(9, 12), (40,), (5, 6, 4)])
def test_cycle_is_symmetric_positive_and_near_the_inverse(shape):
    operator, on = diffusion(shape, Dirichlet(0.0))
    a = matrix(operator, shape)
    np.testing.assert_allclose(a, a.T, rtol=1e-12)
    m = matrix(lambda r: VCycle(operator, on.spacing, singular=False)(r), shape)
    np.testing.assert_allclose(m, m.T, atol=1e-12 * np.abs(m).max())
    spectrum = np.linalg.eigvals(m @ a).real
    assert spectrum.min() > 0.4 and spectrum.max() < 1.6


@pytest.mark.parametrize("periodic", [False, True])
def test_cycle_of_a_singular_operator_is_near_the_inverse_on_mean_zero(periodic):
    shape = (9, 8)
    operator, on = diffusion(shape, None if periodic else Neumann(0.0), periodic)
    a = matrix(operator, shape)
    assert np.abs(a @ np.ones(72)).max() < 1e-9
    m = matrix(lambda r: VCycle(operator, on.spacing, singular=True)(r), shape)
    spectrum = np.sort(np.linalg.eigvals(m @ a).real)
    assert abs(spectrum[0]) < 1e-9
    assert spectrum[1] > 0.4 and spectrum[-1] < 1.6


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("n", [6, 7])
def test_restriction_is_the_transpose_of_interpolation(n, periodic):
    operator, _ = diffusion((n, 5), None if periodic else Dirichlet(0.0), periodic)
    coarse, transfer = merged(operator)
    assert coarse.shape == ((n + 1) // 2, 5)
    np.testing.assert_allclose(
        matrix(transfer.prolong, coarse.shape), matrix(transfer.restrict, operator.shape).T, atol=1e-14
    )


@pytest.mark.parametrize("n", [8, 9])
def test_merging_keeps_the_resistance_of_cells_in_series(n):
    operator, _ = diffusion((n,), Dirichlet(0.0))
    coarse, _ = merged(operator)
    resistance = lambda d: jnp.sum(1 / d.faces[0])
    assert jnp.allclose(resistance(coarse), resistance(operator), rtol=1e-12)


def test_merging_keeps_the_conductance_of_cells_in_parallel():
    operator, _ = diffusion((6, 7), Dirichlet(0.0))
    coarse, _ = merged(operator)
    np.testing.assert_allclose(coarse.faces[1].sum(0), operator.faces[1].sum(0), rtol=1e-12)


@pytest.mark.parametrize("n", [8, 9])
def test_interpolation_reproduces_the_flow_through_layers(n):
    # A unit flux from the lower wall raises the potential by the resistances it passes.
    operator, _ = diffusion((n,), Dirichlet(0.0))
    coarse, transfer = merged(operator)
    potential = lambda d: jnp.cumsum(1 / d.faces[0])[:-1]
    fine = transfer.prolong(potential(coarse))
    # The last cell leans on the upper wall, whose potential is zero.
    np.testing.assert_allclose(fine[: n - 1], potential(operator)[: n - 1], rtol=1e-12)


def test_axes_are_merged_where_cells_are_thin():
    assert merging_axes((64, 8), (1 / 64, 1 / 8)) == [0]
    assert merging_axes((8, 8), (1 / 8, 1 / 8)) == [0, 1]
    assert merging_axes((1, 8), (1 / 100, 1 / 8)) == [1]


def test_elimination_inverts_positive_matrices():
    root = np.random.default_rng(0).standard_normal((4, 9, 9))
    matrices = root @ root.transpose(0, 2, 1) + np.eye(9)
    np.testing.assert_allclose(jax.vmap(positive_inverse)(jnp.asarray(matrices)), np.linalg.inv(matrices), rtol=1e-8)
