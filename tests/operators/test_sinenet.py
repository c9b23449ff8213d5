"""SineNet: the published parameter counts, its formulas read loop by loop, symmetries, conditioning, refusals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage
import scipy.special

from neuralpde.operators import SineNet, answer
from neuralpde.spaces import Box, Field, FunctionSpace, Neumann, Periodic, Sample

from .conftest import BOX, SOURCE, TARGET, noise

TORUS = Box.cube(2, periodic=True)


def space(channels, box=BOX):
    return FunctionSpace(box, tuple(f"u{i}" for i in range(channels)))


def build(source, target, **options):
    """A net made by one compiled program; operation by operation takes longer."""
    return eqx.filter_jit(lambda key: SineNet(source, target, **options, key=key))(jax.random.key(0))


@eqx.filter_jit
def values(model, u):
    return model(u).values


def parameters(inputs, outputs, **options):
    """Number of parameters of a net that is never allocated."""
    key = jax.random.key(0)
    shapes = eqx.filter_eval_shape(lambda: SineNet(space(inputs), space(outputs), **options, key=key))
    return sum(x.size for x in jax.tree.leaves(eqx.filter(shapes, lambda x: isinstance(x, jax.ShapeDtypeStruct))))


@pytest.mark.parametrize(
    "options, counts",
    [
        ({"waves": 1}, (33_788_099, 33_804_804, 33_784_643)),
        ({"waves": 1, "width": 128}, (135_094_659, 135_128_068, 135_087_747)),
        ({"waves": 2}, (35_499_989, 35_516_694, 35_496_533)),
        ({"waves": 4}, (35_493_699, 35_510_404, 35_490_243)),
        ({"waves": 6}, (35_475_499, 35_492_204, 35_472_043)),
        ({"waves": 8}, (35_490_219, 35_506_924, 35_486_763)),
        ({"waves": 8, "disentangled": False}, (32_831_403, 32_848_108, 32_827_947)),
        ({"waves": 1, "multiplier": 1.425, "blocks": 8}, (28_628_084, 28_644_789, 28_624_628)),
    ],
    ids=str,
)
def test_parameter_counts_of_the_published_models(options, counts):
    """Smoke plume (12 -> 3 channels), compressible flow (40 -> 4), shallow water (6 -> 3)."""
    sizes = ((12, 3), (40, 4), (6, 3)) if options == {"waves": 8} else ((12, 3),)
    assert tuple(parameters(i, o, **options) for i, o in sizes) == counts[: len(sizes)]
    # Only encoder and decoder depend on the channels: a 3x3 kernel for each pair, and one bias an output.
    width = options.get("width", 64)
    assert counts[1] - counts[0] == 9 * 28 * width + 9 * width + 1
    assert counts[2] - counts[0] == -9 * 6 * width


@pytest.mark.parametrize("waves", [3, 5, 12])
def test_other_numbers_of_waves_have_about_as_many_parameters(waves):
    assert abs(parameters(12, 3, waves=waves) / 35_490_219 - 1) < 0.005


def conv(layer, x, mode):
    w, b = np.asarray(layer.weight), np.asarray(layer.bias)
    y = np.zeros((*x.shape[:2], w.shape[-1])) + b
    for i, o in np.ndindex(*w.shape[2:]):
        y[..., o] += scipy.ndimage.correlate(x[..., i], w[..., i, o], mode=mode)
    return y


def norm(layer, x):
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5) * np.asarray(layer.gamma) + np.asarray(layer.beta)


def gelu(x):
    return x * scipy.special.ndtr(x)


def block(layer, x, mode, e=None):
    x = gelu(norm(layer.first_norm, conv(layer.first, x, mode)))
    if e is not None:
        scale, shift = np.split(np.asarray(layer.modulation.linear.weight) @ e + layer.modulation.linear.bias, 2)
        x = x * (1 + scale) + shift
    return gelu(norm(layer.second_norm, conv(layer.second, x, mode)))


def shortcut(layer, x):
    return x @ np.asarray(layer.weight) + np.asarray(layer.bias)


def pool(x):
    return (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4


def upsample(x, wrap):
    taps = (-0.10546875, 0.87890625, 0.26171875, -0.03515625)
    for axis in range(2):
        x = np.swapaxes(x, 0, axis)
        n, y = len(x), np.zeros((2 * len(x), *x.shape[1:]))
        for i in range(2 * n):
            first = i // 2 - (2 if i % 2 == 0 else 1)
            for tap, j in zip(taps[:: 1 if i % 2 else -1], range(first, first + 4), strict=True):
                y[i] += tap * x[j % n if wrap else np.clip(j, 0, n - 1)]
        x = np.swapaxes(y, 0, axis)
    return x


def by_hand(model, x, mode, disentangled, e=None):
    """The forward pass as the paper's section 3 writes it."""
    x = conv(model.encoder, x, mode)
    for wave in model.waves:
        s, d = [x], [x]
        for level, stage in enumerate(wave.down):
            p = pool(s[-1])
            d.append(pool(d[-1]))
            seen = p if level == 0 or not disentangled else np.concatenate([p, d[-1]], -1)
            y = seen
            for b in stage.blocks:
                y = block(b, y, mode, e)
            s.append(y + shortcut(stage.S, p))
        r = s[-1]
        for level in reversed(range(len(wave.up))):
            u = upsample(r, mode == "wrap")
            y = np.concatenate([s[level], u], -1)
            for b in wave.up[level].blocks:
                y = block(b, y, mode, e)
            r = y + shortcut(wave.up[level].S, u)
        x = x + r
    return conv(model.decoder, x, mode)


