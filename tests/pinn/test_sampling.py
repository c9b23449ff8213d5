"""Collocation points: how evenly they lie, by integration errors and against other implementations."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from pinn.sampling_convergence import errors, periodic, smooth

from neuralpde.pinn import Halton, LatinHypercube, Lattice, Sobol, Uniform, in_domain, on_surface
from neuralpde.pinn.sampling.lattice import _multiples, generator, worst_case_error
from neuralpde.pinn.sampling.sobol import LARGEST_DIM, as_fraction, direction_numbers, net
from neuralpde.pinn.sampling.surfaces import Lateral
from neuralpde.spaces import Ball, Box, Polygon

pytestmark = pytest.mark.slow  # many small programs, each compiled

SAMPLERS = [Uniform(), LatinHypercube(), Halton(), Sobol(), Lattice()]
names = pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda s: type(s).__name__)


def drawn(function, *arguments):
    return jax.device_get(jax.jit(lambda key: function(*arguments, key))(jax.random.key(3)))


def order(found, sizes):
    return math.log(found[0] / found[-1]) / math.log(sizes[-1] / sizes[0])


def test_sobol_points_are_those_of_scipy():
    """The same direction numbers: the first 64 points are the same set, in another order."""
    ours = as_fraction(net(jnp.asarray(direction_numbers(LARGEST_DIM)), 64)) - 2.0**-33
    theirs = scipy.stats.qmc.Sobol(LARGEST_DIM, scramble=False).random(64)
    np.testing.assert_allclose(np.sort(ours, axis=0), np.sort(theirs, axis=0), atol=1e-15)
    by_first = lambda points: points[np.argsort(points[:, 0])]
    np.testing.assert_allclose(by_first(np.asarray(ours)), by_first(theirs), atol=1e-15)


def test_scrambled_sobol_points_are_a_net():
    """In two coordinates every dyadic box of area 1/64 holds one of 64 points."""
    points = drawn(lambda key: Sobol().unit(key, 64, 2))
    for m in range(7):
        cells = np.floor(points * [2**m, 2 ** (6 - m)]).astype(int)
        assert len({tuple(cell) for cell in cells}) == 64


def test_latin_hypercube_has_one_point_in_each_slice():
    points = drawn(lambda key: LatinHypercube().unit(key, 50, 3))
    np.testing.assert_array_equal(np.sort(np.floor(points * 50), axis=0), np.arange(50)[:, None] * np.ones(3))


def test_lattice_is_a_shifted_group():
    n = 101
    points = drawn(lambda key: Lattice().unit(key, n, 2))
    relative = (points - points[0]) % 1
    np.testing.assert_allclose(relative, np.outer(np.arange(n), generator(n, 2)) / n % 1, atol=1e-12)


def test_lattice_multiples_do_not_overflow_32_bits():
    n = 99_991
    z = generator(n, 3)
    found = jax.jit(lambda: _multiples(z, n))()
    assert found.dtype == jnp.int32
    np.testing.assert_array_equal(found, np.outer(np.arange(n, dtype=np.int64), z) % n)


def test_generator_is_no_worse_than_that_of_fibonacci():
    """(1, 89) for 144 points is of the best order among all lattices in the plane."""
    found, fibonacci = worst_case_error(generator(144, 2), 144), worst_case_error((1, 89), 144)
    assert 0.5 * fibonacci < found <= fibonacci * (1 + 1e-12)


@names
def test_discrepancy_is_below_that_of_independent_points(sampler):
    points = drawn(lambda key: sampler.unit(key, 128, 2))
    assert points.shape == (128, 2) and points.min() >= 0 and points.max() <= 1
    discrepancy = scipy.stats.qmc.discrepancy(points)
    independent = np.random.default_rng(0).random((20, 128, 2))
    usual = np.mean([scipy.stats.qmc.discrepancy(p) for p in independent])
    assert discrepancy < (3 if isinstance(sampler, Uniform) else 0.6) * usual


def test_orders_of_integration():
    sizes = (128, 1024)
    uniform, halton, sobol = (errors(sampler, smooth, sizes) for sampler in (Uniform(), Halton(), Sobol()))
    assert 0.3 < order(uniform, sizes) < 0.7
    assert order(halton, sizes) > 0.85
    assert order(sobol, sizes) > 1.3
    # All periods of an analytic function fall faster than any power.
    lattice = errors(Lattice(), periodic, (32, 64))
    assert order(lattice, (32, 64)) > 3


@names
def test_every_randomisation_is_unbiased(sampler):
    """The mean over randomisations, within four standard errors of the exact mean."""
    integrand = lambda x: jnp.mean(smooth(x))
    found = jax.jit(jax.vmap(lambda key: integrand(sampler.unit(key, 16, 2))))(jax.random.split(jax.random.key(4), 256))
    assert abs(float(jnp.mean(found))) < 4 * float(jnp.std(found)) / 16


@names
def test_points_fill_shapes_that_are_no_boxes(sampler):
    disc = Ball((1.0, 2.0), 0.5)
    points = drawn(lambda key: in_domain(disc, sampler, 400, key))
    counted = points.w > 0
    assert points.x.shape == (400, 2) and counted.mean() > 0.85
    assert (np.linalg.norm(points.x - [1.0, 2.0], axis=1) <= 0.5 + 1e-12).all()
    assert points.w.sum() == pytest.approx(1, rel=1e-12)
    # The mean of the squared distance to the centre is r^2 / 2.
    mean = points.w @ np.sum((points.x - [1.0, 2.0]) ** 2, axis=1)
    assert mean == pytest.approx(0.125, rel=0.1 if isinstance(sampler, Uniform | LatinHypercube) else 0.03)


@pytest.mark.parametrize(
    "surface, mean",
    [
        (Ball((0.0, 0.0)).boundary, 0.5),
        (Ball((0.0, 0.0, 0.0)).boundary, 1 / 3),
        (Polygon([(0, 0), (1, 0), (0, 1)]).boundary, (1 + 2**0.5) / 3 / (2 + 2**0.5)),
        (Lateral(Ball((0.0, 0.0)).boundary, Box.of(t=(0.0, 2.0))), 0.5),
    ],
    ids=["circle", "sphere", "triangle", "cylinder"],
)
def test_points_on_curved_boundaries_are_spread_by_area(surface, mean):
    """Of x^2; on the edges of the triangle its integrals are 1/3, sqrt(2)/3 and 0."""
    points = drawn(lambda key: on_surface(surface, Sobol(), 1024, key))
    assert points.w @ points.x[:, 0] ** 2 == pytest.approx(mean, rel=2e-3)
    np.testing.assert_allclose(np.linalg.norm(points.normal, axis=1), 1, rtol=1e-12)


def test_too_many_coordinates_or_points_are_refused(key):
    with pytest.raises(ValueError, match="use Lattice"):
        Sobol().unit(key, 4, LARGEST_DIM + 1)
    with pytest.raises(ValueError, match="use Lattice"):
        Halton().unit(key, 4, 21)
    with pytest.raises(ValueError, match="use Sobol or Halton"):
        Lattice().unit(key, 2**20 + 1, 2)
