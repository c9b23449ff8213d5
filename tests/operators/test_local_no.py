"""LocalNO: it is FNO without its local layers, and one operator on every grid with them."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order

from neuralpde.operators import FNO, LocalNO
from neuralpde.spaces import Axis, Box, Field, FunctionSpace, Neumann

from .conftest import BOX, SOURCE, TARGET, noise

RECTANGLE = Box((Axis("x", 0.0, 2.0), Axis("y", -1.0, 0.0, periodic=True)))
INPUT = FunctionSpace(RECTANGLE, ("a",))
OUTPUT = FunctionSpace(RECTANGLE, ("u", "v"), [Neumann(0.0), INPUT.boundary[1]])


def small(source, target, key, **changes):
    sizes = {"modes": 3, "width": 5, "depth": 2, "radius": 0.2, "hats": 2} | changes
    return LocalNO(source, target, **sizes, key=key)


def test_output_converges_to_one_function_with_order_two(key):
    model = small(INPUT, OUTPUT, key)

    def output(n):
        on = RECTANGLE.grid(n + 1, n // 2, layout=("nodes", "periodic"))
        x, y = jnp.moveaxis(on.coords(), -1, 0)
        u = Field((jnp.exp(0.3 * x) * jnp.sin(2 * jnp.pi * y) + x**2)[..., None], on, INPUT)
        # At the points of the coarsest grid, the walls among them.
        return jax.jit(lambda u: model(u).values)(u)[:: n // 16, :: n // 16]

    outputs = [output(n) for n in (16, 32, 64)]
    steps = [float(jnp.abs(a - b).max()) for a, b in itertools.pairwise(outputs)]
    assert observed_order(steps) == pytest.approx(2, abs=0.4)


def test_without_local_layers_it_is_the_fourier_neural_operator(key):
    model = small(SOURCE, TARGET, key, integral=False, differential=False, mixing=0.4)
    fno = FNO(SOURCE, TARGET, modes=3, width=5, depth=2, mixing=0.4, key=key)

    def parts(m, spectral):
        layers = [part for k in m.layers for part in (k.W, k.mixing, k.gate, spectral(k))]
        return [m.lifting, m.projection, *layers]

    fno = eqx.tree_at(lambda m: parts(m, lambda k: k.K), fno, parts(model, lambda k: k.K[0]))
    u = noise(BOX.grid(8, 7))
    np.testing.assert_allclose(model(u).values, fno(u).values, atol=1e-12)


def test_every_layer_has_the_maps_that_were_chosen(key):
    model = small(SOURCE, TARGET, key, integral=True, differential=[False, True])
    assert [len(layer.K) for layer in model.layers] == [2, 3]
    with pytest.raises(ValueError, match=r"depth=2 needs one choice of `differential` a layer, got \(True,\)"):
        small(SOURCE, TARGET, key, differential=[True])


def test_published_size(key):
    box = Box.cube(2, upper=2.0, periodic=True)
    space = FunctionSpace(box, ("w",))
    build = lambda: LocalNO(space, space, modes=21, width=99, depth=4, radius=1 / 64, differential=False, key=key)
    sizes = jax.tree.leaves(eqx.filter(eqx.filter_eval_shape(build), lambda leaf: hasattr(leaf, "shape")))
    assert sum(leaf.size for leaf in sizes) == pytest.approx(66e6, rel=0.05)


def test_hidden_features_follow_the_conditions_of_the_target(key):
    """Under Neumann conditions a function on half a domain is an even function on the whole."""
    half, whole = (FunctionSpace(Box.of(x=(low, 1.0)), ("u",), Neumann(0.0)) for low in (0.0, -1.0))
    layer = small(whole, whole, key, depth=1, radius=0.1, differential=False).layers[0].K[1]
    even = eqx.tree_at(lambda k: k.weight, layer, layer.weight + layer.weight[::-1])
    v = jax.random.normal(key, (9, 5))
    on_whole = even(jnp.concatenate([v[:0:-1], v]), whole.domain.grid(17, layout="nodes"))
    np.testing.assert_allclose(on_whole[8:], even(v, half.domain.grid(9, layout="nodes")), atol=1e-12)
