"""MgNO: the paper's parameter counts, linearity and support of its V-cycle, boundary behaviour, schedules."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.operators import MgNO
from neuralpde.operators.mgno_cycle import VCycle
from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace, Neumann, Periodic

from .conftest import BOX, SOURCE, TARGET, noise


def parameters(model):
    return sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(model, eqx.is_inexact_array)))


@pytest.mark.parametrize(
    "width, depth, levels, count",
    [(24, 4, 6, 572_661), (24, 5, 6, 738_573), (24, 4, 3, 258_570), (16, 4, 4, 161_931)],
)
def test_parameter_counts_of_the_published_models(width, depth, levels, count, key):
    assert parameters(MgNO(SOURCE, TARGET, width=width, depth=depth, levels=levels, key=key)) == count


EIGHT = BOX.grid(8)


@pytest.mark.parametrize("restrict_residual", [False, True])
@pytest.mark.parametrize("schedule", [[(1, 0), (1, 0), (2, 0)], [(2, 1), (1, 2), (1, 1)]])
def test_v_cycle_is_linear(schedule, restrict_residual, key):
    cycle = VCycle(TARGET, 2, 3, schedule, restrict_residual=restrict_residual, key=key)
    f, g = jax.random.normal(key, (2, 8, 8, 2))
    combined = cycle(2 * f - 3 * g, EIGHT)
    np.testing.assert_allclose(combined, 2 * cycle(f, EIGHT) - 3 * cycle(g, EIGHT), atol=1e-12)


def test_v_cycle_equals_its_formula_written_out(key):
    cycle = VCycle(TARGET, 1, 2, [(1, 1), (2, 0)], key=key)
    f = jax.random.normal(key, (8, 8, 1))
    layout = EIGHT.layout
    u0 = cycle.pre[0][0].S(f, layout)
    f1, u1 = cycle.R[0](f, layout), cycle.Pi[0](u0, layout)
    for step in cycle.pre[1]:
        u1 = u1 + step.S(f1 - step.A(u1, layout), layout)
    u0 = u0 + cycle.P[0](u1, layout)
    post = cycle.post[0][0]
    u0 = u0 + post.S(f - post.A(u0, layout), layout)
    np.testing.assert_allclose(cycle(f, EIGHT), u0, atol=1e-13)


def test_restricted_residual_differs_from_restricted_right_hand_side(key):
    make = lambda flag: VCycle(TARGET, 2, 2, [(2, 0), (1, 0)], restrict_residual=flag, key=key)
    f = jax.random.normal(key, (8, 8, 2))
    assert not np.allclose(make(True)(f, EIGHT), make(False)(f, EIGHT))


@pytest.mark.parametrize("levels, reaches_far", [(1, False), (4, True)])
def test_levels_carry_information_across_the_domain(levels, reaches_far, key):
    cycle = VCycle(TARGET, 1, 2, [(1, 0)] * levels, key=key)
    grid = BOX.grid(32)
    point = jnp.zeros((32, 32, 1)).at[16, 16].set(1.0)
    response = jnp.abs(cycle(point, grid)).sum(-1)
    assert bool(response[16, 17] > 0)
    assert bool(response[16, 26] > 0) == reaches_far


def test_periodic_mgno_commutes_with_coarse_grid_shifts(key):
    box = Box.cube(2, periodic=True)
    space = FunctionSpace(box, ("w",))
    model = MgNO(space, space, width=3, depth=2, levels=3, key=key)
    u = noise(box.grid(16, 8), space)
    shifted = model(u.with_values(jnp.roll(u.values, (4, 4), (0, 1))))
    np.testing.assert_allclose(shifted.values, jnp.roll(model(u).values, (4, 4), (0, 1)), atol=1e-12)


@pytest.mark.parametrize("condition", [Neumann(0.0), Dirichlet(0.0)])
def test_boundary_condition_decides_the_padding(condition, key):
    box = Box.cube(1)
    target = FunctionSpace(box, ("u",), condition)
    model = MgNO(FunctionSpace(box), target, width=4, depth=1, levels=1, schedule=[(1, 0)], key=key)
    one = Field(jnp.ones((16, 1)), box.grid(16), FunctionSpace(box))
    values = model(one).values[:, 0]
    # A constant input stays constant up to the wall only if the wall mirrors it.
    constant = bool(jnp.allclose(values, values[8]))
    assert constant == isinstance(condition, Neumann)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_one_code_serves_all_dimensions(dim, key):
    box = Box.cube(dim)
    model = MgNO(
        FunctionSpace(box, ("a", "b")),
        FunctionSpace(box, ("u", "v", "p")),
        width=2,
        depth=1,
        levels=2,
        key=key,
    )
    u = Field(jnp.ones((8,) * dim + (2,)), box.grid(8), model.source)
    assert model(u).values.shape == (8,) * dim + (3,)


@pytest.mark.parametrize("layout", ["cells", "nodes"])
def test_runs_on_every_grid(layout, key):
    model = MgNO(SOURCE, TARGET, width=2, depth=1, levels=3, key=key)
    for shape in [(5, 12), (16, 9), (31, 32)]:
        grid = BOX.grid(*shape, layout=layout)
        assert model(noise(grid)).values.shape == (*shape, 1)


@pytest.mark.parametrize(
    "shape, layout, pad_transfers, fitting",
    [((4, 64), "cells", True, 3), ((5, 64), "nodes", True, 3), ((16, 16), "cells", False, 4)],
)
def test_grid_that_is_too_coarse_is_refused_with_a_remedy(shape, layout, pad_transfers, fitting, key):
    grid = BOX.grid(*shape, layout=layout)

    def make(levels, on=None):
        return MgNO(SOURCE, TARGET, width=1, depth=1, levels=levels, pad_transfers=pad_transfers, on=on, key=key)

    with pytest.raises(ValueError, match=f"halves the grid {fitting} times.*use levels={fitting} or"):
        make(fitting + 1, grid)
    with pytest.raises(ValueError, match=f"use levels={fitting} or"):
        make(fitting + 1)(noise(grid))
    assert jnp.isfinite(make(fitting, grid)(noise(grid)).values).all()


def test_contradicting_arguments_are_refused(key):
    two = FunctionSpace(BOX, ("u", "v"))
    with pytest.raises(ValueError, match="same number of components"):
        MgNO(SOURCE, two, levels=2, residual=True, key=key)
    with pytest.raises(ValueError, match="'field', 'grid' or None, got 'batch'"):
        MgNO(SOURCE, TARGET, levels=2, level_norm="batch", key=key)
    with pytest.raises(ValueError, match="pass on=Grid"):
        MgNO(SOURCE, TARGET, levels=2, cycle_norm="grid", key=key)


@pytest.mark.parametrize("options", [{"levels": 3}, {"levels": 1, "on": BOX.grid(16)}])
def test_physical_scaling_wants_a_grid_and_levels(options, key):
    with pytest.raises(ValueError, match=r"wants the grid of training, on=Grid\(...\), and at least 2 levels"):
        MgNO(SOURCE, TARGET, width=1, depth=1, physical_scaling=True, **options, key=key)


def test_published_norm_belongs_to_its_grid(key):
    model = MgNO(SOURCE, TARGET, width=2, depth=1, levels=2, level_norm="grid", on=BOX.grid(8), key=key)
    with pytest.raises(ValueError, match=r"weights for the grid \(8, 8\).*FieldNorm"):
        model(noise(BOX.grid(16)))


@pytest.mark.parametrize("schedule", [[(0, 0), (1, 0)], [(1, -1)], [(1, 0, 0)]])
def test_impossible_schedules_are_refused(schedule, key):
    with pytest.raises(ValueError, match="schedule"):
        MgNO(SOURCE, TARGET, width=2, depth=1, schedule=schedule, key=key)


def test_periodic_operator_on_a_periodic_space_needs_no_configuration(key):
    box = Box.of(periodic=["x"], x=(0.0, 2.0), y=(0.0, 1.0))
    space = FunctionSpace(box, ("u",), [Periodic(), Dirichlet(0.0)])
    model = MgNO(space, space, width=3, depth=1, levels=2, key=key)
    u = noise(box.grid(8, 8), space)
    rolled = model(u.with_values(jnp.roll(u.values, 2, 0)))
    np.testing.assert_allclose(rolled.values, jnp.roll(model(u).values, 2, 0), atol=1e-12)
