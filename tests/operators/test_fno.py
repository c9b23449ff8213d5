"""FNO: its formulas, resolution invariance, equivariance, published sizes, refusal of unresolved modes."""

import itertools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import SpectralConvolution
from neuralpde.operators import FNO
from neuralpde.spaces import Axis, Box, Field, FunctionSpace

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


def parameters(build):
    return sum(leaf.size for leaf in jax.tree.leaves(eqx.filter_eval_shape(build)) if hasattr(leaf, "dtype"))


ORIGINAL = {"modes": 8, "width": 20, "mixing": 0.0, "lifting": 0, "projection": 128}


@pytest.mark.parametrize("dim, published", [(2, 414_517), (3, 6_558_537)])
def test_parameters_are_the_published_ones_but_for_one_row_of_modes_an_axis(dim, published, key):
    """The vorticity models of the paper read ten frames. They keep wavenumbers -8..7 on all axes but the last, here
    it is -7..7; and they hold a batch normalisation, of a gain and a shift a channel, in each of four layers."""
    box = Box.cube(dim, periodic=True)
    source = FunctionSpace(box, tuple(f"w{i}" for i in range(10)))
    ours = parameters(lambda: FNO(source, FunctionSpace(box), **ORIGINAL, key=key))
    rows = 16 ** (dim - 1) - 15 ** (dim - 1)
    assert ours + 4 * (2 * rows * 8 * 20 * 20 + 2 * 20) == published


def exact_gelu(x):
    return np.vectorize(lambda s: s * 0.5 * (1 + math.erf(s / math.sqrt(2))))(x)


def affine(layer, v):
    return v @ np.asarray(layer.weight) + np.asarray(layer.bias)


def spectral_by_loops(K, v, points, period):
    """One wavenumber at a time: the coefficient is a mean over points, the wave is added with its conjugate."""
    weight = np.asarray(K.weight[0] + 1j * K.weight[1])
    ranges = [range(1 - m, m) for m in K.modes[:-1]] + [range(K.modes[-1])]
    out, count = np.zeros((*v.shape[:-1], weight.shape[-1])), np.prod(v.shape[:-1])
    for index, k in zip(np.ndindex(*weight.shape[:-2]), itertools.product(*ranges), strict=True):
        wave = np.exp(2j * np.pi * (points @ (np.array(k) / period)))
        coefficient = (wave.conj()[..., None] * v).reshape(count, -1).sum(0) / count / np.prod(period)
        out += (1 if k[-1] == 0 else 2) * (wave[..., None] * (coefficient @ weight[index])).real
    return out


@pytest.mark.parametrize("padding", [0.0, (0.5, 0.25)])
def test_forward_pass_is_the_formulas_of_the_paper(padding, key):
    options = {"modes": (3, 2), "width": 3, "depth": 2, "mixing": 0.0, "lifting": 0, "projection": 5}
    model = eqx.filter_jit(lambda: FNO(SOURCE, TARGET, **options, padding=padding, key=key))()
    grid = BOX.grid(6, 5)
    u = noise(grid)
    points = np.stack(np.meshgrid((np.arange(6) + 0.5) / 6, (np.arange(5) + 0.5) / 5, indexing="ij"), axis=-1)
    period = 1 + np.array(padding if padding else (0.0, 0.0))
    v = affine(model.lifting, np.concatenate([u.values, 2 * points - 1], axis=-1))
    for i, layer in enumerate(model.layers):
        v = spectral_by_loops(layer.K, v, points, period) + affine(layer.W, v)
        v = exact_gelu(v) if i == 0 else v
    v = affine(model.projection.second, exact_gelu(affine(model.projection.first, v)))
    np.testing.assert_allclose(jax.jit(lambda a: model(a).values)(u), v, atol=1e-12)


def test_padding_is_the_layer_on_a_longer_box_of_zeros(key):
    line, longer = Box.cube(1), Box.cube(1, upper=1.5)
    v = jax.random.normal(key, (8, 2))
    padded = SpectralConvolution((3,), 2, 2, padding=(0.5,), key=key)(v, line.grid(8))
    plain = SpectralConvolution((3,), 2, 2, key=key)(jnp.pad(v, ((0, 4), (0, 0))), longer.grid(12))
    np.testing.assert_allclose(padded, plain[:8], atol=1e-13)


def test_one_padding_is_for_walls_only_and_a_periodic_axis_refuses_its_own(key):
    space = FunctionSpace(Box((Axis("x", periodic=True), Axis("y"))))
    build = lambda padding: eqx.filter_eval_shape(lambda: FNO(space, space, modes=2, width=2, padding=padding, key=key))
    assert build(0.25).layers[0].K.padding == (0.0, 0.25)
    with pytest.raises(ValueError, match="Axis 'x' is periodic: its padding is 0"):
        build((0.1, 0.1))
    with pytest.raises(ValueError, match=r"one for each axis of \('x', 'y'\)"):
        build((0.1,))
    with pytest.raises(ValueError, match="not negative"):
        build(-0.1)


def test_no_mode_at_all_is_refused(key):
    with pytest.raises(ValueError, match="at least one"):
        FNO(SOURCE, TARGET, modes=(3, 0), width=2, depth=1, key=key)
