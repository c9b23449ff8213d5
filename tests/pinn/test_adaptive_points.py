"""Points that follow the residual: their density, what stays, and what is drawn anew."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from neuralpde.pinn import R3, RAD, RARD, Uniform, in_domain
from neuralpde.pinn.sampling.adaptive import density
from neuralpde.spaces import Ball, Box

pytestmark = pytest.mark.slow  # many small programs, each compiled

LINE = Box.cube(1)


def draw(key, n):
    return in_domain(LINE, Uniform(), n, key)


def slope(points):
    """A residual that grows from zero at x = 0."""
    return points.x[:, 0]


def renewed(scheme, n, size=slope):
    """The first points, and those that come from them."""

    def both(key):
        key_start, key_renew = jax.random.split(key)
        points = scheme.start(n, draw, key_start)
        return points, scheme.renew(points, size, draw, key_renew)

    return jax.device_get(jax.jit(both)(jax.random.key(0)))


def test_density_is_that_of_the_paper():
    size = np.asarray([0.0, 1.0, 2.0, 5.0])
    expected = size**2 / np.mean(size**2) + 0.5
    np.testing.assert_allclose(density(jnp.asarray(size), 2.0, 0.5), expected / expected.sum(), rtol=1e-14)
    np.testing.assert_allclose(density(jnp.zeros(4), 1.0, 0.0), 0.25)


@pytest.mark.parametrize("power, floor", [(1.0, 0.0), (2.0, 1.0)])
def test_points_have_the_density_of_rad(power, floor):
    """Of 400 points, drawn from a hundred times as many, a chi-square test on ten equal intervals of x."""
    _, points = renewed(RAD(power, floor, candidates=100), 400)
    found, edges = np.histogram(points.x[:, 0], bins=10, range=(0, 1))
    # With |r| = x: x^p (p + 1) + c over 1 + c, integrated over each interval.
    cumulative = (edges ** (power + 1) + floor * edges) / (1 + floor)
    assert scipy.stats.chisquare(found, 400 * np.diff(cumulative)).pvalue > 1e-3
    np.testing.assert_allclose(points.w, 1 / 400)


def test_points_of_rad_are_different_ones_and_avoid_empty_places():
    disc = Ball((0.0, 0.0))

    def cloud(key, n):
        points = in_domain(disc, Uniform(), n, key)
        return jax.tree.map(lambda leaf: leaf.at[n // 2 :].set(0.0), points)

    scheme = RAD(candidates=4)
    points = jax.jit(lambda key: scheme.renew(cloud(key, 50), lambda p: jnp.ones(len(p.w)), cloud, key))(
        jax.random.key(1)
    )
    assert len(np.unique(points.x[:, 0])) == 50 and not np.any(np.asarray(points.x[:, 0]) == 0)


def test_rard_adds_points_and_keeps_the_others():
    scheme = RARD(first=0.5, added=0.2, candidates=10)
    before, after = renewed(scheme, 100)
    assert (before.w > 0).sum() == 50 and (after.w > 0).sum() == 70
    np.testing.assert_array_equal(after.x[:50], before.x[:50])
    np.testing.assert_allclose([before.w.sum(), after.w.sum()], 1)
    # Added with the density 3 x^2, whose mean is 3/4.
    assert abs(after.x[50:70].mean() - 0.75) < 4 * np.sqrt(3 / 80 / 20)

    def often(key):
        step = lambda points, k: (scheme.renew(points, slope, draw, k), jnp.sum(points.w > 0))
        return jax.lax.scan(step, scheme.start(100, draw, key), jax.random.split(key, 5))

    last, counts = jax.jit(often)(jax.random.key(2))
    np.testing.assert_array_equal(counts, [50, 70, 90, 100, 100])
    np.testing.assert_allclose(last.w, 0.01)


def test_r3_retains_large_residuals_and_redraws_the_rest():
    before, after = renewed(R3(), 200)
    stays = before.x[:, 0] > before.x[:, 0].mean()
    np.testing.assert_array_equal(after.x[stays], before.x[stays])
    assert not np.any(after.x[~stays] == before.x[~stays])
    assert scipy.stats.kstest(after.x[~stays][:, 0], "uniform").pvalue > 1e-3


def test_unusable_numbers_are_refused():
    for make in (lambda: RAD(power=0.0), lambda: RARD(floor=-1.0), lambda: RAD(candidates=0)):
        with pytest.raises(ValueError, match="power > 0, floor >= 0"):
            make()
    with pytest.raises(ValueError, match="shares of the points"):
        RARD(first=1.0)
