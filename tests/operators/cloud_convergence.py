"""Errors of operators on clouds of more and more points, for tests and tables."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from neuralpde.operators import GINO, GNO
from neuralpde.spaces import Box, Field, FunctionSpace, Points

BOX = Box.of(x=(0.0, 2.0), y=(0.0, 1.0))
SPACE = FunctionSpace(BOX, ("a",))
AT = Points(jnp.asarray([[0.0, 0.0], [0.3, 0.9], [1.1, 0.5], [1.9, 0.2], [2.0, 1.0]]), BOX)


@functools.cache
def _model(family):
    key = jax.random.key(2)
    if family == "gno":
        return GNO(SPACE, SPACE, width=6, depth=1, hidden=5, radius=0.3, key=key)
    return GINO(SPACE, SPACE, latent=7, modes=3, width=6, depth=1, hidden=5, radius=0.25, key=key)


def _answer(family, on):
    x, y = jnp.moveaxis(on.coords(), -1, 0)
    u = Field((jnp.exp(0.5 * x) * jnp.cos(3 * y) + x**2)[..., None], on, SPACE)
    return _model(family)(u, AT).values


@functools.cache
def _reference(family):
    return jax.jit(lambda: _answer(family, BOX.grid(80, 60, layout="cells")))()


def _error(values, family):
    return float(jnp.abs(values - _reference(family)).max())


@functools.cache
def cloud_errors(family):
    """On points with weights: the cells of grids, which integrate with order two."""
    errors = []
    for shape in ((12, 9), (24, 18)):
        grid = BOX.grid(*shape)
        points = lambda grid=grid: Points(grid.coords().reshape(-1, 2), BOX, grid.weights().reshape(-1))
        errors.append(_error(jax.jit(lambda points=points: _answer(family, points()))(), family))
    return errors


@functools.cache
def monte_carlo_errors(family):
    """On independent uniform points with equal weights, the root mean square over clouds: order one half."""
    errors = []
    for n in (100, 1600):
        draw = lambda key, n=n: _answer(family, Points.random(BOX, n, key=key))
        values = jax.jit(jax.vmap(draw))(jax.random.split(jax.random.key(0), 8))
        errors.append(float(np.sqrt(np.mean((values - _reference(family)) ** 2))))
    return errors


def cloud_rows():
    """Rows of the table of orders: (rule, where, expected order, errors)."""
    for family in ("gno", "gino"):
        yield family.upper(), "points of cells, weights", "2", cloud_errors(family)
