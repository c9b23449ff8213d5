"""Spherical harmonics: the functions themselves, transforms there and back, derivatives, quadrature on the sphere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from neuralpde.spaces import Box, SphericalHarmonics
from neuralpde.spaces.spherical_harmonics import associated_legendre, resolved_degree

DEGREE = 13
SPHERE = Box.of(("lon",), lat=(-90.0, 90.0), lon=(0.0, 360.0))
GRID = SPHERE.grid(20, 30)


def harmonics(kind, degree=DEGREE):
    """Harmonics on Gaussian latitudes, or on a grid in degrees."""
    if kind == "gaussian":
        return SphericalHarmonics.gaussian(degree)
    return SphericalHarmonics.on_grid(GRID, degree)


def spectrum(seed=0, degree=DEGREE):
    """Random coefficients: zero for n < m, real for m = 0."""
    rng = np.random.default_rng(seed)
    values = np.triu(rng.standard_normal((degree + 1, degree + 1)) + 1j * rng.standard_normal((degree + 1, degree + 1)))
    values[0] = values[0].real
    return jnp.asarray(values)


def run(function, kind, *arrays):
    return jax.jit(lambda *arrays: function(harmonics(kind), *arrays))(*arrays)


def test_functions_are_those_of_scipy_with_mean_square_one():
    x = np.linspace(-0.99, 0.99, 7)
    p, slope = jax.jit(associated_legendre, static_argnums=0)(40, jnp.asarray(x))
    for n, m in ((0, 0), (1, 0), (1, 1), (7, 3), (40, 0), (40, 11), (40, 40)):
        norm = (-1) ** m * np.exp(
            0.5 * (np.log(2 * n + 1) + scipy.special.gammaln(n - m + 1) - scipy.special.gammaln(n + m + 1))
        )
        np.testing.assert_allclose(p[m, :, n], norm * scipy.special.lpmv(m, n, x), rtol=1e-10, atol=1e-11)
        below = scipy.special.lpmv(m, n - 1, x) if n > m else np.zeros(7)
        exact = norm * ((n + m) * below - n * x * scipy.special.lpmv(m, n, x))
        np.testing.assert_allclose(slope[m, :, n], exact, rtol=1e-9, atol=1e-9)
    assert not p[5, :, 4].any() and not slope[5, :, 4].any()


@pytest.mark.parametrize("kind", ["gaussian", "grid"])
def test_analysis_inverts_synthesis(kind):
    s = spectrum()
    back = run(lambda h, s: h.analyse(h.synthesise(s)), kind, s)
    np.testing.assert_allclose(back, s, atol=1e-13)


def test_mean_square_is_that_of_the_coefficients():
    s = spectrum(1)
    values, square, mean = run(lambda h, s: ((v := h.synthesise(s)), h.mean(v**2), h.mean(v)), "gaussian", s)
    assert square == pytest.approx(float(jnp.sum(jnp.abs(s[0]) ** 2) + 2 * jnp.sum(jnp.abs(s[1:]) ** 2)), rel=1e-13)
    assert mean == pytest.approx(float(s[0, 0].real), abs=1e-13)
    assert values.shape == (20, 40)


@pytest.mark.parametrize("kind", ["gaussian", "grid"])
def test_quadrature_weights_add_up_to_the_whole_sphere(kind):
    h = run(lambda h: h, kind)
    assert float(h.weights.sum()) == pytest.approx(2, abs=1e-14)
    highest = 39 if kind == "gaussian" else 19
    assert float(h.weights @ h.sine**highest) == pytest.approx(0, abs=1e-14)
    even = highest - highest % 2
    assert float(h.weights @ h.sine**even) == pytest.approx(2 / (even + 1), abs=1e-14)


def cap(x, y, z):
    """A function of the sphere that is a polynomial of degree 5 in space, so that DEGREE holds it and its products."""
    return (x - 0.3 * y) ** 2 * z + 0.5 * x * y * z**3 - 0.2 * z


def point(latitude, longitude):
    return jnp.cos(latitude) * jnp.cos(longitude), jnp.cos(latitude) * jnp.sin(longitude), jnp.sin(latitude)


def on_points(h, f):
    """A function of latitude and longitude (radians) at all points."""
    latitude = jnp.arcsin(h.sine)
    longitude = 2 * jnp.pi * jnp.arange(h.longitudes) / h.longitudes
    return jax.vmap(lambda a: jax.vmap(lambda b: f(a, b))(longitude))(latitude)


def test_laplacian_is_that_of_the_sphere():
    # On the sphere: Laplace f = div grad in three dimensions of f extended constantly along rays.
    ray = lambda p: cap(*(p / jnp.linalg.norm(p)))
    f = lambda a, b: jnp.trace(jax.hessian(ray)(jnp.stack(point(a, b))))

    def both(h):
        values = on_points(h, lambda a, b: cap(*point(a, b)))
        return h.synthesise(h.laplacian * h.analyse(values)), on_points(h, f)

    found, exact = run(both, "gaussian")
    np.testing.assert_allclose(found, exact, atol=1e-11)


def test_vectors_have_the_curl_and_the_divergence_they_are_made_of():
    psi = lambda a, b: cap(*point(a, b))
    chi = lambda a, b: cap(*point(-a, b + 1.0))

    def everything(h):
        d = lambda f, i: jax.grad(f, i)
        u = lambda a, b: d(chi, 1)(a, b) - jnp.cos(a) * d(psi, 0)(a, b)
        v = lambda a, b: d(psi, 1)(a, b) + jnp.cos(a) * d(chi, 0)(a, b)
        exact = on_points(h, u), on_points(h, v)
        curl, divergence = (h.laplacian * h.analyse(on_points(h, f)) for f in (psi, chi))
        found = h.synthesise_vector(curl, divergence)
        slope = h.synthesise_slope(h.analyse(on_points(h, psi)))
        steep = on_points(h, lambda a, b: jnp.cos(a) * d(psi, 0)(a, b))
        return (*found, slope, *h.analyse_vector(*exact)), (*exact, steep, curl, divergence)

    for found, exact in zip(*run(everything, "gaussian"), strict=True):
        np.testing.assert_allclose(found, exact, atol=1e-12)


def test_product_of_two_functions_has_no_aliasing():
    # Their spectrum up to the degree is the same on many more points.
    s, t = spectrum(2), spectrum(3)
    product = run(lambda h, s, t: h.analyse(h.synthesise(s) * h.synthesise(t)), "gaussian", s, t)
    wide = jax.jit(lambda s: jnp.pad(s, ((0, DEGREE), (0, DEGREE))))
    fine = jax.jit(
        lambda s, t: (h := SphericalHarmonics.gaussian(2 * DEGREE)).analyse(h.synthesise(s) * h.synthesise(t))
    )
    np.testing.assert_allclose(product, fine(wide(s), wide(t))[: DEGREE + 1, : DEGREE + 1], atol=1e-12)


def test_single_precision_stays_single():
    @jax.jit
    def both(s):
        h = SphericalHarmonics.gaussian(5, jnp.float32)
        values = h.synthesise(s)
        return values, h.analyse(values)

    s = spectrum(degree=5).astype(jnp.complex64)
    values, back = both(s)
    assert values.dtype == jnp.float32 and back.dtype == jnp.complex64
    np.testing.assert_allclose(back, s, atol=1e-5)


def test_grids_that_are_not_the_sphere_are_refused():
    assert resolved_degree(GRID) == 14
    with pytest.raises(ValueError, match="20 latitudes and 30 longitudes hold degrees up to 14, got 15"):
        SphericalHarmonics.on_grid(GRID, 15)
    for box in (Box.cube(2), Box.of(("lon",), lat=(-90.0, 90.0), lon=(0.0, 180.0))):
        with pytest.raises(ValueError, match="the axes lat, from -90 to 90"):
            resolved_degree(box.grid(16))
    with pytest.raises(ValueError, match="the cells of the first"):
        resolved_degree(SPHERE.grid(16, 32, layout=("nodes", "periodic")))
