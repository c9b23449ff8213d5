"""FNO: resolution invariance, equivariance, agreement of dimensions, refusal of unresolved modes."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.operators import FNO
from neuralpde.spaces import Box, Field, FunctionSpace

from .conftest import BOX, SOURCE, TARGET, noise, smooth


def wave(grid, space):
    x, y = jnp.moveaxis(grid.coords(), -1, 0)
    return Field(jnp.sin(2 * jnp.pi * x)[..., None] * jnp.cos(2 * jnp.pi * y)[..., None], grid, space)


def test_output_converges_to_one_function_as_the_grid_is_refined(key):
    box = Box.cube(2, periodic=True)
    space = FunctionSpace(box)
    model = FNO(space, space, modes=4, width=8, depth=2, coordinates=False, key=key)
    at = box.grid(8)
    outputs = [model(wave(box.grid(n), space), at).values for n in (8, 16, 32, 64)]
    errors = [float(jnp.abs(v - outputs[-1]).max()) for v in outputs[:-1]]
    # The nonlinearity makes aliases that fall spectrally fast.
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


def test_parameters_do_not_depend_on_the_grid(key):
    one, two = (FNO(SOURCE, TARGET, modes=3, width=4, on=BOX.grid(n), key=key) for n in (8, 64))
    assert jax.tree.map(jnp.shape, eqx.filter(one, eqx.is_array)) == jax.tree.map(
        jnp.shape, eqx.filter(two, eqx.is_array)
    ) or all(
        a.shape == b.shape
        for a, b in zip(
            jax.tree.leaves(eqx.filter(one, eqx.is_array)),
            jax.tree.leaves(eqx.filter(two, eqx.is_array)),
            strict=True,
        )
    )


def test_without_coordinates_it_commutes_with_shifts(key):
    box = Box.cube(2, periodic=True)
    space = FunctionSpace(box)
    model = FNO(space, space, modes=4, width=6, depth=2, coordinates=False, key=key)
    u = noise(box.grid(12, 9), space)
    shifted = model(u.with_values(jnp.roll(u.values, (5, 2), (0, 1))))
    np.testing.assert_allclose(shifted.values, jnp.roll(model(u).values, (5, 2), (0, 1)), atol=1e-11)


def test_with_coordinates_it_does_not(key):
    box = Box.cube(1, periodic=True)
    space = FunctionSpace(box)
    model = FNO(space, space, modes=3, width=6, depth=1, key=key)
    u = noise(box.grid(12), space)
    shifted = model(u.with_values(jnp.roll(u.values, 3, 0)))
    assert not np.allclose(shifted.values, jnp.roll(model(u).values, 3, 0), atol=1e-3)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_one_code_serves_all_dimensions(dim, key):
    box = Box.cube(dim)
    model = FNO(FunctionSpace(box, ("a", "b")), FunctionSpace(box, ("u", "v")), modes=2, width=4, depth=1, key=key)
    u = Field(jnp.ones((6,) * dim + (2,)), box.grid(6), model.source)
    assert model(u).values.shape == (6,) * dim + (2,)


def test_the_original_layer_has_no_channel_mixing(key):
    model = FNO(SOURCE, TARGET, modes=3, width=4, depth=2, mixing=0.0, key=key)
    assert all(layer.mixing is None for layer in model.layers)
    assert jnp.isfinite(model(noise(BOX.grid(8))).values).all()


def test_anisotropic_modes_and_grids(key):
    model = FNO(SOURCE, TARGET, modes=(5, 2), width=4, depth=1, key=key)
    assert model(smooth(BOX.grid(10, 4))).values.shape == (10, 4, 1)


def test_unresolved_modes_are_refused_when_the_operator_is_built(key):
    with pytest.raises(ValueError, match=r"8 points on axis 'x' resolve at most 4 modes, got modes=12"):
        FNO(SOURCE, TARGET, modes=12, on=BOX.grid(8), key=key)


def test_another_domain_of_the_target_is_refused(key):
    line = FunctionSpace(Box.cube(1), ("u",))
    model = FNO(line, TARGET, modes=2, width=4, depth=1, key=key)
    with pytest.raises(
        ValueError, match=r"FNO keeps the domain of its input, \('x',\), and its target lives on \('x', 'y'\)"
    ):
        model(Field(jnp.ones((8, 1)), line.domain.grid(8), line))
