"""The smallest operator with a parameter that counts: a matrix on the values of one grid. Shared by the tests."""

import equinox as eqx
import jax

from neuralpde.operators import AbstractOperator
from neuralpde.spaces import Box, Field, FunctionSpace, Grid

SPACE = FunctionSpace(Box.cube(1, periodic=True), ("u",))
GRID = Grid(SPACE.domain, (6,))


class MatrixOperator(AbstractOperator):
    """``v(x_i) = sum_j matrix_ij u(x_j)`` on `GRID`, resampled to where it is wanted."""

    matrix: jax.Array
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)

    def __init__(self, source=SPACE, target=SPACE, *, on=None, key):
        self.matrix = 0.3 * jax.random.normal(key, (6, 6))
        self.source, self.target = source, target

    def __call__(self, u, at=None, key=None):
        v = Field(self.matrix @ u.values, GRID, self.target)
        return v if at is None else v.resample(at)
