"""Paths through series against the conditions that define them, and log-signatures against iterated integrals."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cde_convergence import log_ode_rows
from convergence import observed_order

from neuralpde.dynamics import log_signature, log_signature_path, log_signature_size
from neuralpde.dynamics.log_signature import levy_areas
from neuralpde.errors import ArgumentError
from neuralpde.spaces import IrregularSeries, control_path

NAN = np.nan
TIMES = np.array([0.0, 0.4, 1.0, 1.3, 2.0, 2.2])
VALUES = np.array([[1.0, NAN], [0.5, NAN], [2.0, -1.0], [-1.0, NAN], [0.0, 3.0], [1.0, NAN]])


@pytest.fixture
def series() -> IrregularSeries:
    return IrregularSeries(TIMES, VALUES)


def test_hermite_path_has_the_values_and_slopes_of_its_definition(series):
    path = control_path(series)
    eps = 1e-12
    x = jax.jit(jax.vmap(path.evaluate))(TIMES)
    slope = jax.jit(jax.vmap(path.derivative))(TIMES + np.where(TIMES < 2, eps, -eps))
    np.testing.assert_allclose(x[:, 0], TIMES, atol=1e-12)
    np.testing.assert_allclose(x[:, 1], VALUES[:, 0], atol=1e-12)
    backward = np.diff(VALUES[:, 0]) / np.diff(TIMES)
    # From the line before each entry; the first piece has its own.
    np.testing.assert_allclose(slope[:, 1], [backward[0], *backward], atol=1e-8)
    np.testing.assert_allclose(slope[:, 0], 1, atol=1e-8)


def test_piece_of_the_hermite_path_is_the_cubic_of_the_formula(series):
    i, path = 2, control_path(series)
    h, v = TIMES[3] - TIMES[2], (VALUES[2, 0] - VALUES[1, 0]) / (TIMES[2] - TIMES[1])
    s = (VALUES[3, 0] - VALUES[2, 0]) / h
    r = 0.6 * h
    expected = VALUES[i, 0] + v * r + 2 * (s - v) / h * r**2 + (v - s) / h**2 * r**3
    assert abs(path.evaluate(jnp.array(TIMES[i] + r))[1] - expected) < 1e-12


@pytest.mark.parametrize("kind", ["hermite", "linear"])
def test_missing_values_lie_between_their_neighbours_in_the_channel(series, kind):
    path = control_path(series, kind)
    assert np.isfinite(path.values).all()
    seen = np.array([2, 4])
    np.testing.assert_allclose(path.values[seen, 2], VALUES[seen, 1], atol=1e-12)
    assert path.values[0, 2] == 0 and abs(path.values[5, 2] - 3) < 1e-12  # zero before, the last one after
    # Where a channel is seen at the first time its value stays: a filling for others must not touch it.
    assert path.values[0, 1] == VALUES[0, 0]
    if kind == "linear":
        np.testing.assert_allclose(path.values[3, 2], -1 + 4 * 0.3 / 1.0, atol=1e-12)


@pytest.mark.parametrize("kind", ["hermite", "linear", "rectilinear"])
def test_channel_that_was_never_measured_is_zero(kind):
    path = control_path(IrregularSeries(TIMES, np.full((6, 1), NAN)), kind, counts=True)
    np.testing.assert_array_equal(path.values[:, 1:], 0)


def test_rectilinear_path_waits_and_then_jumps(series):
    path = control_path(series, "rectilinear", counts=True)
    assert path.values.shape == (11, 5) and path.last == 10
    np.testing.assert_array_equal(path.values[:5, 0], [0, 0.4, 0.4, 1, 1])
    np.testing.assert_array_equal(path.values[:5, 1], [1, 1, 0.5, 0.5, 2])
    np.testing.assert_array_equal(path.values[-1, 3:], [6, 2])


def test_unknown_path_is_refused(series):
    with pytest.raises(ArgumentError, match="hermite, linear, rectilinear"):
        control_path(series, "cubic")


def test_areas_are_iterated_integrals(key):
    values = jax.random.normal(key, (7, 3))
    fine = np.concatenate([np.linspace(a, b, 2001)[:-1] for a, b in itertools.pairwise(values)] + [values[-1:]])
    middle, steps = (fine[1:] + fine[:-1]) / 2 - fine[0], np.diff(fine, axis=0)
    iterated = middle.T @ steps  # int (X_i - X_i(0)) dX_j by the midpoint rule, exact on straight pieces
    np.testing.assert_allclose(levy_areas(values), (iterated - iterated.T) / 2, atol=1e-10)
    i, j = np.triu_indices(3, 1)
    whole = log_signature(values, 2)
    assert len(whole) == log_signature_size(3, 2)
    np.testing.assert_allclose(whole, [*(values[-1] - values[0]), *levy_areas(values)[i, j]], atol=1e-12)


def test_area_of_a_circle_is_its_area():
    angle = np.linspace(0, 2 * np.pi, 4001)
    circle = jnp.asarray(np.stack([np.cos(angle), np.sin(angle)], axis=1))
    assert abs(levy_areas(circle)[0, 1] - np.pi) < 1e-5


def test_signature_of_a_path_joined_to_another_is_their_product(key):
    """Chen's identity in the form of Baker, Campbell and Hausdorff: areas add up, and half the bracket of increments."""
    values = jax.random.normal(key, (9, 3))
    first, second = values[:5], values[4:]
    a, b = first[-1] - first[0], second[-1] - second[0]
    joined = levy_areas(first) + levy_areas(second) + 0.5 * (jnp.outer(a, b) - jnp.outer(b, a))
    np.testing.assert_allclose(levy_areas(values), joined, atol=1e-12)


@pytest.mark.slow
def test_path_of_log_signatures_stops_with_its_series(series):
    longer = control_path(series.padded(9), "linear")
    path, short = log_signature_path(longer, 3), log_signature_path(control_path(series, "linear"), 3)
    assert path.last == short.last == 2
    np.testing.assert_allclose(path.values[:3], short.values[:3], atol=1e-12)
    np.testing.assert_array_equal(path.values[3], path.values[2])
    np.testing.assert_allclose(short.increments[0, :3], control_path(series, "linear").values[3] - short.values[0, :3])


@pytest.mark.slow
def test_log_ode_converges_with_the_order_of_its_depth():
    for rule, _, order, errors in log_ode_rows():
        assert abs(observed_order(errors) - order) < 0.3, (rule, errors)
