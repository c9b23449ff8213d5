"""What every operator promises: any grid, any points, jit, vmap, grad, and no surprises."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import Standardize
from neuralpde.operators import (
    CNO,
    FFNO,
    FNO,
    GINO,
    GNO,
    UNO,
    AtResolution,
    ConvNeXtUNet,
    DeepONet,
    DGenNO,
    DilatedResNet,
    LocalNO,
    MgNO,
    MIONet,
    ModernUNet,
    MultiONet,
    Normalized,
    SineNet,
    Transolver,
    UNet,
    ViT,
)
from neuralpde.spaces import Box, Field, FunctionSpace, Points, relative_l2

from .conftest import BOX, SOURCE, TARGET, noise, smooth

GRID = BOX.grid(16)


FAMILIES = {
    "mgno": lambda *ends, **rest: MgNO(*ends, width=6, depth=2, levels=3, **rest),
    "deeponet": lambda *ends, **rest: DeepONet(*ends, width=16, depth=2, basis=8, **rest),
    "fno": lambda *ends, **rest: FNO(*ends, modes=4, width=6, depth=2, **rest),
    "cno": lambda *ends, **rest: CNO(*ends, width=4, levels=2, bottom=1, **rest),
    "convnext_unet": lambda *ends, **rest: ConvNeXtUNet(*ends, width=4, levels=2, blocks=1, **rest),
    "dilated_resnet": lambda *ends, **rest: DilatedResNet(*ends, width=4, blocks=1, dilations=(1, 2, 1), **rest),
    "ffno": lambda *ends, **rest: FFNO(*ends, modes=4, width=6, depth=2, projection=8, **rest),
    "gino": lambda *ends, **rest: GINO(*ends, latent=8, modes=3, width=6, depth=1, hidden=6, radius=0.3, **rest),
    "gno": lambda *ends, **rest: GNO(*ends, width=6, depth=1, hidden=6, radius=0.2, **rest),
    "local_no": lambda *ends, **rest: LocalNO(*ends, modes=4, width=6, depth=1, radius=0.2, **rest),
    "mionet": lambda *ends, **rest: MIONet(*ends, width=16, depth=2, basis=8, **rest),
    "modern_unet": lambda *ends, **rest: ModernUNet(*ends, width=4, multipliers=(1, 2), blocks=1, **rest),
    "multionet": lambda *ends, **rest: MultiONet(*ends, width=16, depth=3, **rest),
    "dgenno": lambda *ends, **rest: DGenNO(*ends, latent=8, encoder_width=16, width=16, depth=3, **rest),
    "sinenet": lambda *ends, **rest: SineNet(*ends, waves=2, width=4, levels=2, **rest),
    "transolver": lambda *ends, **rest: Transolver(*ends, width=8, depth=1, heads=2, slices=4, **rest),
    "unet": lambda *ends, **rest: UNet(*ends, width=4, levels=2, **rest),
    "uno": lambda *ends, **rest: UNO(*ends, modes=4, width=4, levels=2, **rest),
    "vit": lambda *ends, **rest: ViT(*ends, patches=4, moments=3, width=8, depth=1, heads=2, harmonics=2, **rest),
}
QUICK = ("mgno", "deeponet", "fno")


def build(name, key, source=SOURCE, target=TARGET):
    return FAMILIES[name](source, target, on=GRID, key=key)


OPERATORS = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in FAMILIES]
)


@OPERATORS
def test_answers_where_the_input_lives_by_default(name, key):
    v = build(name, key)(noise(GRID))
    assert v.on == GRID and v.space == TARGET and v.values.shape == (16, 16, 1)


@OPERATORS
def test_answers_on_other_grids_and_at_scattered_points(name, key):
    model, u = build(name, key), smooth(GRID)
    fine = BOX.grid(24, 32, layout="nodes")
    points = Points.random(BOX, 11, key=key)
    assert model(u, fine).values.shape == (24, 32, 1)
    at_points = model(u, points)
    assert at_points.on is points and at_points.values.shape == (11, 1)
    np.testing.assert_allclose(at_points.values, jax.vmap(model.as_function(u))(points.x), atol=1e-10)


@OPERATORS
def test_input_on_scattered_points_is_accepted(name, key):
    model = build(name, key)
    points = Points.random(BOX, 400, key=key)
    on_grid = model(smooth(GRID), GRID)
    from_points = model(smooth_at(points), GRID)
    assert float(relative_l2(from_points, on_grid)) < 0.2


def smooth_at(points):
    x, y = points.x.T
    return Field((jnp.exp(x * y) + 0.5 * jnp.sin(3 * x + 2 * y))[:, None], points, SOURCE)


@OPERATORS
def test_vmap_and_jit_give_the_values_of_one_by_one(name, key):
    model = build(name, key)
    batch = Field.stack(jax.random.normal(key, (3, 16, 16, 1)), GRID, SOURCE)
    together = jax.jit(lambda u: jax.vmap(model)(u).values)(batch)
    for i in range(3):
        one = model(Field(batch.values[i], GRID, SOURCE)).values
        np.testing.assert_allclose(together[i], one, atol=1e-11)


@OPERATORS
def test_parameter_gradient_matches_a_finite_difference(name, key):
    model = build(name, key)
    params, static = eqx.partition(model, eqx.is_inexact_array)
    u = noise(GRID)

    def objective(p):
        return jnp.sum(jnp.sin(eqx.combine(p, static)(u).values))

    leaves, structure = jax.tree.flatten(params)
    keys = jax.random.split(key, len(leaves))
    direction = structure.unflatten([jax.random.normal(k, x.shape) for k, x in zip(keys, leaves, strict=True)])
    slope = sum(
        jnp.vdot(g, d) for g, d in zip(*map(jax.tree.leaves, (jax.grad(objective)(params), direction)), strict=True)
    )
    h = 1e-6
    shifted = [objective(jax.tree.map(lambda x, d, s=s: x + s * h * d, params, direction)) for s in (1, -1)]
    np.testing.assert_allclose(slope, (shifted[0] - shifted[1]) / (2 * h), rtol=1e-5)


@OPERATORS
def test_forward_and_reverse_derivatives_in_the_input_agree(name, key):
    model, u = build(name, key), noise(GRID)
    du, dv = noise(GRID, seed=1).values, noise(GRID, seed=2).values
    f = lambda values: model(u.with_values(values)).values
    _, pushed = jax.jvp(f, (u.values,), (du,))
    _, pull = jax.vjp(f, u.values)
    np.testing.assert_allclose(jnp.vdot(pushed, dv), jnp.vdot(du, pull(dv)[0]), rtol=1e-9)


@OPERATORS
def test_one_trace_serves_equal_grids(name, key):
    model = build(name, key)
    traces = 0

    @jax.jit
    def run(u):
        nonlocal traces
        traces += 1
        return model(u).values

    for seed in range(3):
        run(noise(Box.cube(2).grid(16), seed=seed))
    assert traces == 1


@OPERATORS
def test_field_of_another_space_is_refused(name, key):
    other = FunctionSpace(BOX, ("a", "b"))
    with pytest.raises(ValueError, match=r"maps functions \('a',\)"):
        build(name, key)(noise(GRID, other))


@OPERATORS
def test_normalised_operator_is_decode_after_operator_after_encode(name, key):
    inputs = Field.stack(4 + 2 * jax.random.normal(key, (9, 16, 16, 1)), GRID, SOURCE)
    outputs = Field.stack(-1 + 0.1 * jax.random.normal(key, (9, 16, 16, 1)), GRID, TARGET)
    encode, decode = Standardize.fit(inputs), Standardize.fit(outputs)
    inner = build(name, key)
    model = Normalized(inner, encode, decode)
    u = Field(inputs.values[0], GRID, SOURCE)
    mean, std = jnp.mean(inputs.values), jnp.std(inputs.values)
    by_hand = inner(u.with_values((u.values - mean) / std)).values
    by_hand = by_hand * jnp.std(outputs.values) + jnp.mean(outputs.values)
    np.testing.assert_allclose(model(u).values, by_hand, atol=1e-11)
    x = jnp.asarray([0.3, 0.7])
    assert jnp.isfinite(model.as_function(u)(x)).all()
    assert model.source == SOURCE and model.target == TARGET


def test_held_at_its_resolution_an_operator_sees_only_that_grid(key):
    model = build("mgno", key)
    held = AtResolution(model, GRID)
    coarse = smooth(GRID)
    np.testing.assert_allclose(held(coarse).values, model(coarse).values, atol=1e-12)
    fine = smooth(BOX.grid(64))
    native, resampled = model(fine), held(fine)
    assert resampled.on == fine.on
    truth = model(coarse).resample(fine.on)
    assert float(relative_l2(resampled, truth)) < 0.05 < float(relative_l2(native, truth))
