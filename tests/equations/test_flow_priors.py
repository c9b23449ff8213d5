"""Priors of gas and water: the laws they state, and one function for one key on every grid."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import Euler, RadialDamBreak, ShallowWater, ShockTube, TurbulentGas
from neuralpde.spaces import Box, FunctionSpace, Points

GAS = Euler(5 / 3, 2)
TORUS = FunctionSpace(Box.of(("x", "y"), x=(0.0, 1.0), y=(0.0, 2.0)), GAS.names)
BASIN = FunctionSpace(Box.cube(2, -2.5, 2.5), ShallowWater().names)
PRIORS = [TurbulentGas(TORUS, 0.5), ShockTube(FunctionSpace(Box.cube(2), GAS.names)), RadialDamBreak(BASIN)]


@pytest.mark.parametrize("prior", PRIORS)
def test_one_key_is_one_function_on_every_grid(prior, key):
    box = prior.space.domain
    layout = "periodic" if box.periodic[0] else "nodes"
    coarse, fine = ((n, n) if layout == "periodic" else (n + 1, n + 1) for n in (12, 24))
    places = [box.grid(*n, layout=layout) for n in (coarse, fine)]
    places.append(Points(places[0].coords().reshape(-1, 2), box))
    draw = jax.jit(lambda k: [prior.sample(k, on).values for on in places])
    low, high, scattered = draw(key)
    np.testing.assert_allclose(low, high[::2, ::2], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(low, scattered.reshape(low.shape), rtol=1e-12, atol=1e-12)
    assert jnp.abs(low - draw(jax.random.key(1))[0]).max() > 0.05


def test_turbulent_gas_has_the_mach_number_and_the_ranges_asked_for(key):
    mach, n = 0.5, 40
    prior = TurbulentGas(TORUS, mach, window=0.0)
    u = jax.jit(jax.vmap(lambda k: prior.sample(k, TORUS.domain.grid(n)).values))(jax.random.split(key, n))
    rho, vx, vy, p = jnp.moveaxis(GAS.primitive(u), -1, 0)
    mean = lambda a: a.mean((1, 2))
    assert GAS.admissible(u).all()
    # Fluctuations have mean zero, so that means over the box are the means drawn.
    speed = jnp.sqrt(mean(vx**2 + vy**2))
    np.testing.assert_allclose(speed, mach * jnp.sqrt(GAS.gamma * mean(p) / mean(rho)), rtol=1e-6)
    for variable, largest in ((rho, 10.0), (p, 100.0)):
        assert (mean(variable) < largest).all()
        relative = jnp.std(variable, (1, 2)) / mean(variable)
        assert relative.min() > 0.01 - 1e-9 and relative.max() < 0.2 + 1e-9
    assert mean(rho).max() > 8 and mean(rho).min() < 2


def test_window_leaves_the_mean_state_outside_a_box(key):
    prior = TurbulentGas(TORUS, 1.0, window=1.0)
    w = jax.jit(lambda k: GAS.primitive(prior.sample(k, TORUS.domain.grid(50)).values))(key)
    np.testing.assert_allclose(w[:2], jnp.broadcast_to(w[0, 0], w[:2].shape), atol=1e-3)
    assert jnp.std(w[20:30, 20:30, 1]) > 0.1


def test_shock_tube_has_two_states_within_their_ranges(key):
    space = FunctionSpace(Box.of(x=(-1.0, 1.0)), Euler(1.4, 1).names)
    prior = ShockTube(space, 1.4, (0.1, 1.0), (0.0, 0.0), (2.0, 3.0))
    draw = jax.jit(jax.vmap(lambda k: Euler(1.4, 1).primitive(prior.sample(k, space.domain.grid(200)).values)))
    w = draw(jax.random.split(key, 30))
    assert jnp.all((jnp.diff(w[..., 0]) != 0).sum(1) == 1)
    place = jnp.argmax(jnp.diff(w[..., 0]) != 0, axis=1) / 200
    assert place.min() > 0.24 and place.max() < 0.76
    assert (w[..., 0] <= 1).all() and (w[..., 1] == 0).all() and w[..., 2].min() > 2 - 1e-9


def test_dam_breaks_hold_back_a_cylinder_of_water(key):
    draw = jax.jit(jax.vmap(lambda k: RadialDamBreak(BASIN).sample(k, BASIN.domain.grid(100)).values))
    u = draw(jax.random.split(key, 30))
    assert set(np.unique(u[..., 0])) == {1.0, 2.0} and not jnp.any(u[..., 1:])
    radius = jnp.sqrt((u[..., 0] - 1).sum((1, 2)) * 0.05**2 / jnp.pi)
    assert 0.27 < radius.min() < 0.4 and 0.6 < radius.max() < 0.73
