"""Samples of random numbers, shared by the tests of the data package."""

import jax.numpy as jnp
import numpy as np

from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace, Sample

SQUARE = Box.cube(2)
COEFFICIENT = FunctionSpace(SQUARE, ("a",))
PRESSURE = FunctionSpace(SQUARE, ("p",), Dirichlet(0.0))


def random_sample(count: int, n: int, seed: int = 0) -> Sample:
    """``count`` pairs (a, p) of noise on n x n cells, with a number for each pair."""
    rng = np.random.default_rng(seed)
    a, p = (Field.stack(rng.normal(size=(count, n, n, 1)), SQUARE.grid(n), s) for s in (COEFFICIENT, PRESSURE))
    return Sample(a, p, {"number": jnp.arange(count, dtype=float)})
