"""Residuals of exact solutions on grids, for the tests of physics-informed terms and for the table of orders."""

import equinox as eqx
import jax
import jax.numpy as jnp

from neuralpde.equations import Burgers
from neuralpde.operators import AbstractOperator
from neuralpde.spaces import AbstractFunction, Box, Field, FunctionSpace, Grid
from neuralpde.training import EvolutionResidual


class Known(AbstractOperator):
    """The operator that answers with one function, whatever it is asked."""

    function: AbstractFunction
    source: FunctionSpace = eqx.field(static=True)

    @property
    def target(self):
        return self.function.space

    def __call__(self, u, at=None, key=None):
        return self.as_function(u).sample(u.on if at is None else at)

    def as_function(self, u):
        return self.function


def burgers_residual(times: int, layout: str = "nodes") -> float:
    """Root mean square of the residual of the exact solution of Burgers' equation on so many times."""
    domain = Box.of(periodic=("x",), x=(-1.0, 1.0), t=(0.0, 1.0))
    grid = Grid(domain, (64, times), ("periodic", layout))
    operator = Known(Burgers(0.1).exact(domain), FunctionSpace(domain, ("u",)))
    u = Field(jnp.zeros((*grid.shape, 1)), grid, operator.source)
    value = jax.jit(lambda: EvolutionResidual(Burgers(0.1))(operator, u, grid, jax.random.key(0)))
    return float(value()) ** 0.5


def physics_rows() -> list[tuple[str, str, str, list[float]]]:
    """Rule, where, order and errors."""
    errors = [burgers_residual(n) for n in (33, 65, 129)]
    return [("residual of an evolution", "Burgers, differences in time", "4", errors)]
