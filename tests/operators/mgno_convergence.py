"""How far MgNO's outputs on a grid and on one twice as fine are apart, for tests and tables."""

import functools

import jax
import jax.numpy as jnp

from neuralpde.nn import transfer
from neuralpde.operators import MgNO
from neuralpde.spaces import Box, ClosedForm, Dirichlet, Field, FunctionSpace, Neumann, relative_l2

OPTIONS = {"width": 3, "depth": 2, "levels": 4}
WALLS = {
    "cells": (1, "cells", Dirichlet(), {}),
    "nodes": (1, "nodes", Neumann(), {}),
    "periodic": (1, "periodic", None, {}),
    "square": (2, "cells", Dirichlet(), {}),
    "norms and biases": (1, "cells", Dirichlet(), {"use_bias": True, "level_norm": "field", "cycle_norm": "field"}),
    "a V-cycle as head": (1, "nodes", Neumann(), {"cycle_head": True, "pad_transfers": False}),
}


def sizes(name):
    """Points an axis, from the grid of training on; nodes are nested."""
    dim, layout, *_ = WALLS[name]
    extra = 1 if layout == "nodes" else 0
    return [n + extra for n in ((16, 32, 64) if dim == 2 else (16, 32, 64, 128, 256))]


@functools.cache
def differences(name, physical_scaling=True):
    """Relative L2 distances of consecutive outputs, each brought to the coarser of its two grids."""
    dim, layout, wall, options = WALLS[name]
    box = Box.cube(dim, periodic=layout == "periodic")
    source, target = FunctionSpace(box, ("a",)), FunctionSpace(box, ("u",), wall)
    grids = [box.grid(n, layout=layout) for n in sizes(name)]
    a = ClosedForm(lambda x: jnp.exp(jnp.sin(2 * jnp.pi * x).sum(keepdims=True)), source)
    options = {**OPTIONS, **options, "physical_scaling": physical_scaling}
    model = MgNO(source, target, **options, on=grids[0], key=jax.random.key(0))
    outputs = [jax.jit(lambda grid=grid: model(a.sample(grid)).values)() for grid in grids]
    found = []
    for coarse, fine, v, w in zip(grids, grids[1:], outputs, outputs[1:], strict=False):
        w = w[(slice(None, None, 2),) * dim] if layout != "cells" else transfer(w, fine, coarse)
        found.append(float(relative_l2(Field(w, coarse, target), Field(v, coarse, target))))
    return found


def mgno_rows() -> list[tuple[str, str, str, list[float]]]:
    """Rule, problem, expected order and errors over doubled grids, for the table of orders."""
    return [("MgNO in physical units, untrained", name, "2", differences(name)) for name in WALLS]
