"""The variants of the MgNO paper: its parameter counts, each against loops in NumPy, and each learns."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data import Dataset
from neuralpde.operators import MgNO
from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace, Neumann, Sample, relative_l2
from neuralpde.training import OperatorTask, adam, fit

from . import mgno_loops

SQUARE, TORUS = Box.cube(2), Box.cube(2, periodic=True)
A, AB = FunctionSpace(SQUARE, ("a",)), FunctionSpace(SQUARE, ("x", "y"))
ZERO = FunctionSpace(SQUARE, ("u",), Dirichlet(0.0))
MIRROR = FunctionSpace(SQUARE, ("u",), Neumann(0.0))
MIXED = FunctionSpace(SQUARE, ("u",), [(Dirichlet(), Neumann()), (Neumann(), Dirichlet())])
W = FunctionSpace(TORUS, ("w",))
LINE, RING, CUBE = Box.cube(1), Box.cube(1, periodic=True), Box.cube(3)
F, PAIR = FunctionSpace(LINE, ("f",)), FunctionSpace(LINE, ("f", "g"))
U_ZERO, U_MIRROR = (FunctionSpace(LINE, ("u",), condition) for condition in (Dirichlet(), Neumann()))
U_RING, U_CUBE = FunctionSpace(RING, ("u",)), FunctionSpace(CUBE, ("u",), Dirichlet())

NAVIER_STOKES = {"use_bias": True, "skip": False, "residual": True}
HELMHOLTZ = {"use_bias": True, "skip": False, "growing": True, "pad_transfers": False, "cycle_head": True}
PIPE = [[1, 0], [1, 1], [2, 0]]
STEPS = 200


def parameters(*args, **options):
    arrays = jax.eval_shape(
        lambda key: eqx.filter(MgNO(*args, **options, key=key), eqx.is_inexact_array), jax.random.key(0)
    )
    return sum(leaf.size for leaf in jax.tree.leaves(arrays))


def test_parameter_count_of_darcy_smooth():
    """P has 3, 4, 3, 3 and 4 taps on the levels 211, 106, 53, 27 and 14, by itself."""
    on = SQUARE.grid(211, layout="nodes")
    assert parameters(A, ZERO, depth=5, on=on) == 678_093


def test_parameter_count_of_navier_stokes():
    options = {"width": 32, "depth": 5, "schedule": [[1, 0]] * 3 + [[2, 0]] * 2, "on": TORUS.grid(64), **NAVIER_STOKES}
    published = parameters(W, W, level_norm="grid", **options)
    assert published == 2_885_194
    assert published - parameters(W, W, **options) == 1_740_800
    assert parameters(W, W, level_norm="field", **options) == published - 1_740_800 + 5 * 4 * 2 * 32


def test_kernels_of_prolongation_on_the_helmholtz_grids(key):
    """101 - 50 - 24 - 11 - 5 without padding: 3, 4, 4 and 3 taps."""
    on = SQUARE.grid(101, layout="nodes")
    model = MgNO(A, MIRROR, width=1, depth=1, levels=5, on=on, **HELMHOLTZ, key=key)
    assert [P.weight.shape[:2] for P in model.layers[0].W.P] == [(3, 3), (4, 4), (4, 4), (3, 3)]
    widths = [step[0].S.weight.shape[-1] for step in model.layers[0].W.pre]
    assert widths == [1, 2, 3, 4, 5]


CASES = {
    "darcy": (A, ZERO, SQUARE.grid(8), {"depth": 2}),
    "darcy smooth, odd sizes": (A, ZERO, SQUARE.grid(11, 9, layout="nodes"), {}),
    "navier-stokes": (W, W, TORUS.grid(8), {**NAVIER_STOKES, "level_norm": "field", "depth": 2}),
    "navier-stokes, published norm": (U_RING, U_RING, RING.grid(12), {**NAVIER_STOKES, "level_norm": "grid"}),
    "helmholtz": (A, MIRROR, SQUARE.grid(11, 12, layout="nodes"), {**HELMHOLTZ, "cycle_norm": "field"}),
    "helmholtz, published norm": (F, U_MIRROR, LINE.grid(15), {**HELMHOLTZ, "cycle_norm": "grid"}),
    "pipe": (AB, MIXED, SQUARE.grid(8, 9), {"schedule": PIPE}),
    "restricted residual": (F, U_MIRROR, LINE.grid(14), {"schedule": [[2, 1]] * 3, "restrict_residual": True}),
    "free sides": (F, FunctionSpace(LINE, ("u", "v")), LINE.grid(13), {}),
    "cube": (FunctionSpace(CUBE), U_CUBE, CUBE.grid(4, 5, 3), {"levels": 2, "width": 1}),
}


def shaken(model, key):
    """Biases and affine maps of norms start at 0 and 1, which would hide them."""
    arrays, static = eqx.partition(model, eqx.is_inexact_array)
    leaves, structure = jax.tree.flatten(arrays)
    keys = jax.random.split(key, len(leaves))
    moved = [x + 0.1 * jax.random.normal(k, x.shape) for x, k in zip(leaves, keys, strict=True)]
    return eqx.combine(structure.unflatten(moved), static)


@pytest.mark.parametrize("name", CASES)
def test_variant_equals_its_formulas_in_loops(name, key):
    source, target, grid, options = CASES[name]
    options = {"width": 2, "depth": 1, "levels": 3, **options}
    model = shaken(MgNO(source, target, on=grid, key=key, **options), key)
    a = Field(jax.random.normal(key, (*grid.shape, source.channels)), grid, source)
    found = eqx.filter_jit(lambda model, a: model(a).values)(model, a)
    np.testing.assert_allclose(found, mgno_loops.mgno(model, a), atol=1e-11 * float(jnp.abs(found).max() + 1))


@pytest.mark.parametrize("n, m", [(8, 9), (9, 8), (9, 11)])
@pytest.mark.parametrize("pad_transfers", [True, False])
def test_kernels_of_one_grid_serve_grids_of_other_sizes(n, m, pad_transfers, key):
    options = {"width": 2, "depth": 1, "levels": 3, "pad_transfers": pad_transfers}
    model = MgNO(F, U_ZERO, **options, on=LINE.grid(n), key=key)
    a = Field(jax.random.normal(key, (m, 1)), LINE.grid(m), F)
    found = eqx.filter_jit(lambda model, a: model(a).values)(model, a)
    np.testing.assert_allclose(found, mgno_loops.mgno(model, a), atol=1e-12)


LEARN = {
    "darcy": (F, U_ZERO, LINE.grid(16), {}),
    "navier-stokes": (U_RING, U_RING, RING.grid(16), {**NAVIER_STOKES, "level_norm": "field"}),
    "helmholtz": (F, U_MIRROR, LINE.grid(17, layout="nodes"), {**HELMHOLTZ, "cycle_norm": "field"}),
    "pipe": (PAIR, U_ZERO, LINE.grid(16), {"schedule": PIPE}),
    "darcy smooth": (F, U_ZERO, LINE.grid(17, layout="nodes"), {}),
}


def solutions(source, target, on, count, key):
    """Random series f of four modes, and the solutions of u - u'' / pi^2 = f; on a ring, f advected and damped.

    Their coefficients have length one: what follows a norm cannot see the size of f.
    """
    k = jnp.arange(1, 5)
    c = jax.random.normal(key, (count, source.channels, 4))
    c = c / jnp.sqrt((c**2).sum((1, 2), keepdims=True))
    angle = jnp.pi * k * on.coords()
    if target is U_RING:
        f = jnp.einsum("ncm,xm->nxc", c, jnp.sin(2 * angle))
        u = jnp.einsum("ncm,xm->nxc", c, jnp.exp(-0.05 * k**2) * jnp.sin(2 * angle - 1.0 * k))
    else:
        basis = jnp.sin(angle) if target is U_ZERO else jnp.cos(angle)
        f = jnp.einsum("ncm,xm->nxc", c, basis)
        u = jnp.einsum("ncm,xm->nx", c, basis / (1 + k**2))[..., None]
    return Sample(Field.stack(f, on, source), Field.stack(u, on, target), {})


@pytest.mark.parametrize("name", [n if n == "darcy" else pytest.param(n, marks=pytest.mark.slow) for n in LEARN])
def test_variant_learns(name, key):
    """From 128 pairs to held-out ones; to answer zero is an error of 1."""
    source, target, on, options = LEARN[name]
    train, test = (solutions(source, target, on, n, k) for n, k in zip((128, 32), jax.random.split(key), strict=True))
    model = MgNO(source, target, **{"width": 8, "depth": 2, "levels": 3, **options}, on=on, key=key)
    task = OperatorTask(Dataset("series", train, None, {}, {}), batch_size=16)
    fitted = fit(model, task, adam(STEPS, 1e-2), steps=STEPS, steps_per_call=1, key=key, progress=False)
    errors = jax.jit(jax.vmap(lambda f, u: relative_l2(fitted.model(f), u)))(test.inputs, test.targets)
    assert float(errors.mean()) < 0.1
