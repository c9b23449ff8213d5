"""The Fourier transform of fields: inverse pairs, derivatives, aliasing, precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order

from neuralpde.spaces import Box, ClosedForm, Field, Fourier, FunctionSpace, Grid
from neuralpde.spaces.fourier import act

SHAPES = [(15,), (12, 10), (6, 5, 8)]


def box(dim):
    names = "xyz"[:dim]
    return Box.of(periodic=names, **{name: (0.5, 1.5 + i) for i, name in enumerate(names)})


def noise(shape, channels, key):
    domain = box(len(shape))
    space = FunctionSpace(domain, tuple("abc"[:channels]))
    return Field(jax.random.normal(key, (*shape, channels)), Grid(domain, shape), space)


@pytest.mark.parametrize("shape", SHAPES)
def test_synthesis_inverts_analysis(shape, key):
    u = noise(shape, 2, key)
    fourier = Fourier(u.on)
    spectrum = fourier.analyse(u)
    assert spectrum.shape == (2, *fourier.shape)
    np.testing.assert_allclose(fourier.synthesise(spectrum, u.space).values, u.values, atol=1e-13)


@pytest.mark.parametrize("shape", [(16,), (9, 14)])
def test_multipliers_are_the_derivatives_of_fields(shape, key):
    u = noise(shape, 1, key)
    fourier = Fourier(u.on)
    cases = [(axis, order) for axis in range(len(shape)) for order in (1, 2, 3, 4)]

    @jax.jit
    def both(u):
        spectrum = fourier.analyse(u)
        of = lambda multiplier: fourier.synthesise(act(multiplier, spectrum), u.space).values
        found = [of(fourier.derivative(*case)) for case in cases]
        return [*found, of(fourier.laplacian())], [*(u.diff(*case).values for case in cases), u.laplacian().values]

    for found, expected in zip(*both(u), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-10 * float(jnp.abs(expected).max()))


@pytest.mark.parametrize("n", [15, 18])
def test_two_thirds_of_the_wavenumbers_make_products_of_two_exact(n, key):
    # The kept part of a product on the coarse grid is the same as on a grid that holds all of the product.
    coarse, fine = Fourier(Grid(box(1), (n,)), float, 2 / 3), Fourier(Grid(box(1), (4 * n,)))
    spectrum = coarse.filter(jax.random.normal(key, coarse.shape) + 1j * jax.random.normal(key, coarse.shape))
    spectrum = spectrum.at[0].set(1.0)
    product = coarse.forward(coarse.inverse(spectrum) ** 2)
    padded = jnp.zeros(fine.shape, complex).at[: len(spectrum)].set(4 * spectrum)
    exact = fine.forward(fine.inverse(padded) ** 2)[: len(spectrum)] / 4
    np.testing.assert_allclose(product, coarse.filter(exact), atol=1e-12)
    aliased = Fourier(coarse.grid).forward(coarse.inverse(spectrum) ** 2)
    assert jnp.abs(aliased - exact).max() > 1e-6


def test_filter_keeps_its_fraction_of_each_axis():
    fourier = Fourier(Grid(box(2), (12, 18)), float, 2 / 3)
    kept = fourier.filter(jnp.ones(fourier.shape, complex)) != 0
    assert kept.sum() == 7 * 6  # |m| < 4 along x, 0 <= m < 6 along y
    assert Fourier(fourier.grid).filter(jnp.ones(fourier.shape, complex)).all()


def test_projection_is_the_series_of_the_function_cut_off():
    # |sin(pi x / L)| is 2/pi - 4/pi sum cos(2 pi m x / L) / (4 m^2 - 1): its slope jumps at the seam.
    ring = Box.of(periodic=("x",), x=(0.0, 2.0))
    kink = ClosedForm(lambda x: jnp.abs(jnp.sin(jnp.pi * x / 2)), FunctionSpace(ring))
    fourier = Fourier(ring.grid(16))
    m = jnp.arange(8)
    exact = jnp.append(jnp.where(m == 0, 2 / jnp.pi, -2 / jnp.pi / (4.0 * m**2 - 1)), 0.0)

    @jax.jit
    def errors():
        fields = fourier.project(kink, 8), fourier.project(kink, 16), kink.sample(fourier.grid)
        return [jnp.abs(fourier.analyse(u)[0] / 16 - exact).max() for u in fields]

    coarse, fine, unprojected = errors()
    assert observed_order([coarse, fine]) == pytest.approx(2, abs=0.1)
    assert 20 * coarse < unprojected


def test_projection_keeps_what_the_grid_resolves(key):
    torus = box(2)
    wave = ClosedForm(
        lambda x: jnp.sin(4 * jnp.pi * (x[:1] - 0.5)) * jnp.cos(2 * jnp.pi * (x[1:] - 0.5) / 2 + 1),
        FunctionSpace(torus),
    )
    on = Grid(torus, (9, 8))
    found, expected = jax.jit(lambda: (Fourier(on).project(wave, 3).values, wave.sample(on).values))()
    np.testing.assert_allclose(found, expected, atol=1e-13)


def test_precision_is_that_of_the_values():
    fourier = Fourier(Grid(box(2), (8, 6)), jnp.float32, 2 / 3)
    values = jnp.ones((8, 6), jnp.float32)
    assert fourier.forward(values).dtype == jnp.complex64
    assert fourier.inverse(fourier.derivative(0) * fourier.forward(values)).dtype == jnp.float32
    assert fourier.laplacian().dtype == jnp.float32


def test_matrices_act_on_the_components_of_each_mode():
    rng = np.random.default_rng(0)
    matrix, spectrum = rng.standard_normal((2, 2, 5, 3)), rng.standard_normal((2, 5, 3)) + 0j
    found = act(jnp.asarray(matrix), jnp.asarray(spectrum))
    np.testing.assert_allclose(found, np.einsum("ijxy,jxy->ixy", matrix, spectrum), atol=1e-14)


def test_walls_and_complex_values_are_refused():
    with pytest.raises(ValueError, match="needs periodic axes"):
        Fourier(Box.cube(2).grid(8))
    with pytest.raises(ValueError, match="two components"):
        Fourier(Grid(box(1), (8,)), complex)
    with pytest.raises(ValueError, match="fraction"):
        Fourier(Grid(box(1), (8,)), float, 1.5)
