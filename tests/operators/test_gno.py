"""GNO: its formula in loops, clouds as measures, orders of convergence, and that it learns on scattered points."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from convergence import observed_order
from scipy.stats import norm

from neuralpde.nn import NeighbourIntegral, check_limit, neighbours
from neuralpde.operators import GINO, GNO
from neuralpde.spaces import Ball, Box, Field, FunctionSpace, Points

from .cloud_convergence import cloud_errors, monte_carlo_errors

SQUARE = Box.cube(2)
STRIP = Box.of(periodic=["x"], x=(0.0, 2.0), y=(0.0, 1.0))
STEPS = 800
MODELS = pytest.mark.parametrize("family", ["gno", pytest.param("gino", marks=pytest.mark.slow)])


@eqx.filter_jit
def values(model, u, at):
    return model(u, at).values


def build(family, key, domain=SQUARE, **changes):
    source, target = FunctionSpace(domain, ("a",)), FunctionSpace(domain, ("u", "v"))
    if family == "gno":
        return GNO(source, target, **{"width": 6, "depth": 2, "hidden": 5, "radius": 0.3} | changes, key=key)
    sizes = {"latent": 7, "modes": 3, "width": 6, "depth": 1, "hidden": 5, "radius": 0.25}
    return GINO(source, target, **sizes | changes, key=key)


def cloud(key, n=30, domain=SQUARE, mask=None):
    weights = jax.random.uniform(key, (n,), minval=0.5, maxval=1.5)
    return Points(domain.sample(key, n), domain, weights * domain.volume / weights.sum(), mask)


def field(on, domain=SQUARE):
    x = on.coords()
    return Field(jnp.sin(3 * x[..., :1]) + x[..., 1:] ** 2, on, FunctionSpace(domain, ("a",)))


# Neighbours


def offset(domain, y, x, radius):
    """``(y - x) / radius``, the shorter way around."""
    z = np.array(y) - np.array(x)
    if domain is STRIP:
        z[0] = min(z[0], z[0] - 2, z[0] + 2, key=abs)
    return z / radius


@pytest.mark.parametrize("domain", [SQUARE, STRIP])
def test_neighbours_are_those_of_a_loop_over_all_pairs(domain, key):
    on, radius = cloud(key, 40, domain), (0.4, 0.2)
    x = domain.sample(jax.random.key(5), 9)
    found = neighbours(on, x, radius, limit=40)
    index, there, sources, queries = map(np.asarray, (found.index, found.found, on.x, x))
    for i, query in enumerate(queries):
        expected = {j for j, y in enumerate(sources) if (offset(domain, y, query, radius) ** 2).sum() < 1}
        assert set(index[i][there[i]]) == expected
    assert not found.overflow.any()


@pytest.mark.parametrize("domain, layout", [(SQUARE, "nodes"), (SQUARE, "chebyshev"), (STRIP, ("periodic", "cells"))])
@pytest.mark.parametrize("shape, radius", [((9, 12), (0.3, 0.2)), ((4, 5), (0.5, 0.4))])
def test_neighbours_on_a_grid_are_those_among_its_points(domain, layout, shape, radius, key):
    grid = domain.grid(*shape, layout=layout)
    points = Points(grid.coords().reshape(-1, 2), domain, grid.weights().reshape(-1))
    x = jnp.concatenate([domain.sample(key, 9), jnp.asarray([domain.lower, domain.upper])])
    on_grid, on_points = neighbours(grid, x, radius), neighbours(points, x, radius, limit=grid.size)
    one, two = ((np.asarray(near.index), np.asarray(near.found)) for near in (on_grid, on_points))
    for i in range(len(x)):
        assert sorted(one[0][i][one[1][i]]) == sorted(two[0][i][two[1][i]])


def test_clouds_too_dense_for_the_places_are_refused_or_poisoned(key):
    on = cloud(key)
    with pytest.raises(ValueError, match=r"has \d+ neighbours within the radius and there are 4 places.*limit="):
        build("gno", key, limit=4, on=on)
    check_limit(on, (0.3, 0.3), 30)
    layer = NeighbourIntegral(SQUARE, 1, key=key)
    for limit, complete in ((4, False), (30, True)):
        near = neighbours(on, on.x, (0.3, 0.3), limit)
        assert jnp.isfinite(layer(jnp.ones((30, 1)), on, near)).all() == complete


def test_radii_beyond_half_a_period_are_refused(key):
    with pytest.raises(ValueError, match="periodic axis 'x' would be counted twice"):
        neighbours(STRIP.grid(8), jnp.zeros((1, 2)), (1.1, 0.2))
    with pytest.raises(ValueError, match=r"at most 0\.5; got 0\.6"):
        build("gno", key, radius=0.6)


# The kernel integral


@pytest.mark.parametrize("domain", [SQUARE, STRIP])
def test_integral_is_a_weighted_mean_of_messages(domain, key):
    layer = NeighbourIntegral(domain, 3, conditions=1, hidden=4, key=key)
    layer = eqx.tree_at(lambda k: k.of_source.bias, layer, jnp.arange(4.0))
    on, radius = cloud(key, 25, domain), (0.4, 0.3)
    v, a = jax.random.normal(key, (25, 3)), jax.random.normal(jax.random.key(1), (25, 1))
    x = domain.sample(jax.random.key(2), 4)
    found = layer(v, on, neighbours(on, x, radius), a)
    source, out, of_offset = (np.asarray(part.weight) for part in (layer.of_source, layer.out, layer.of_offset))
    sources, weights, v, a = map(np.asarray, (on.x, on.w, v, a))
    for query, value in zip(np.asarray(x), found, strict=True):
        total, mass = np.zeros(3), 0.0
        for y, weight, v_y, a_y in zip(sources, weights, v, a, strict=True):
            z = offset(domain, y, query, radius)
            if z @ z < 1:
                seen = [2 * y[0] - 1, 2 * y[1] - 1]
                if domain is STRIP:
                    seen = [np.cos(np.pi * y[0]), np.sin(np.pi * y[0]), 2 * y[1] - 1]
                hidden = np.array([*seen, *a_y]) @ source + np.arange(4.0) + z @ of_offset
                kappa = hidden * norm.cdf(hidden) @ out + 1
                measure = (1 - z @ z) ** 2 * weight
                total += measure * kappa * v_y
                mass += measure
        np.testing.assert_allclose(value, total / mass, atol=1e-12)


def test_query_without_neighbours_gets_zero(key):
    layer = NeighbourIntegral(SQUARE, 2, key=key)
    on = Points(jnp.asarray([[0.1, 0.1]]), SQUARE)
    near = neighbours(on, jnp.asarray([[0.9, 0.9], [0.1, 0.2]]), (0.2, 0.2))
    found = layer(jnp.ones((1, 2)), on, near)
    assert not found[0].any() and found[1].all()


# Clouds as measures: for both operators


@MODELS
def test_duplicated_permuted_and_masked_points_change_nothing(family, key):
    model, on = build(family, key), cloud(key)
    u, at = field(on), SQUARE.grid(4)
    run = lambda u: values(model, u, at)
    expected = run(u)
    twice = Points(jnp.concatenate([on.x, on.x]), SQUARE, jnp.concatenate([on.w, on.w]) / 2)
    np.testing.assert_allclose(run(field(twice)), expected, atol=1e-11)
    order = jax.random.permutation(jax.random.key(1), 30)
    np.testing.assert_allclose(run(field(Points(on.x[order], SQUARE, on.w[order]))), expected, atol=1e-11)
    stray = Points(
        jnp.concatenate([on.x, SQUARE.sample(jax.random.key(2), 6)]),
        SQUARE,
        jnp.concatenate([on.w, jnp.ones(6)]),
        mask=jnp.arange(36) < 30,
    )
    np.testing.assert_allclose(run(field(stray)), expected, atol=1e-11)


@MODELS
def test_grids_and_their_points_are_one_input(family, key):
    model, grid = build(family, key), SQUARE.grid(7, 6, layout="nodes")
    points = Points(grid.coords().reshape(-1, 2), SQUARE, grid.weights().reshape(-1))
    on_points = Field(field(grid).values.reshape(-1, 1), points, model.source)
    found, expected = values(model, on_points, points), values(model, field(grid), grid)
    np.testing.assert_allclose(found, expected.reshape(-1, 2), atol=1e-12)


@MODELS
def test_answers_anywhere_by_the_same_function(family, key):
    model, u = build(family, key), field(cloud(key))
    at = cloud(jax.random.key(4), 5)
    h, e = 1e-5, jnp.asarray([1.0, 0.0])

    @eqx.filter_jit
    def by_function(model, u, x):
        function = model.as_function(u)
        slope = (function(x[0] + h * e) - function(x[0] - h * e)) / (2 * h)
        return jax.vmap(function)(x), jax.jacfwd(function)(x[0])[:, 0], slope

    expected, derivative, slope = by_function(model, u, at.x)
    np.testing.assert_allclose(values(model, u, at), expected, atol=1e-12)
    np.testing.assert_allclose(derivative, slope, atol=1e-7)
    grid = SQUARE.grid(3)
    on_grid = by_function(model, u, grid.coords().reshape(-1, 2))[0]
    np.testing.assert_allclose(values(model, u, grid).reshape(-1, 2), on_grid, atol=1e-12)


@MODELS
def test_clouds_are_batched(family, key):
    model = build(family, key)
    clouds = jax.vmap(lambda k: cloud(k))(jax.random.split(key, 3))
    fields = jax.vmap(field)(clouds)
    together = eqx.filter_jit(lambda m, u: jax.vmap(m)(u).values)(model, fields)
    one = jax.tree.map(lambda leaf: leaf[1], fields)
    np.testing.assert_allclose(together[1], values(model, one, None), atol=1e-11)


@MODELS
def test_shapes_other_than_boxes_are_domains(family, key):
    disc = Ball((0.5, 0.5), 0.5)
    v = values(build(family, key, disc), field(Points.random(disc, 40, key=key), disc), None)
    assert v.shape == (40, 2) and jnp.isfinite(v).all()


@MODELS
def test_another_domain_of_the_target_is_refused(family, key):
    line = FunctionSpace(Box.cube(1), ("a",))
    with pytest.raises(ValueError, match=r"keeps the domain of its input, \('x',\)"):
        {"gno": GNO, "gino": GINO}[family](line, FunctionSpace(SQUARE), key=key)


def test_latent_grids_out_of_reach_are_refused(key):
    with pytest.raises(ValueError, match=r"do not reach the latent grid \(7, 7\)"):
        build("gino", key, radius=0.1)
    with pytest.raises(ValueError, match="resolve at most 4 modes"):
        build("gino", key, modes=5)


# Convergence and learning


@pytest.mark.slow
@MODELS
def test_output_converges_with_the_quadrature_of_the_points(family):
    assert observed_order(cloud_errors(family)) > 1.6


@pytest.mark.slow
def test_independent_points_converge_as_monte_carlo_does():
    errors = monte_carlo_errors("gno")
    assert observed_order([errors[0], errors[-1]], 16) == pytest.approx(0.5, abs=0.2)


def scattered_problem(key):
    """A cloud with a sum of cosines on it, and ``(1 - Laplacian / pi^2)^-1`` of that, with no flux at the walls."""
    key_x, key_c = jax.random.split(key)
    cells = SQUARE.grid(7).coords().reshape(-1, 2)
    points = Points(cells + jax.random.uniform(key_x, cells.shape, minval=-0.06, maxval=0.06), SQUARE)
    k = jnp.stack(jnp.meshgrid(jnp.arange(3.0), jnp.arange(3.0), indexing="ij"), axis=-1).reshape(-1, 2)
    c = jax.random.normal(key_c, (9,))
    waves = jnp.cos(jnp.pi * points.x[:, None, 0] * k[:, 0]) * jnp.cos(jnp.pi * points.x[:, None, 1] * k[:, 1])
    return points, (waves @ c)[:, None], (waves @ (c / (1 + (k**2).sum(1))))[:, None]


@pytest.mark.slow
def test_learns_an_elliptic_problem_on_clouds_not_seen(key):
    space = FunctionSpace(SQUARE, ("a",))
    model = GNO(space, space, width=10, depth=1, hidden=8, radius=0.4, key=key)
    points, a, u = jax.vmap(scattered_problem)(jax.random.split(key, 256))
    params, static = eqx.partition(model, eqx.is_inexact_array)
    optimizer = optax.adam(optax.cosine_decay_schedule(1e-2, STEPS))

    def predict(params, points, a):
        operator = eqx.combine(params, static)
        return jax.vmap(lambda on, v: operator(Field(v, on, space)).values)(points, a)

    def step(carry, key):
        params, state = carry
        chosen = jax.random.randint(key, (8,), 0, 224)
        some = jax.tree.map(lambda leaf: leaf[chosen], (points, a, u))
        gradient = jax.grad(lambda p: jnp.mean((predict(p, some[0], some[1]) - some[2]) ** 2))(params)
        updates, state = optimizer.update(gradient, state)
        return (optax.apply_updates(params, updates), state), None

    run = jax.jit(lambda carry: jax.lax.scan(step, carry, jax.random.split(key, STEPS))[0])
    params, _ = run((params, optimizer.init(params)))
    held_out = jax.tree.map(lambda leaf: leaf[224:], points)
    error = predict(params, held_out, a[224:]) - u[224:]
    # What no look at the neighbours could do: the best multiple of the input at the same point.
    local = jnp.vdot(a, u) / jnp.vdot(a, a) * a[224:] - u[224:]
    assert float(jnp.linalg.norm(error)) < 0.5 * float(jnp.linalg.norm(local))
