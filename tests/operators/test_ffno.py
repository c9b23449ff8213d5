"""F-FNO: its formulas, the published size, shared weights."""

import equinox as eqx
import jax
import numpy as np

from neuralpde.operators import FFNO
from neuralpde.spaces import Box, FunctionSpace

from .conftest import BOX, SOURCE, TARGET, noise
from .test_fno import exact_gelu, parameters, spectral_by_loops


def normalised(layer, v):
    direction = np.asarray(layer.v)
    columns = [g * column / np.sqrt((column**2).sum()) for g, column in zip(layer.g, direction.T, strict=True)]
    return v @ np.stack(columns, axis=1) + np.asarray(layer.bias)


def feed_forward(layer, v):
    return normalised(layer.W_2, exact_gelu(normalised(layer.W_1, v)))


def test_forward_pass_is_the_formulas_of_the_paper(key):
    """Every line along an axis is convolved by itself."""
    options = {"modes": (3, 2), "width": 3, "depth": 2, "projection": 5, "shared": False}
    model = eqx.filter_jit(lambda: FFNO(SOURCE, TARGET, **options, key=key))()
    # Gains other than the initial ones, so that the normalisation is seen.
    model = eqx.tree_at(lambda m: m.layers[0].W_1.g, model, model.layers[0].W_1.g * 1.7)
    u = noise(BOX.grid(6, 5))
    x, y = (np.arange(6) + 0.5) / 6, (np.arange(5) + 0.5) / 5
    points = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
    v = normalised(model.lifting, np.concatenate([u.values, 2 * points - 1], axis=-1))
    for K, layer in zip(model.K, model.layers, strict=True):
        along_x = [spectral_by_loops(K.convolutions[0], v[:, j], x[:, None], np.ones(1)) for j in range(5)]
        along_y = [spectral_by_loops(K.convolutions[1], v[i], y[:, None], np.ones(1)) for i in range(6)]
        v = v + feed_forward(layer, np.stack(along_x, axis=1) + np.stack(along_y, axis=0))
    np.testing.assert_allclose(jax.jit(lambda a: model(a).values)(u), feed_forward(model.projection, v), atol=1e-12)


def test_parameters_are_those_of_the_published_model(key):
    box = Box.cube(2, periodic=True)
    space = FunctionSpace(box, ("vorticity",))
    published = {"modes": 16, "width": 64, "depth": 24}
    assert parameters(lambda: FFNO(space, space, **published, key=key)) == 1_072_834


def test_layers_of_their_own_kernels_have_as_many_more(key):
    one, own = (
        parameters(lambda s=s: FFNO(SOURCE, TARGET, modes=4, width=6, depth=3, shared=s, key=key))
        for s in (True, False)
    )
    assert own - one == 2 * (2 * 6 * 6 * (4 + 4))
