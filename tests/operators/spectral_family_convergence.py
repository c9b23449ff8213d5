"""Untrained operators of the spectral and attention families on refined grids: differences between n and 2 n."""

import functools
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp

from neuralpde.operators import FFNO, FNO, UNO, Transolver, ViT
from neuralpde.spaces import Box, Field, FunctionSpace

FAMILIES = {
    "FNO": functools.partial(FNO, modes=3, width=6, depth=2, padding=0.25),
    "TFNO": functools.partial(FNO, modes=3, width=6, depth=2, factorization="tucker", rank=0.4),
    "F-FNO": functools.partial(FFNO, modes=3, width=6, depth=2, padding=0.25),
    "U-NO": functools.partial(UNO, modes=2, width=4, levels=2),
    "ViT": functools.partial(ViT, patches=4, moments=3, width=8, depth=1, heads=2),
    "Transolver": functools.partial(Transolver, width=8, depth=1, heads=2, slices=4),
}
LAYOUTS = ("nodes", "cells", "periodic")
SIZES = (16, 32, 64)


def expected(name: str, layout: str) -> str:
    """The quadrature of the layout is the only error; patches are read with second order on every layout."""
    return "spectral" if layout == "periodic" and name != "ViT" else "2"


@functools.cache
def differences(name: str, layout: str, sizes: tuple[int, ...] = SIZES) -> list[float]:
    """Largest difference of the outputs on n and 2 n points, for a smooth input and n in ``sizes`` but the last."""
    outputs = [_output(name, layout, n) for n in sizes]
    return [float(jnp.abs(coarse - _coarsened(fine, layout)).max()) for coarse, fine in itertools.pairwise(outputs)]


def _output(name: str, layout: str, n: int):
    box = Box.cube(1, periodic=layout == "periodic")
    grid = box.grid(n + (layout == "nodes"), layout=layout)
    space = FunctionSpace(box)

    @eqx.filter_jit
    def run(key):
        x = grid.coords()
        # On an axis without walls the coordinates themselves would jump: only a periodic input enters there.
        u = jnp.exp(jnp.sin(2 * jnp.pi * x)) if layout == "periodic" else jnp.exp(x) + jnp.sin(4 * x)
        options = {"coordinates": False} if layout == "periodic" and name not in ("ViT", "Transolver") else {}
        return FAMILIES[name](space, space, **options, key=key)(Field(u, grid, space)).values

    return run(jax.random.key(0))


def _coarsened(values, layout: str):
    """Values of the finer grid where the coarser one has points; two cells make one, to second order."""
    return (values[::2] + values[1::2]) / 2 if layout == "cells" else values[::2]


def operator_rows() -> list[tuple[str, str, str, list[float]]]:
    """Rule, layout, expected order and differences, for the table of orders."""
    return [
        (f"untrained {name}", layout, expected(name, layout), differences(name, layout))
        for name, layout in itertools.product(FAMILIES, LAYOUTS)
    ]
