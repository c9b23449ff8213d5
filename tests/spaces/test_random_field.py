"""Gaussian fields: covariance against the kernel, one function for one key, boundary behaviour."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.spaces import (
    Ball,
    Box,
    Dirichlet,
    FunctionSpace,
    GaussianField,
    Matern,
    Neumann,
    Points,
    PowerLaplace,
    SquaredExponential,
)

SPACES = {
    "periodic": FunctionSpace(Box.cube(2, periodic=True)),
    "dirichlet": FunctionSpace(Box.cube(2), "u", Dirichlet(0.0)),
    "neumann": FunctionSpace(Box.cube(2), "u", Neumann(0.0)),
    "free": FunctionSpace(Box.cube(2)),
}


@pytest.mark.parametrize("name", SPACES)
def test_one_key_is_one_function_at_every_resolution_and_at_points(name, key):
    space = SPACES[name]
    prior = GaussianField(space, Matern(1.5, 0.3), modes=16)
    layout = "periodic" if name == "periodic" else "nodes"
    coarse, fine = (
        prior.sample(key, space.domain.grid(n, layout=layout)) for n in ((8, 16) if layout == "periodic" else (9, 17))
    )
    np.testing.assert_allclose(coarse.values, fine.values[::2, ::2], atol=1e-11)
    points = Points(coarse.on.coords().reshape(-1, 2), space.domain)
    np.testing.assert_allclose(prior.sample(key, points).values, coarse.values.reshape(-1, 1), atol=1e-11)


def draws(prior, x, count=4000):
    points = Points(x, prior.space.domain)
    keys = jax.random.split(jax.random.key(7), count)
    return jax.jit(jax.vmap(lambda k: prior.sample(k, points).values[:, 0]))(keys)


KERNELS = (SquaredExponential(0.1, 2.0), Matern(1.5, 0.08, 2.0), Matern(2.5, 0.1))
# Without walls or periods a Matern field has most modes: one of these draws is as long as all others together.
KINDS = [("periodic", kernel, ()) for kernel in KERNELS] + [
    ("free", kernel, pytest.mark.slow if isinstance(kernel, Matern) else ()) for kernel in KERNELS
]


@pytest.mark.parametrize("name, covariance", [pytest.param(n, kernel, marks=mark) for n, kernel, mark in KINDS])
def test_covariance_is_the_kernel(name, covariance):
    x = jnp.asarray([[0.5, 0.5], [0.55, 0.5], [0.5, 0.62], [0.65, 0.6]])
    prior = GaussianField(SPACES[name], covariance, modes=40)
    sample = draws(prior, x)
    r = np.linalg.norm(np.asarray(x[0] - x), axis=1)
    s = r / covariance.length
    if isinstance(covariance, SquaredExponential):
        kernel = np.exp(-0.5 * s**2)
    elif covariance.nu == 1.5:
        kernel = (1 + np.sqrt(3) * s) * np.exp(-np.sqrt(3) * s)
    else:
        kernel = (1 + np.sqrt(5) * s + 5 * s**2 / 3) * np.exp(-np.sqrt(5) * s)
    measured = (sample[:, :1] * sample).mean(0) / covariance.sigma**2
    np.testing.assert_allclose(measured, kernel, atol=0.07)


def test_power_of_the_laplacian_has_its_eigenvalues():
    """Project onto an L2-orthonormal Neumann eigenfunction: variance (pi^2 (k1^2 + k2^2) + tau^2)^-alpha."""
    space = SPACES["neumann"]
    prior = GaussianField(space, PowerLaplace(2.0, 3.0), modes=6)
    grid = space.domain.grid(12)
    keys = jax.random.split(jax.random.key(3), 4000)
    values = jax.vmap(lambda k: prior.sample(k, grid).values[..., 0])(keys)
    x, y = jnp.moveaxis(grid.coords(), -1, 0)
    for k1, k2, scale in [(0, 0, 1), (1, 0, np.sqrt(2)), (2, 1, 2)]:
        mode = scale * jnp.cos(np.pi * k1 * x) * jnp.cos(np.pi * k2 * y)
        coefficients = jnp.mean(values * mode, axis=(1, 2))
        expected = (np.pi**2 * (k1**2 + k2**2) + 9.0) ** -2
        assert float(coefficients.var()) == pytest.approx(expected, rel=0.1)


def test_walls_are_obeyed(key):
    edge = jnp.asarray([[0.0, 0.3], [1.0, 0.8], [0.4, 0.0]])
    zero = GaussianField(SPACES["dirichlet"], PowerLaplace()).sample(key, Points(edge, SPACES["dirichlet"].domain))
    np.testing.assert_allclose(zero.values, 0, atol=1e-12)
    h = 1e-4
    near = jnp.asarray([[0.0, 0.3], [h, 0.3]])
    flat = GaussianField(SPACES["neumann"], PowerLaplace()).sample(key, Points(near, SPACES["neumann"].domain)).values
    assert abs(float((flat[1] - flat[0])[0])) < 1e-4 * float(jnp.abs(flat).max()) + 1e-8


def test_zero_mean_removes_the_constant(key):
    space = SPACES["periodic"]
    field = GaussianField(space, PowerLaplace(), modes=8, zero_mean=True).sample(key, space.domain.grid(16))
    np.testing.assert_allclose(field.mean(), 0, atol=1e-14)


def test_components_are_independent(key):
    space = FunctionSpace(Box.cube(1), ("u", "v"), Neumann(0.0))
    sample = jax.vmap(lambda k: GaussianField(space, PowerLaplace(), modes=8).sample(k, space.domain.grid(4)).values)
    u, v = jnp.moveaxis(sample(jax.random.split(key, 4000))[:, 1], -1, 0)
    assert abs(float(jnp.corrcoef(u, v)[0, 1])) < 0.06


def test_fields_live_on_any_shape(key):
    disc = Ball((0.0, 0.0), 1.0)
    field = GaussianField(FunctionSpace(disc), SquaredExponential(0.3), modes=8).sample(
        key, Points.random(disc, 30, key=key)
    )
    assert field.values.shape == (30, 1) and bool(jnp.isfinite(field.values).all())


def test_laplacian_powers_need_conditions_on_the_walls(key):
    with pytest.raises(ValueError, match="free boundaries"):
        GaussianField(SPACES["free"], PowerLaplace()).sample(key, Box.cube(2).grid(4))
