"""Networks on the space of a problem: periodic where the domain is, with rules for their derivatives."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations.derivatives import expanded
from neuralpde.nn import FactorizedLinear, FourierFeatures, ModifiedMLP, PirateNet, mlp
from neuralpde.pinn import coordinate_network
from neuralpde.spaces import Box, FunctionSpace

RING = FunctionSpace(Box.of(periodic=("x",), x=(-1.0, 2.0), t=(0.0, 1.0)), ("u", "v"))
LAYERS = functools.partial(mlp, width=8, depth=2, activation=jnp.tanh)


@pytest.mark.parametrize("options", [{"harmonics": 3}, {"frequencies": 5, "scale": 0.5, "factorize": True}], ids=str)
def test_a_network_is_periodic_where_its_domain_is(options, key):
    u = coordinate_network(RING, LAYERS, **options, key=key)

    def derivatives(x):
        known = expanded(u, x)
        return known(x), known.along((0,), 1), known.along((0,), 3), known.along((1,), 1)

    lower, upper = jax.jit(lambda: tuple(derivatives(jnp.asarray([end, 0.4])) for end in (-1.0, 2.0)))()
    for a, b in zip(lower, upper, strict=True):
        assert np.abs(a).max() > 1e-3
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)
    later = u(jnp.asarray([-1.0, 0.9]))
    assert np.abs(later - lower[0]).min() > 1e-4  # time is no periodic axis


def test_layers_and_features_are_those_asked_for(key):
    square = FunctionSpace(Box.cube(2))
    plain = coordinate_network(square, LAYERS, key=key)
    assert plain.network.in_size == 2 and plain.network.out_size == 1
    layers = functools.partial(PirateNet, blocks=1, width=6)
    features, pirate = coordinate_network(square, layers, frequencies=4, trained=True, key=key).network.parts
    assert isinstance(features, FourierFeatures) and isinstance(pirate, PirateNet)
    gated = coordinate_network(square, functools.partial(ModifiedMLP, width=6, depth=1), factorize=True, key=key)
    assert isinstance(gated.network.head, FactorizedLinear)
