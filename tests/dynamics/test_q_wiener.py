"""Noise with values in a function space: its covariance, its walls, one path on every grid."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.dynamics import QWiener
from neuralpde.spaces import (
    Ball,
    Box,
    Dirichlet,
    Field,
    FunctionSpace,
    Matern,
    Neumann,
    Points,
    SquaredExponential,
    White,
)

LINE, RING = Box.cube(1), Box.cube(1, periodic=True)
SPACES = {
    "periodic": FunctionSpace(RING),
    "dirichlet": FunctionSpace(LINE, "u", Dirichlet(0.0)),
    "neumann": FunctionSpace(LINE, "u", Neumann(0.0)),
    "free": FunctionSpace(LINE),
}
TIMES = jnp.asarray([0.0, 0.3, 1.0])


def path(noise, key, on):
    """Values of one path."""
    return jax.jit(lambda key: noise.path(key, TIMES, on).field.values)(key)


@pytest.mark.parametrize("name", ["periodic", "free"])
def test_covariance_is_the_kernel_times_the_earlier_time(name):
    """Also at a free wall, which the noise does not see."""
    noise = QWiener(SPACES[name], SquaredExponential(0.15, 1.3), modes=40)
    grid = noise.space.domain.grid(10)
    keys = jax.random.split(jax.random.key(1), 6000)
    w = jax.jit(jax.vmap(lambda k: noise.path(k, TIMES, grid).field.values[1:, :, 0]))(keys)
    found = np.einsum("nti,nsj->tisj", w, w) / len(keys)
    x = np.asarray(grid.coords())[:, 0]
    distance = np.abs(x[:, None] - x)
    distance = np.minimum(distance, 1 - distance) if name == "periodic" else distance
    kernel = 1.3**2 * np.exp(-(distance**2) / (2 * 0.15**2))
    earlier = np.minimum(TIMES[1:, None], TIMES[1:])
    # The variance of a product of two Gaussians is at most twice that of its factors.
    np.testing.assert_allclose(found, earlier[:, None, :, None] * kernel[:, None], atol=5 * 1.3**2 * (2 / 6000) ** 0.5)


@pytest.mark.parametrize("name", SPACES)
def test_one_path_on_every_grid_and_at_points(name, key):
    noise = QWiener(SPACES[name], Matern(1.5, 0.2), modes=20)
    box, layout = noise.space.domain, "periodic" if name == "periodic" else "nodes"
    sizes = (8, 16) if layout == "periodic" else (9, 17)
    coarse, fine = (path(noise, key, box.grid(n, layout=layout)) for n in sizes)
    np.testing.assert_allclose(coarse, fine[:, ::2], atol=1e-12)
    points = Points(box.grid(sizes[0], layout=layout).coords(), box)
    np.testing.assert_allclose(path(noise, key, points), coarse, atol=1e-12)


def test_walls_are_obeyed(key):
    ends = Points(jnp.asarray([[0.0], [1.0], [1e-5]]), LINE)
    noise = lambda name: path(QWiener(SPACES[name], Matern(1.5, 0.2), modes=20), key, ends)[-1, :, 0]
    np.testing.assert_allclose(noise("dirichlet")[:2], 0, atol=1e-12)
    flat = noise("neumann")
    assert abs(flat[2] - flat[0]) < 1e-6 * abs(flat[0])


def test_white_noise_has_one_variance_in_every_mode_and_components_apart():
    space = FunctionSpace(Box.cube(2, 0.0, 2.0, periodic=True), ("u", "v"))
    noise = QWiener(space, White(0.7), modes=5)
    np.testing.assert_allclose(noise.variances(), 0.49)
    beta = jnp.zeros(noise.shape).at[1, 2, 1].set(1.0)
    field = noise.field(beta, space.domain.grid(8))
    # One mode of one component, of the L2 norm sqrt(q).
    assert float(field.norm()) == pytest.approx(0.7)
    np.testing.assert_array_equal(field.values[..., 0], 0.0)


def test_zero_mean_leaves_out_the_constant(key):
    noise = QWiener(SPACES["periodic"], White(), modes=9, zero_mean=True)
    np.testing.assert_allclose(path(noise, key, RING.grid(16)).mean(1), 0, atol=1e-13)


def test_factor_is_linear_and_multiplies_point_by_point(key):
    noise = QWiener(SPACES["periodic"], White(), modes=5)
    u = Field(jax.random.normal(key, (8, 1)), RING.grid(8), noise.space)
    beta = jax.random.normal(key, noise.shape)
    plain, scaled = noise.factor(u).mv(beta), noise.factor(u, u).mv(2 * beta)
    np.testing.assert_allclose(scaled.values, 2 * u.values * plain.values, atol=1e-13)


def test_other_walls_and_domains_are_refused():
    with pytest.raises(ValueError, match="axis 'x' has"):
        QWiener(FunctionSpace(LINE, "u", [(Dirichlet(0.0), Neumann(0.0))]), White())
    with pytest.raises(ValueError, match="boxes"):
        QWiener(FunctionSpace(Ball((0.0, 0.0), 1.0)), White())
