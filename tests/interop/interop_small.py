"""Small operators with normalisers, and functions for them."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp

from neuralpde.nn import Standardize
from neuralpde.operators import FNO, DeepONet, MgNO, Normalized
from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace

BOX = Box.cube(2)
SOURCE = FunctionSpace(BOX, ("a",))
TARGET = FunctionSpace(BOX, ("u",), Dirichlet(0.0))
GRID = BOX.grid(8)
NAMES = ("deeponet", "fno", "mgno")


@functools.cache
def operator(name: str, seed: int = 0, width: int = 4) -> Normalized:
    """Drawn by one program, once."""
    return eqx.filter_jit(lambda: _operator(name, seed, width))()


def _operator(name: str, seed: int, width: int) -> Normalized:
    key = jax.random.key(seed)
    make = {
        "deeponet": lambda: DeepONet(SOURCE, TARGET, width=width, depth=1, basis=4, on=GRID, key=key),
        "fno": lambda: FNO(SOURCE, TARGET, modes=2, width=width, depth=1, on=GRID, key=key),
        "mgno": lambda: MgNO(SOURCE, TARGET, width=width, depth=1, levels=2, on=GRID, key=key),
    }
    on_points = Field(2 + GRID.coords()[..., :1], GRID, TARGET)
    return Normalized(make[name](), Standardize(jnp.full(1, 0.3), jnp.full(1, 1.7)), Standardize(on_points, on_points))


def functions(count: int, seed: int = 1) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), (count, *GRID.shape, 1))


@eqx.filter_jit
def answers(model, values, at=None) -> jax.Array:
    return jax.vmap(lambda v: model(Field(v, GRID, SOURCE), at).values)(values)
