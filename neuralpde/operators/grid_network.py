"""What convolutional operators have in common: they run on grids that can be halved, at given parameters."""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import abc
from collections.abc import Mapping, Sequence

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import ParameterEmbedding
from neuralpde.spaces import AbstractDiscretization, Field, Grid

from .operator import AbstractOperator, delivered, on_grid

Condition = Sequence[str] | Mapping[str, float]
"""Names of the parameters that a network is told, or names with the scales of `ParameterEmbedding`."""


class AbstractGridNetwork(AbstractOperator):
    """An operator made of stencils: a map of values on a grid to values on the same grid.

    ``condition`` embeds the parameters that it is conditioned on, and `given` keeps their ``embedding``. Its kernels
    are in grid units: they run on every grid that can be halved ``halvings`` times, but learn one spacing;
    `AtResolution` holds the operator there.
    """

    on: eqx.AbstractVar[Grid | None]
    condition: eqx.AbstractVar[ParameterEmbedding | None]
    embedding: eqx.AbstractVar[Float[Array, " size"] | None]

    @property
    @abc.abstractmethod
    def halvings(self) -> int:
        """How often the network halves its grid."""

    @abc.abstractmethod
    def network(self, x: Float[Array, "*n i"], grid: Grid, e: Float[Array, " size"] | None) -> Float[Array, "*n o"]:
        """The map of values on ``grid``, at the embedded parameters."""

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        a = on_grid(self, u, self.on)
        self.check_grid(a.on)
        if self.condition is not None and self.embedding is None:
            raise ArgumentError(
                f"This {type(self).__name__} is conditioned on {sorted(self.condition.embeddings)}: apply "
                "operator.given(parameters), or answer(operator, sample)."
            )
        return delivered(Field(self.network(a.values, a.on, self.embedding), a.on, self.target), u, at)

    def given(self, parameters: Mapping[str, Array]) -> "AbstractGridNetwork":
        if self.condition is None:
            return self
        e = self.condition(parameters)
        return eqx.tree_at(lambda m: m.embedding, self, e, is_leaf=lambda x: x is None)

    def check_grid(self, grid: Grid) -> None:
        """Refuse a grid that cannot be halved often enough, with the nearest ones that can."""
        factor = 2**self.halvings
        if any(n % factor for n in grid.shape):
            nearest = tuple(max(1, round(n / factor)) * factor for n in grid.shape)
            raise ArgumentError(
                f"{type(self).__name__} halves its grid {self.halvings} times, so each size must be divisible by "
                f"{factor}; got {grid.shape}. Use fewer levels or a grid such as {nearest}."
            )
