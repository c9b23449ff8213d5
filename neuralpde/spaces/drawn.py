"""What a prior draws, as a function at every point."""

from __future__ import annotations

from jaxtyping import Array, Float, PRNGKeyArray

from .discretization import AbstractDiscretization
from .field import Field
from .function import AbstractFunction
from .points import Points
from .random_field import AbstractPrior
from .space import FunctionSpace


class Drawn(AbstractFunction):
    """The function that ``prior`` draws for ``key``: exact at every point, without interpolation."""

    prior: AbstractPrior
    key: PRNGKeyArray

    @property
    def space(self) -> FunctionSpace:
        return self.prior.space

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.prior.sample(self.key, Points(x[None], self.space.domain)).values[0]

    def sample(self, on: AbstractDiscretization) -> Field:
        return self.prior.sample(self.key, on)
