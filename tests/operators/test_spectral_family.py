"""Spectral and attention operators: one operator on all grids, any layout and batch, and able to learn."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from convergence import observed_order

from neuralpde.operators import FFNO, FNO, UNO, Transolver, ViT
from neuralpde.spaces import Box, Field, FunctionSpace, Points

from .conftest import BOX, SOURCE, TARGET, noise, smooth
from .spectral_family_convergence import FAMILIES, LAYOUTS, differences, expected

QUICK = (("ViT", "nodes"), ("Transolver", "nodes"))
REFINED = [
    pytest.param(name, layout, marks=[] if (name, layout) in QUICK else pytest.mark.slow)
    for name in FAMILIES
    for layout in LAYOUTS
]
NARROW_STRIPS = {
    "U-NO": "its activations on n points act on n/2 points at the bottom, where waves above n/4 are cut off",
    "Transolver": "softmax and normalisation are analytic in a narrow strip about the real axis only",
}
"""Why a doubling gains three digits from more than 16 points only, on a circle."""


@pytest.mark.parametrize("name, layout", REFINED)
def test_untrained_operator_converges_as_the_grid_is_refined(name, layout):
    found = differences(name, layout)
    if expected(name, layout) == "spectral":
        # A fixed number of wavenumbers and smooth activations: only aliases are left.
        assert found[1] < 1e-3 * found[0] or found[1] < 1e-9
    else:
        assert observed_order(found) > 1.8


@pytest.mark.slow
@pytest.mark.parametrize("name", NARROW_STRIPS)
def test_difference_on_a_circle_falls_geometrically(name):
    """``exp(-s n)`` with s set by the width of the strip: doubling n doubles the order seen, as no power of n does."""
    found = differences(name, "periodic", (16, 32, 64, 128))
    orders = [observed_order(pair) for pair in itertools.pairwise(found)]
    assert orders[1] > 1.8 * orders[0] > 0
    assert found[2] < 1e-3 * found[1] and found[2] < 1e-10


PLANE = {
    "ffno": lambda key: FFNO(SOURCE, TARGET, modes=3, width=4, depth=2, key=key),
    "uno": lambda key: UNO(SOURCE, TARGET, modes=2, width=4, levels=2, key=key),
    "vit": lambda key: ViT(SOURCE, TARGET, patches=(3, 2), moments=2, width=8, depth=1, heads=2, key=key),
    "vit-galerkin": lambda key: ViT(
        SOURCE, TARGET, patches=2, width=8, depth=1, heads=2, attention="galerkin", key=key
    ),
    "transolver": lambda key: Transolver(SOURCE, TARGET, width=8, depth=1, heads=2, slices=3, key=key),
}


@pytest.mark.parametrize("name", PLANE)
def test_batches_and_other_places_of_the_output(name, key):
    """In one program: a batch and its members one by one on an uneven grid, and the output at scattered points."""
    grid, points = BOX.grid(9, 12, layout=("nodes", "cells")), Points.random(BOX, 5, key=key)
    batch = jnp.stack([noise(grid, seed=seed).values for seed in (1, 2)])

    @eqx.filter_jit
    def run(batch):
        model = PLANE[name](key)
        one = [model(Field(v, grid, SOURCE)).values for v in batch]
        together = jax.vmap(lambda v: model(Field(v, grid, SOURCE)).values)(batch)
        return jnp.stack(one), together, model(Field(batch[0], grid, SOURCE), points).values

    one, together, elsewhere = run(batch)
    assert one.shape == (2, 9, 12, 1) and elsewhere.shape == (5, 1)
    assert float(jnp.abs(one[0] - one[1]).max()) > 1e-4
    np.testing.assert_allclose(together, one, atol=1e-11)


def test_transolver_reads_scattered_points_as_they_come(key):
    """With the points and weights of a grid it is the same operator, and their order does not matter."""
    grid = BOX.grid(6, layout="nodes")
    order = jax.random.permutation(key, 36)
    points = Points(grid.coords().reshape(36, 2)[order], BOX, grid.weights().reshape(36)[order])
    u = smooth(grid)

    @eqx.filter_jit
    def run():
        model = PLANE["transolver"](key)
        scattered = model(Field(u.values.reshape(36, 1)[order], points, SOURCE))
        return scattered.values, model(u).values

    scattered, on_grid = run()
    np.testing.assert_allclose(scattered, on_grid.reshape(36, 1)[order], atol=1e-12)


def test_uno_commutes_with_shifts_by_points_of_its_coarsest_grid(key):
    box = Box.cube(1, periodic=True)
    space = FunctionSpace(box)
    u = noise(box.grid(24), space).values

    @eqx.filter_jit
    def run(u):
        model = UNO(space, space, modes=3, width=4, levels=3, coordinates=False, key=key)
        return model(Field(u, box.grid(24), space)).values

    np.testing.assert_allclose(run(jnp.roll(u, 8, 0)), jnp.roll(run(u), 8, 0), atol=1e-12)
    assert float(jnp.abs(run(jnp.roll(u, 3, 0)) - jnp.roll(run(u), 3, 0)).max()) > 1e-7


def test_uno_refuses_a_grid_whose_coarse_levels_do_not_resolve_the_modes(key):
    model = eqx.filter_eval_shape(lambda: UNO(SOURCE, TARGET, modes=6, width=2, levels=3, key=key))
    with pytest.raises(ValueError, match="8 points on axis 'x' resolve at most 4 modes, got modes=6"):
        eqx.filter_eval_shape(lambda m: m(noise(BOX.grid(16))).values, model)


RING = FunctionSpace(Box.cube(1, periodic=True))
LEARNERS = {
    "fno": lambda key: FNO(RING, RING, modes=6, width=8, depth=2, mixing=0.0, lifting=0, key=key),
    "tfno": lambda key: FNO(RING, RING, modes=6, width=8, depth=2, factorization="tucker", rank=0.5, key=key),
    "ffno": lambda key: FFNO(RING, RING, modes=6, width=8, depth=2, projection=16, key=key),
    "uno": lambda key: UNO(RING, RING, modes=6, width=8, levels=2, key=key),
    "vit": lambda key: ViT(RING, RING, patches=4, moments=4, width=16, depth=2, heads=2, key=key),
    "transolver": lambda key: Transolver(RING, RING, width=16, depth=2, heads=2, slices=8, key=key),
}


def antiderivatives(grid, key, count):
    """Random waves and their antiderivatives of mean zero, times 2 pi."""
    k, x = jnp.arange(1, 5), grid.coords()
    a, b = jax.random.normal(key, (2, count, 4)) / k
    cos, sin = jnp.cos(2 * jnp.pi * k * x).T, jnp.sin(2 * jnp.pi * k * x).T
    return (a @ cos + b @ sin)[..., None], ((a / k) @ sin - (b / k) @ cos)[..., None]


def mean_squares(grid, key, count):
    """Random waves u and ``u + int u^2 dx``: a local part, and a number that every point needs."""
    u, _ = antiderivatives(grid, key, count)
    return u, u + jnp.mean(u**2, axis=1, keepdims=True)


# Slices are functions of what is at a point: sums over the domain come to them easily, sums up to a point do not.
TASKS = {name: mean_squares if name == "transolver" else antiderivatives for name in LEARNERS}
LEARNER_MARKS = [name if name == "fno" else pytest.param(name, marks=pytest.mark.slow) for name in LEARNERS]


@pytest.mark.parametrize("name", LEARNER_MARKS)
def test_operator_learns_a_map_that_is_not_local(name, key):
    grid, steps = RING.domain.grid(32), 150
    optimizer = optax.adam(optax.cosine_decay_schedule(1e-2, steps))

    @jax.jit
    def held_out_errors(key):
        keys = jax.random.split(key, 3)
        train, test = TASKS[name](grid, keys[0], 64), TASKS[name](grid, keys[1], 32)
        params, static = eqx.partition(LEARNERS[name](keys[2]), eqx.is_inexact_array)

        def error(params, pairs):
            model = eqx.combine(params, static)
            v = jax.vmap(lambda u: model(Field(u, grid, RING)).values)(pairs[0])
            return jnp.mean(jnp.linalg.norm(v - pairs[1], axis=(1, 2)) / jnp.linalg.norm(pairs[1], axis=(1, 2)))

        def step(carry, _):
            params, state = carry
            updates, state = optimizer.update(jax.grad(error)(params, train), state)
            return (optax.apply_updates(params, updates), state), None

        (learned, _), _ = jax.lax.scan(step, (params, optimizer.init(params)), None, steps)
        return error(params, test), error(learned, test)

    before, after = held_out_errors(key)
    assert before > 0.7
    assert after < 0.15
