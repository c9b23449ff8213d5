"""U-Nets, dilated network and CNO: published sizes, symmetries, reach, dimensions, conditioning, and learning."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuralpde.operators import CNO, ConvNeXtUNet, DilatedResNet, ModernUNet, SineNet, UNet
from neuralpde.operators.convnext_unet import _cells_in_channels
from neuralpde.operators.dilated_resnet import DilatedBlock
from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace, Neumann, Periodic

from .conftest import BOX, SOURCE, TARGET, noise

SMALL = {
    SineNet: {"waves": 2, "width": 8, "levels": 1, "multiplier": 1.5},
    UNet: {"width": 8, "levels": 1},
    ModernUNet: {"width": 4, "multipliers": (1, 2), "blocks": 1},
    ConvNeXtUNet: {"width": 4, "levels": 1, "blocks": 1},
    DilatedResNet: {"width": 8, "blocks": 1, "dilations": (1, 2, 1)},
    CNO: {"width": 8, "levels": 1, "bottom": 1},
}
NETS = pytest.mark.parametrize("Net", SMALL, ids=lambda net: net.__name__)


def space(channels, box=BOX, boundary=None):
    return FunctionSpace(box, tuple(f"u{i}" for i in range(channels)), boundary)


def build(Net, source, target, **options):
    """A net made by one compiled program; operation by operation takes longer."""
    return eqx.filter_jit(lambda key: Net(source, target, **SMALL[Net] | options, key=key))(jax.random.key(0))


@eqx.filter_jit
def values(model, u):
    return model(u).values


def parameters(Net, inputs, outputs, **options):
    """Number of parameters of a net that is never allocated."""
    shapes = eqx.filter_eval_shape(lambda: Net(space(inputs), space(outputs), **options, key=jax.random.key(0)))
    return sum(x.size for x in jax.tree.leaves(eqx.filter(shapes, lambda x: isinstance(x, jax.ShapeDtypeStruct))))


@pytest.mark.parametrize(
    "Net, options, millions",
    [
        (UNet, {}, 31.0),
        (UNet, {"width": 128}, 124.1),
        (ModernUNet, {}, 144.3),
        (DilatedResNet, {"norm": True}, 4.2),
        (DilatedResNet, {"norm": False}, 4.2),
        (ConvNeXtUNet, {}, 18.6),
    ],
)
def test_parameter_counts_of_the_published_models(Net, options, millions):
    """PDEArena's U-Net-2015-64 and -128, U-Net-mod-64 and DilResNet-128; The Well's CNextU-Net."""
    assert abs(parameters(Net, 12, 3, **options) / 1e6 - millions) < 0.05


@NETS
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_one_code_serves_all_dimensions(Net, dim):
    box = Box.cube(dim)
    out = eqx.filter_eval_shape(
        lambda: (
            Net(space(2, box), space(3, box), **SMALL[Net], key=jax.random.key(0))(
                Field(jnp.ones((4,) * dim + (2,)), box.grid(4), space(2, box))
            ).values
        )
    )
    assert out.shape == (4,) * dim + (3,)


@NETS
def test_boundary_conditions_choose_the_padding_axis_by_axis(Net):
    """Periodic in x, walls in y: only shifts along x by a coarse cell commute with the net."""
    box = Box.of(periodic=["x"], x=(0.0, 1.0), y=(0.0, 1.0))
    source, target = space(1, box), space(1, box, [Periodic(), (Neumann(), Dirichlet())])
    model, u = build(Net, source, target), noise(box.grid(8, 8), source)
    answer = values(model, u)
    for axis, commutes in ((0, True), (1, False)):
        moved = values(model, u.with_values(jnp.roll(u.values, 4, axis)))
        assert np.allclose(moved, jnp.roll(answer, 4, axis), atol=1e-12) == commutes


@NETS
def test_conditioning_is_a_function_of_the_parameter_and_trains(Net):
    model, u = build(Net, SOURCE, TARGET, condition={"nu": 1e3}), noise(BOX.grid(4))

    @eqx.filter_jit
    def run(model, nu):
        def total(model):
            v = model.given({"nu": nu, "unused": nu})(u).values
            return jnp.sum(v**2), v

        gradient, v = eqx.filter_grad(total, has_aux=True)(model)
        return v, gradient.condition

    (one, gradient), (other, _) = run(model, jnp.asarray(1e-3)), run(model, jnp.asarray(3e-3))
    assert float(jnp.abs(one - other).max()) > (1e-12 if Net is ConvNeXtUNet else 1e-5)
    leaves = jax.tree.leaves(eqx.filter(gradient, eqx.is_array))
    assert all(jnp.isfinite(g).all() for g in leaves) and any(jnp.any(g != 0) for g in leaves)
    with pytest.raises(ValueError, match=r"conditioned on \['nu'\]: apply operator.given"):
        model(u)


@pytest.mark.parametrize("Net", [UNet, ModernUNet, ConvNeXtUNet, CNO])
def test_grid_that_cannot_be_halved_is_refused(Net):
    with pytest.raises(ValueError, match=rf"{Net.__name__} halves its grid \d times, .*got \(30, 30\)"):
        Net(SOURCE, TARGET, on=BOX.grid(30), **SMALL[Net] | _deep(Net), key=jax.random.key(0))


def _deep(Net):
    return {"multipliers": (1, 1, 1)} if Net is ModernUNet else {"levels": 2}


def test_other_unfit_grids_are_refused(key):
    with pytest.raises(ValueError, match=r"reach 8 points past a side.*got \(8, 16\)"):
        DilatedResNet(SOURCE, TARGET, width=2, blocks=1, on=BOX.grid(8, 16), key=key)
    with pytest.raises(ValueError, match=r"layout \['nodes'\]"):
        CNO(SOURCE, TARGET, **SMALL[CNO], on=BOX.grid(8, layout="nodes"), key=key)


def test_dilated_block_reaches_as_far_as_its_dilations_add_up_to(key):
    block = DilatedBlock(((Dirichlet(), Dirichlet()),), 2, (1, 2, 4, 8, 4, 2, 1), False, None, key=key)
    point = jnp.zeros((64, 2)).at[32].set(1.0)
    moved = jnp.abs(block(point, ("cells",), None) - block(0 * point, ("cells",), None)).max(-1) > 0
    assert (int(jnp.argmax(moved)), int(63 - jnp.argmax(moved[::-1]))) == (32 - 22, 32 + 22)


def test_cells_side_by_side_make_a_strided_convolution(key):
    x, w = jax.random.normal(key, (4, 6, 3)), jax.random.normal(key, (2, 2, 3, 5))
    expected = jax.lax.conv_general_dilated(x[None], w, (2, 2), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))[0]
    np.testing.assert_allclose(_cells_in_channels(x) @ w.reshape(12, 5), expected, atol=1e-12)


def random_waves(key, count, n):
    """Smooth periodic functions: eight waves of random phase."""
    a = jax.random.normal(key, (2, count, 4)) / jnp.arange(1, 5)
    phase = 2 * jnp.pi * jnp.arange(1, 5)[:, None] * jnp.arange(n) / n
    return (a[0] @ jnp.cos(phase) + a[1] @ jnp.sin(phase))[..., None]


@pytest.mark.slow
@pytest.mark.parametrize(
    "Net",
    SMALL,
    ids=[net.__name__ for net in SMALL],
)
def test_it_learns_a_step_of_burgers_equation(Net):
    """One explicit step of u_t + u u_x = nu u_xx in a moving frame, learned from 64 functions and asked of 32 others."""
    n, box = 32, Box.cube(1, periodic=True)
    u = random_waves(jax.random.key(1), 96, n)
    ahead, behind = jnp.roll(u, -1, 1), jnp.roll(u, 1, 1)
    v = jnp.roll(u - 0.1 * u * (ahead - behind) + 0.1 * (ahead - 2 * u + behind), 2, 1)
    s = space(1, box)
    model = build(Net, s, s)
    params, static = eqx.partition(model, eqx.is_inexact_array)
    steps = 150
    optimizer = optax.adam(optax.cosine_decay_schedule(1e-2, steps))

    def predict(p, x):
        return jax.vmap(lambda one: eqx.combine(p, static)(Field(one, box.grid(n), s)).values)(x)

    @jax.jit
    def step(p, state):
        loss = lambda p: jnp.mean((predict(p, u[:64]) - v[:64]) ** 2)
        updates, state = optimizer.update(jax.grad(loss)(p), state)
        return optax.apply_updates(p, updates), state

    state = optimizer.init(params)
    for _ in range(steps):
        params, state = step(params, state)
    error = jnp.linalg.norm(predict(params, u[64:]) - v[64:]) / jnp.linalg.norm(v[64:])
    assert float(error) < 0.15