def with_random_vectors(model, key):
    """Biases and affine maps that are not zero and one."""
    leaves, structure = jax.tree.flatten(model)
    keys = jax.random.split(key, len(leaves))
    leaves = [
        x + 0.3 * jax.random.normal(k, x.shape) if eqx.is_array(x) and x.ndim == 1 else x
        for k, x in zip(keys, leaves, strict=True)
    ]
    return structure.unflatten(leaves)


@pytest.mark.parametrize(
    "padding, mode, options",
    [
        ("circular", "wrap", {"waves": 2}),
        ("zeros", "constant", {"disentangled": False}),
        pytest.param("boundary", "reflect", {"blocks": 2, "condition": ("dt",)}, marks=pytest.mark.slow),
    ],
)
def test_forward_pass_equals_the_paper_read_loop_by_loop(padding, mode, options, key):
    options = {"waves": 1, "width": 3, "levels": 2, "multiplier": 1.5, "padding": padding, **options}
    model = build(space(2), FunctionSpace(BOX, ("u",), Neumann()), **options)
    model = with_random_vectors(model, key).given({"dt": jnp.asarray(2.0)})
    u = noise(BOX.grid(8, 12), space(2))
    expected = by_hand(model, np.asarray(u.values), mode, options.get("disentangled", True), model.embedding)
    np.testing.assert_allclose(values(model, u), expected, atol=1e-11)


def test_circular_net_commutes_with_shifts_by_its_coarsest_cell():
    s = space(1, TORUS)
    model = build(s, s, waves=1, width=3)
    u = noise(TORUS.grid(48, 32), s)
    shifted = lambda *by: (u.with_values(jnp.roll(u.values, by, (0, 1))), jnp.roll(values(model, u), by, (0, 1)))
    moved, expected = shifted(16, -16)
    np.testing.assert_allclose(values(model, moved), expected, atol=1e-11)
    moved, expected = shifted(8, 0)
    assert not np.allclose(values(model, moved), expected, atol=1e-3)


def test_boundary_conditions_choose_the_padding_axis_by_axis():
    box = Box.of(periodic=["x"], x=(0.0, 1.0), y=(0.0, 1.0))
    target = FunctionSpace(box, ("u",), [Periodic(), Neumann()])
    model = build(FunctionSpace(box), target, waves=1, width=3, levels=1)
    u = noise(box.grid(8, 8), FunctionSpace(box))
    for axis, commutes in ((0, True), (1, False)):
        moved = values(model, u.with_values(jnp.roll(u.values, 4, axis)))
        assert np.allclose(moved, jnp.roll(values(model, u), 4, axis), atol=1e-12) == commutes


@pytest.mark.parametrize("dim", [1, 3])
def test_one_code_serves_all_dimensions(dim):
    box = Box.cube(dim)
    model = build(space(2, box), space(3, box), waves=1, width=2, levels=1)
    u = Field(jnp.ones((4,) * dim + (2,)), box.grid(4), model.source)
    assert values(model, u).shape == (4,) * dim + (3,)


def test_parameters_of_the_sample_change_the_answer():
    model = build(SOURCE, TARGET, waves=1, width=2, levels=1, condition={"dt": 1.0, "nu": 1e3})
    u = noise(BOX.grid(4))
    given = {"dt": jnp.asarray([1.0, 2.0, 1.0]), "nu": jnp.asarray([1e-3, 1e-3, 2e-3])}
    out = jax.jit(jax.vmap(lambda parameters: answer(model, Sample(u, u, parameters)).values))(given)
    assert not np.allclose(out[0], out[1], atol=1e-4) and not np.allclose(out[0], out[2], atol=1e-4)
    with pytest.raises(ValueError, match=r"conditioned on \['dt', 'nu'\]: apply operator.given"):
        model(u)


@pytest.mark.parametrize("scaled, outputs", [(False, 8), (True, 16)])
def test_conditioning_adds_one_linear_map_to_each_block(scaled, outputs):
    size = {"waves": 1, "width": 8, "levels": 1, "multiplier": 1.0, "scaled": scaled}
    added = parameters(1, 1, condition=("dt",), **size) - parameters(1, 1, **size)
    embedding = 64 * 32 + 32 + 32 * 32 + 32
    assert added == embedding + 2 * (32 * outputs + outputs)


def test_grid_that_cannot_be_halved_is_refused_with_a_remedy():
    model = eqx.filter_eval_shape(lambda: SineNet(SOURCE, TARGET, waves=1, width=2, key=jax.random.key(0)))
    with pytest.raises(ValueError, match=r"divisible by 16; got \(30, 32\). Use fewer .* such as \(32, 32\)"):
        model(noise(BOX.grid(30, 32)))
    with pytest.raises(ValueError, match="divisible by 16"):
        build(SOURCE, TARGET, waves=1, width=2, on=BOX.grid(24))
    with pytest.raises(ValueError, match="at least one wave, level and block"):
        build(SOURCE, TARGET, waves=0)
