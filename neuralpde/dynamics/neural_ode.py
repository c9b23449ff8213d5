"""Neural ordinary differential equations, plain and augmented."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .fields import MLPField
from .method import Method
from .solve import VectorField, solve
from .solved import Solved
from .times import Times


class NeuralODE(eqx.Module):
    """y' = f(t, y) with a network for f (Chen, Rubanova, Bettencourt & Duvenaud, NeurIPS 2018, arXiv 1806.07366).

    ``augmented`` zeros are appended to the initial state: the flow then lives in more dimensions, and its image in
    the first ``size`` can do what a flow in these cannot, such as to change places (Dupont, Doucet & Teh, NeurIPS
    2019, arXiv 1904.01681). ``field`` takes the place of the network, any vector field of size + augmented
    components.

    Raises ``ArgumentError`` for sizes that are not positive.
    """

    field: VectorField
    method: Method
    size: int = eqx.field(static=True)
    augmented: int = eqx.field(static=True)

    def __init__(
        self,
        size: int,
        *,
        width: int = 64,
        depth: int = 2,
        augmented: int = 0,
        time: bool = False,
        field: VectorField | None = None,
        method: Method | None = None,
        key: PRNGKeyArray,
    ):
        if size < 1 or augmented < 0:
            raise ArgumentError(f"NeuralODE needs size >= 1 and augmented >= 0, got {size} and {augmented}.")
        self.size, self.augmented = size, augmented
        total = size + augmented
        self.field = MLPField(total, width=width, depth=depth, time=time, key=key) if field is None else field
        self.method = Method() if method is None else method

    def __call__(self, y0: Float[Array, " size"], times: Times) -> Solved:
        """States (time, size) at ``times`` from y0 at the first of them, for ONE initial state."""
        solved = self.evolved(y0, times)
        return Solved(solved.times, solved.states[:, : self.size], solved.cost)

    def evolved(self, y0: Float[Array, " size"], times: Times) -> Solved:
        """Like the call with all components: states (time, size + augmented), which a classifier reads."""
        return solve(self.field, self.lifted(y0), times, self.method)

    def lifted(self, y0: Float[Array, " size"]) -> Float[Array, " total"]:
        """The initial state and the zeros appended to it."""
        return jnp.concatenate([y0, jnp.zeros(self.augmented, y0.dtype)])
