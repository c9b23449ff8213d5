"""The equations of opposed streams: flows in closed form, and the free flame as the case without a radial flow."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations.combustion import counterflow_flame, premixed_flame, read_mechanism

GAS = read_mechanism("methane_one_step")
FLAME = counterflow_flame(GAS, "CH4", 1.0)


def varied(x):
    """A state without any particular values."""
    y = 0.2 + 0.05 * jnp.sin(300 * x[0] + jnp.arange(5.0))
    return jnp.append(900 + 300 * jnp.sin(400 * x[0]), y / jnp.sum(y))


def test_a_cold_stream_has_a_flow_in_closed_form():
    """rho u = m - rho a x^2, V = a x, P = m a: that of both streams where the gas is still as it came."""
    a, m = 150.0, 1.3
    flame = dataclasses.replace(FLAME, pressure_drop=m * a)
    state = jnp.append(300.0, jnp.asarray(FLAME.opposed))
    density = flame.density(state)
    stream = lambda x: jnp.concatenate([jnp.stack([m / density - a * x[0] ** 2, a * x[0]]), state])
    found = jax.jit(lambda x: flame.residual(stream, x))(jnp.asarray([3e-3]))
    np.testing.assert_allclose(found, 0, atol=1e-9)
    wrong = dataclasses.replace(flame, pressure_drop=0.9 * m * a)
    assert abs(wrong.residual(stream, jnp.asarray([3e-3]))[1]) == pytest.approx(0.1 * m * a / flame.strain)


def test_without_a_radial_flow_it_is_a_free_flame():
    free = premixed_flame(GAS, "CH4", 1.0, flame_speed=0.4)
    flux = float(free.mass_flux)
    whole = lambda x: jnp.concatenate([jnp.stack([flux / FLAME.density(varied(x)), 0.0]), varied(x)])
    x = jnp.asarray([2e-3])
    both = jax.jit(lambda x: (FLAME.residual(whole, x), free.residual(varied, x)))(x)
    np.testing.assert_allclose(both[0][2:], both[1], rtol=1e-9)
    np.testing.assert_allclose(both[0][0], 0, atol=1e-9)


def test_momentum_is_that_of_a_stream_that_gives_it_away():
    """With mass kept, (rho u V - mu V')' = P - 3 rho V^2, whatever the gas."""
    mass_flux = lambda s: 1.0 - 2e4 * s**2
    radial = lambda s: 2e4 * s / FLAME.density(varied(s[None]))

    def whole(x):
        return jnp.concatenate([jnp.stack([mass_flux(x[0]) / FLAME.density(varied(x)), radial(x[0])]), varied(x)])

    def momentum(s):
        state = varied(s[None])
        return mass_flux(s) * radial(s) - GAS.viscosity(state[0], state[1:]) * jax.grad(radial)(s)

    @jax.jit
    def both(s):
        given_away = FLAME.pressure_drop - 3 * FLAME.density(varied(s[None])) * radial(s) ** 2
        return FLAME.residual(whole, s[None])[:2], (jax.grad(momentum)(s) - given_away) / FLAME.strain

    (continuity, found), expected = both(jnp.asarray(2e-3))
    assert float(found) == pytest.approx(float(expected), rel=1e-9)
    assert abs(continuity) < 1e-9


def test_what_comes_is_refused_where_the_gas_has_not_got_it():
    with pytest.raises(ValueError, match="Ar"):
        counterflow_flame(GAS, "CH4", 1.0, opposed={"Ar": 1.0})
