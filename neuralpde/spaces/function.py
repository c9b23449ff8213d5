"""Functions: anything with a value at a point."""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import abc
from collections.abc import Callable
from typing import TYPE_CHECKING

import equinox as eqx
import jax
from jaxtyping import Array, Float

from .propagation import propagate
from .space import FunctionSpace
from .taylor import Value

if TYPE_CHECKING:
    from .discretization import AbstractDiscretization
    from .field import Field


class AbstractFunction(eqx.Module):
    """A function ``domain -> R^c`` that can be evaluated at a point ``x`` of shape (d,), giving shape (c,)."""

    space: eqx.AbstractVar[FunctionSpace]

    @abc.abstractmethod
    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        """Value at one point, in the domain's units."""

    def sample(self, on: "AbstractDiscretization") -> "Field":
        """The values of this function on a grid or a set of points."""
        from .field import Field

        value = self
        for _ in on.shape:
            value = jax.vmap(value)
        return Field(value(on.coords()), on, self.space)


class ClosedForm(AbstractFunction):
    """A function given by a formula: ``ClosedForm(lambda x: jnp.sin(x), space)``."""

    formula: Callable[[Float[Array, " d"]], Float[Array, " c"]] = eqx.field(static=True)
    space: FunctionSpace = eqx.field(static=True)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.formula(x)


class Neural(AbstractFunction):
    """A coordinate network as a function: a PINN, a trunk, an implicit neural representation.

    The network sees coordinates mapped to [-1, 1] on the bounding box of the domain. Derivatives go through the layers
    of the network by their rules (`propagate`).
    """

    network: Callable[[Float[Array, " d"]], Float[Array, " c"]]
    space: FunctionSpace = eqx.field(static=True)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        return propagate(self.network, self.space.domain.bounds.normalize(x))
