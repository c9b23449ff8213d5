"""Priors of the sphere, of waves in a gas and of stirred smoke: the laws they state, one function on every grid."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import BuoyantSmoke, Euler, SphereShallowWater, StirredSmoke, WavyGas, ZonalJets
from neuralpde.spaces import Box, FunctionSpace, PowerNoise, SphericalHarmonics

SPHERE = FunctionSpace(Box.of(("lon",), lat=(-90.0, 90.0), lon=(0.0, 360.0)), SphereShallowWater.names)
LINE = FunctionSpace(Box.of(("x",), x=(-1.0, 1.0)), Euler(5 / 3, 1).names)
BOX = FunctionSpace(Box.cube(2), BuoyantSmoke.names)


@functools.cache
def jets(n):
    """Forty states on n latitudes, and the coefficients of their vorticity, divergence and pressure."""
    prior = ZonalJets(SPHERE, degree=15)
    on = SPHERE.domain.grid(n, 2 * n)

    @jax.jit
    def draw(keys):
        values = jax.vmap(lambda k: prior.sample(k, on).values)(keys)
        return values, SphericalHarmonics.on_grid(on, 15).analyse(jnp.moveaxis(values[..., 2:], -1, 1))

    return draw(jax.random.split(jax.random.key(0), 40))


def test_jets_are_one_function_on_all_grids_that_hold_them():
    (_, a), (_, b) = jets(16), jets(24)
    np.testing.assert_allclose(a, b, atol=1e-12 * float(jnp.abs(a).max()))


def test_jets_are_winds_without_divergence_of_the_range_stated():
    values, coefficients = jets(24)
    u, v, vor, div, pres = jnp.moveaxis(values, -1, 0)
    assert not div.any() and not pres.any()
    assert jnp.abs(coefficients[:, 0, 0, 0]).max() < 1e-18 < 1e-5 < jnp.abs(vor).max()
    assert 5 < jnp.abs(u).max() < 100 and jnp.abs(v).max() > 1


def test_jets_have_the_wave_and_the_scatter_stated():
    vor = jets(24)[1][:, 0]
    # Order 6 is the wave, the same in all states but for the scatter of degree 14.
    others = [n for n in range(6, 16) if n != 14]
    assert jnp.std(vor[:, 6, others], axis=0).max() < 1e-18 < 1e-7 < jnp.abs(vor[0, 6, others]).max()
    # Orders above 13 and between have nothing else but scatter: variance 5e-6^2 / (4 pi) of a complex number.
    size = jnp.abs(vor[:, jnp.array([1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13]), 14]) ** 2
    expected = 5e-6**2 / (4 * math.pi)
    assert float(size.mean()) == pytest.approx(expected, rel=4 / size.size**0.5)
    assert jnp.abs(vor[:, 14:]).max() < 1e-18 and jnp.abs(vor[:, 7, :14]).max() < 1e-18


def test_balanced_jets_begin_without_divergence():
    equation, on = SphereShallowWater(diffusion_time=None), SPHERE.domain.grid(20, 40)
    prior = ZonalJets(SPHERE, equation, degree=8, balanced=True)

    @jax.jit
    def rates(key):
        state = prior.sample(key, on)
        # Products reach twice the degree, but the pressure is cut off at that of the prior.
        low = SphericalHarmonics.on_grid(on, 8)
        return state.values, *(low.analyse(equation.tendency(state).values[..., i]) for i in (2, 3))

    values, of_vorticity, of_divergence = rates(jax.random.key(3))
    assert jnp.abs(values[..., 4]).max() > 10
    assert jnp.abs(of_divergence).max() < 1e-20 < 1e-13 < jnp.abs(of_vorticity).max()


def test_waves_of_gas_are_one_function_with_positive_density_and_pressure(key):
    prior = WavyGas(LINE, 0.5)
    draw = jax.jit(jax.vmap(lambda k: [prior.sample(k, LINE.domain.grid(n)).values for n in (64, 128)]))
    coarse, fine = draw(jax.random.split(key, 40))
    np.testing.assert_allclose(coarse, fine[:, ::2], rtol=1e-12, atol=1e-12)
    rho, v, p = jnp.moveaxis(Euler(5 / 3, 1).primitive(fine), -1, 0)
    assert rho.min() > 0.06 and p.min() > 0.006 and rho.max() < 14
    # Amplitudes are below one: Mach numbers of the mean sound speed stay below two waves of half a Mach number.
    assert (jnp.abs(v) / jnp.sqrt(5 / 3 * p / rho)).max() < 0.5 * 2 * 1.6
    assert jnp.std(v, axis=1).min() > 1e-3
    with pytest.raises(ValueError, match="below 1/2"):
        WavyGas(LINE, fluctuation=(0.1, 0.6))


def test_stirred_smoke_and_its_force_have_their_variances(key):
    prior = StirredSmoke(BOX, speed=0.3)
    force = PowerNoise(FunctionSpace(BOX.domain, ("fx", "fy")), 0.15, 3.0, amplitude=2.0)
    coarse, fine, push = jax.jit(
        lambda k: (
            [prior.sample(k, BOX.domain.grid(n)).values for n in (20, 60)]
            + [force.sample(k, BOX.domain.grid(60)).values]
        )
    )(key)
    np.testing.assert_allclose(coarse, fine[1::3, 1::3], atol=1e-12)
    np.testing.assert_allclose(jnp.mean(fine**2, (0, 1)), [0.09, 0.09, 0.0, 1.0], rtol=1e-10)
    np.testing.assert_allclose(jnp.mean(push**2, (0, 1)), [4.0, 4.0], rtol=1e-10)
    assert fine[..., 3].min() >= 0
    # No wave of the force is longer than sqrt(10) scales: |k|^2 = 1, 2 and 4 are left out of 0.15^2 k^2 > 0.1.
    spectrum = jnp.abs(jnp.fft.fft2(push[..., 0]))
    assert spectrum[:2, :2].max() < 1e-9 < 1 < spectrum[2, 1]
