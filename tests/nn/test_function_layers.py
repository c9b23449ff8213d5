"""Layers as operators on functions: their orders of convergence, symmetries and refusals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order
from nn.function_layers_convergence import (
    KERNEL_ORDER,
    QUADRATURES,
    QUICK_KERNELS,
    differential_errors,
    instance_norm_errors,
    kernel_errors,
    low_rank_errors,
    pool_errors,
)
from scipy.integrate import quad

from neuralpde.nn import (
    DifferentialStencil,
    InstanceNorm,
    KernelIntegral,
    LowRankIntegral,
    PhysicalPool,
    SinusoidalFeatures,
    SpectralResample,
)
from neuralpde.nn.kernel_integral import hat_stencil
from neuralpde.spaces import Box, FunctionSpace, Points

SQUARE = Box.cube(2)
TORUS = Box.of(periodic=["x", "y"], x=(0.0, 2.0), y=(0.0, 1.0))


@pytest.mark.parametrize(
    "place", [pytest.param(p, marks=[] if p in QUICK_KERNELS else [pytest.mark.slow]) for p in KERNEL_ORDER]
)
def test_kernel_integral_converges_to_the_integral(place):
    errors = kernel_errors(place)
    # Over both refinements: hats and walls do not fall on points of the grids.
    assert observed_order([errors[0], errors[-1]], 4) == pytest.approx(KERNEL_ORDER[place], abs=0.3)


@pytest.mark.parametrize("place", QUADRATURES)
def test_differential_stencil_converges_to_the_derivatives_up_to_the_walls(place):
    assert observed_order(differential_errors(place)) == pytest.approx(2, abs=0.15)


@pytest.mark.parametrize("place", QUADRATURES)
def test_statistics_and_moments_converge_as_their_quadrature_does(place):
    for errors in (low_rank_errors(place), instance_norm_errors(place)):
        if place.startswith("periodic"):
            assert errors[0] < 1e-10
        else:
            assert observed_order(errors) == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("place", QUADRATURES)
def test_window_means_converge(place):
    assert observed_order(pool_errors(place)) == pytest.approx(2, abs=0.1)


# Kernel integral


@pytest.mark.parametrize("h", [0.07, 0.1, 0.5])
def test_hats_are_integrated_exactly_against_the_hats_of_the_grid(h):
    radius, hats = 0.3, 2
    width = 2 * radius / (hats + 1)
    stencil = hat_stencil(radius, hats, h)
    reach = len(stencil) // 2
    hat = lambda t: max(0.0, 1 - abs(t))
    for m, b in np.ndindex(stencil.shape):
        knot, node = -radius + width * (b + 1), h * (m - reach)
        kinks = sorted(p for p in (knot, node, node - h, node + h) if -radius < p < radius)
        product = lambda z, knot=knot, node=node: hat((z - knot) / width) / width * hat((z - node) / h)
        expected, _ = quad(product, -radius, radius, points=kinks)
        assert stencil[m, b] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("shape", [(4, 3), (32, 24)])
def test_constants_are_integrated_exactly_however_coarse_the_grid(shape, key):
    layer = KernelIntegral(FunctionSpace(TORUS).boundary, 2, 3, radius=(0.2, 0.1), key=key)
    constant = jnp.broadcast_to(jnp.asarray([2.0, -1.0]), (*shape, 2))
    expected = layer.weight.sum((0, 1)).T @ jnp.asarray([2.0, -1.0])
    np.testing.assert_allclose(layer(constant, TORUS.grid(*shape))[1, 2], expected, atol=1e-12)


@pytest.mark.parametrize("dim", [1, 3])
def test_kernel_integral_acts_on_each_axis_alike_in_all_dimensions(dim, key):
    """A function of the last axis alone sees the kernel integrated over the others: a layer of one dimension."""
    line, box = Box.cube(1, periodic=True), Box.cube(dim, periodic=True)
    layer = KernelIntegral(FunctionSpace(box).boundary, 2, 2, radius=0.3, hats=2, key=key)
    on_line = KernelIntegral(FunctionSpace(line).boundary, 2, 2, radius=0.3, hats=2, key=key)
    on_line = eqx.tree_at(lambda k: k.weight, on_line, layer.weight.sum(tuple(range(dim - 1))))
    v = jax.random.normal(key, (9, 2))
    grid = box.grid(*(5,) * (dim - 1), 9)
    found = layer(jnp.broadcast_to(v, (*grid.shape, 2)), grid)
    np.testing.assert_allclose(found, jnp.broadcast_to(on_line(v, line.grid(9)), found.shape), atol=1e-12)


def test_kernel_integral_commutes_with_shifts(key):
    layer = KernelIntegral(FunctionSpace(TORUS).boundary, 1, 2, radius=0.3, key=key)
    grid = TORUS.grid(12, 9)
    v = jax.random.normal(key, (12, 9, 1))
    shifted = layer(jnp.roll(v, (5, 2), (0, 1)), grid)
    np.testing.assert_allclose(shifted, jnp.roll(layer(v, grid), (5, 2), (0, 1)), atol=1e-12)


def test_unfit_supports_are_refused(key):
    boundary = FunctionSpace(SQUARE).boundary
    with pytest.raises(ValueError, match="exceeds half of axis 'x'"):
        KernelIntegral(boundary, 1, 1, radius=0.6, key=key)(jnp.zeros((8, 8, 1)), SQUARE.grid(8))
    with pytest.raises(ValueError, match="Chebyshev"):
        grid = SQUARE.grid(8, layout="chebyshev")
        KernelIntegral(boundary, 1, 1, radius=0.2, key=key)(jnp.zeros((8, 8, 1)), grid)
    for unfit in ({"radius": 0.0}, {"radius": (0.1, 0.1, 0.1)}, {"radius": 0.1, "hats": 0}):
        with pytest.raises(ValueError, match="positive radius"):
            KernelIntegral(boundary, 1, 1, **unfit, key=key)


# Differential stencil


@pytest.mark.parametrize("layout", ["nodes", "cells", "chebyshev"])
def test_first_order_stencil_is_exact_on_linear_functions(layout, key):
    layer = DifferentialStencil(2, 1, 2, length=0.5, key=key)
    grid = SQUARE.grid(7, 5, layout=layout)
    x, y = jnp.moveaxis(grid.coords(), -1, 0)
    found = layer((4 + 3 * x - 2 * y)[..., None], grid)
    expected = 0.5 * (3 * layer.weight[0, 0] - 2 * layer.weight[1, 0])
    np.testing.assert_allclose(found, jnp.broadcast_to(expected, found.shape), atol=1e-11)


def test_stencil_sums_to_zero(key):
    layer = DifferentialStencil(3, 2, 2, length=0.1, order=2, key=key)
    assert len(layer.powers) == 9
    grid = Box.cube(3).grid(5)
    np.testing.assert_allclose(layer(jnp.full((5, 5, 5, 2), 7.0), grid), 0, atol=1e-10)


def test_other_orders_are_refused(key):
    with pytest.raises(ValueError, match="order 1 or 2, got 3"):
        DifferentialStencil(2, 1, 1, length=1.0, order=3, key=key)


# Low-rank integral


def cloud(key, n=40, domain=SQUARE):
    weights = jax.random.uniform(key, (n,), minval=0.5, maxval=1.5)
    return Points(domain.sample(key, n), domain, weights / weights.sum())


def test_low_rank_integral_is_its_double_sum(key):
    layer = LowRankIntegral(SQUARE, 2, 3, rank=4, width=6, key=key)
    on = cloud(key)
    v = jax.random.normal(key, (40, 2))
    phi, psi = (np.asarray(jax.vmap(basis)(2 * on.x - 1)) for basis in (layer.phi, layer.psi))
    weights, M, found = np.asarray(on.w), np.asarray(layer.M), layer(v, on)
    for x in range(3):
        total = np.zeros(3)
        for y in range(40):
            kappa = sum(phi[x, j] * psi[y, j] * M[j] for j in range(4))
            total += np.asarray(v[y]) @ kappa * weights[y]
        np.testing.assert_allclose(found[x], total, atol=1e-12)


def test_low_rank_integral_reads_points_and_grids_alike(key):
    layer = LowRankIntegral(SQUARE, 1, 2, rank=3, width=6, key=key)
    grid = SQUARE.grid(6, 4, layout="nodes")
    points = Points(grid.coords().reshape(-1, 2), SQUARE, grid.weights().reshape(-1))
    v = jax.random.normal(key, (6, 4, 1))
    at = cloud(key, 7)
    np.testing.assert_allclose(layer(v.reshape(-1, 1), points, at), layer(v, grid, at), atol=1e-13)
    np.testing.assert_allclose(layer(v.reshape(-1, 1), points), layer(v, grid).reshape(-1, 2), atol=1e-13)


# Resampling and pooling


def wave(grid):
    x, y = jnp.moveaxis(grid.coords(), -1, 0)
    return jnp.stack([jnp.cos(jnp.pi * x) * jnp.sin(4 * jnp.pi * y), 1 + jnp.sin(2 * jnp.pi * (x - y))], axis=-1)


@pytest.mark.parametrize("factor", [0.5, 2, (1.5, 0.75)])
@pytest.mark.parametrize("layout", ["periodic", "cells"])
def test_resampled_waves_are_those_of_the_other_grid(factor, layout):
    found, on = SpectralResample(factor)(wave(TORUS.grid(16, 12, layout=layout)), TORUS.grid(16, 12, layout=layout))
    assert on.domain == TORUS and on.layout == (layout, layout)
    np.testing.assert_allclose(found, wave(on), atol=1e-12)


def test_resampling_removes_what_the_coarse_grid_does_not_hold(key):
    grid = TORUS.grid(16, 12)
    half, double = SpectralResample(0.5), SpectralResample(2)
    once = double(*half(jax.random.normal(key, (16, 12, 1)), grid))[0]
    np.testing.assert_allclose(double(*half(once, grid))[0], once, atol=1e-12)


@pytest.mark.parametrize("layout, shape", [("cells", (8, 6)), ("nodes", (9, 7)), ("chebyshev", (9, 7))])
def test_resampling_between_walls_keeps_cosines(layout, shape):
    grid = SQUARE.grid(*shape, layout=layout)
    cosine = lambda on: jnp.cos(jnp.pi * on.coords()[..., :1]) * jnp.cos(2 * jnp.pi * on.coords()[..., 1:])
    found, fine = SpectralResample(2)(cosine(grid), grid)
    assert fine.shape == tuple(2 * n - (layout != "cells") for n in shape)
    np.testing.assert_allclose(found, cosine(fine), atol=2e-2 if layout == "chebyshev" else 1e-12)


def test_fractional_points_are_refused():
    with pytest.raises(ValueError, match=r"makes 3\.5 intervals of 7"):
        SpectralResample(0.5)(jnp.zeros((8, 8, 1)), SQUARE.grid(8, layout="nodes"))


@pytest.mark.parametrize("layout, shape", [("periodic", (10, 7)), ("cells", (5, 9))])
def test_pool_keeps_the_integral_and_constants(layout, shape, key):
    grid = TORUS.grid(*shape, layout=layout)
    v = jax.random.normal(key, (*shape, 2))
    means, on = PhysicalPool((4, 3))(v, grid)
    np.testing.assert_allclose(on.integrate(means), grid.integrate(v), atol=1e-13)
    np.testing.assert_allclose(PhysicalPool((4, 3))(jnp.ones_like(v), grid)[0], 1, atol=1e-13)


# Instance norm and positional encoding


def test_instance_norm_gives_mean_zero_and_variance_one_by_quadrature(key):
    on = cloud(key)
    v = 3 + 2 * jax.random.normal(key, (40, 2))
    layer = eqx.tree_at(lambda n: (n.gamma, n.beta), InstanceNorm(2), (jnp.array([2.0, 1.0]), jnp.array([0.5, 0.0])))
    w = layer(v, on)
    np.testing.assert_allclose(on.integrate(w), [0.5, 0], atol=1e-12)
    np.testing.assert_allclose(on.integrate((w - layer.beta) ** 2), [4, 1], rtol=1e-4)


def test_statistics_ignore_duplicates_and_masked_points(key):
    layer = InstanceNorm(1)
    on = cloud(key)
    v = jax.random.normal(key, (40, 1))
    twice = Points(jnp.concatenate([on.x, on.x]), SQUARE, jnp.concatenate([on.w, on.w]) / 2)
    np.testing.assert_allclose(layer(jnp.concatenate([v, v]), twice)[:40], layer(v, on), atol=1e-12)
    masked = Points(twice.x, SQUARE, jnp.concatenate([on.w, on.w]), mask=jnp.arange(80) < 40)
    np.testing.assert_allclose(layer(jnp.concatenate([v, 100 * v]), masked)[:40], layer(v, on), atol=1e-12)


def test_sinusoidal_features_double_their_frequency():
    box = Box.of(x=(1.0, 3.0), y=(0.0, 1.0))
    features = SinusoidalFeatures(box, octaves=3)
    found = features(jnp.asarray([1.5, 0.25]))
    unit = np.array([-0.5, -0.5])
    phase = np.pi * np.array([1, 2, 4]) * unit[:, None]
    assert found.shape == (features.size,) == (12,)
    np.testing.assert_allclose(found, np.concatenate([np.sin(phase), np.cos(phase)]).ravel(), atol=1e-13)
    np.testing.assert_allclose(features(jnp.asarray([1.0, 0.0])), features(jnp.asarray([3.0, 1.0])), atol=1e-13)


def test_layers_are_batched_and_differentiated(key):
    grid = SQUARE.grid(6, 5)
    layers = (
        KernelIntegral(FunctionSpace(SQUARE).boundary, 2, 2, radius=0.3, key=key),
        DifferentialStencil(2, 2, 2, length=0.1, order=2, key=key),
        LowRankIntegral(SQUARE, 2, 2, rank=2, width=4, key=key),
        InstanceNorm(2),
    )
    batch = jax.random.normal(key, (3, 6, 5, 2))

    @eqx.filter_jit
    def run(layers, batch):
        for layer in layers:
            batch = jax.vmap(lambda v, layer=layer: layer(v, grid))(batch)
        return batch

    np.testing.assert_allclose(run(layers, batch)[1:2], run(layers, batch[1:2]), atol=1e-11)
    slope = eqx.filter_grad(lambda layers: jnp.sum(run(layers, batch) ** 3))(layers)
    assert all(float(jnp.abs(leaf).max()) > 0 for leaf in jax.tree.leaves(slope))
