"""Boundary value problems with eigenvalues: orders of convergence, meshes, and what cannot be solved."""

import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order
from solvers.boundary_value_convergence import eigenvalue_errors, inner_errors, strings

from neuralpde.solvers import solve_boundary_value


@pytest.mark.parametrize("degree", [2, 3])
def test_collocation_is_superconvergent_at_the_nodes(degree):
    assert observed_order(eigenvalue_errors(degree)) == pytest.approx(2 * degree, abs=0.3)
    assert observed_order(inner_errors(degree)) > degree + 1 - 0.3


def test_elements_join_and_ends_are_met():
    found = strings(3)[-1]
    np.testing.assert_allclose(found.values[:-1, -1], found.values[1:, 0], atol=1e-12)
    np.testing.assert_allclose(found(np.asarray([0.0, 1.0]))[:, 0], 0, atol=1e-12)


def layer(width, **options):
    """-width u'' + u' = 1, u(0) = u(1) = 0, and by how much its solution misses x - exp((x - 1) / width) + ..."""
    rate = lambda x, y, p: jnp.stack([y[1], (y[1] - 1) / width])
    ends = lambda a, b, p: jnp.stack([a[0], b[0]])
    guess = lambda x: np.stack([x, np.ones_like(x)], axis=1)
    found = solve_boundary_value(rate, ends, np.linspace(0, 1, 21), guess, np.zeros(0), **options)
    x = np.linspace(0, 1, 1001)
    exact = x - np.exp((x - 1) / width) * np.expm1(-x / width) / np.expm1(-1 / width)
    return found, np.abs(found(x)[:, 0] - exact).max()


def test_adapted_meshes_follow_layers():
    (even, coarse), (adapted, fine) = layer(0.01), layer(0.01, adapted=2)
    assert len(even.mesh) == len(adapted.mesh) and adapted.mesh[[0, -1]].tolist() == [0, 1]
    assert np.diff(adapted.mesh)[-1] < 0.2 * np.diff(even.mesh)[-1]
    assert fine < coarse / 20


def test_what_has_no_solution_is_told():
    # Bratu's u'' + p exp(u) = 0 has no solution beyond p = 3.51.
    rate = lambda x, y, p: jnp.stack([y[1], -5.0 * jnp.exp(y[0])])
    ends = lambda a, b, p: jnp.stack([a[0], b[0]])
    flat = lambda x: np.zeros((len(x), 2))
    with pytest.raises(ValueError, match="begin nearer"):
        solve_boundary_value(rate, ends, np.linspace(0, 1, 9), flat, np.zeros(0))
