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


def _answer(model, on):
    x, y = jnp.moveaxis(on.coords(), -1, 0)
    u = Field((jnp.exp(0.5 * x) * jnp.cos(3 * y) + x**2)[..., None], on, SPACE)
    return model(u, AT).values


@functools.cache
def _reference(family):
    model = _model(family)
    return jax.jit(lambda: _answer(model, BOX.grid(64, 48, layout="cells")))()


@functools.cache
def cloud_errors(family):
    """On points with weights: the cells of grids, which integrate with order two."""
    model, errors = _model(family), []
    for shape in ((10, 8), (20, 16)):
        grid = BOX.grid(*shape)
        points = Points(grid.coords().reshape(-1, 2), BOX, grid.weights().reshape(-1))
        values = jax.jit(lambda points: _answer(model, points))(points)
        errors.append(float(jnp.abs(values - _reference(family)).max()))
    return errors


@functools.cache
def monte_carlo_errors(family):
    """On independent uniform points with equal weights, the root mean square over clouds: order one half."""
    model, errors = _model(family), []
    for n in (40, 640):
        draw = lambda key, n=n: _answer(model, Points.random(BOX, n, key=key))
        values = jax.jit(jax.vmap(draw))(jax.random.split(jax.random.key(0), 8))
        errors.append(float(np.sqrt(np.mean((values - _reference(family)) ** 2))))
    return errors


def cloud_rows():
    """Rows of the table of orders: (rule, where, expected order, errors)."""
    for family in ("gno", "gino"):
        yield family.upper(), "points of cells, weights", "2", cloud_errors(family)
