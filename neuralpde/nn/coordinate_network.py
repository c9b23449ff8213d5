"""Networks of the coordinates of a point, and what they are chained from."""

# Annotations are not postponed in this file, as in every room with an abstract module.
import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float

from neuralpde.spaces import Value, propagate


class AbstractCoordinateNetwork(eqx.Module):
    """A network ``(d,) -> (c,)``, or a layer of one, that acts alike on values and on their Taylor series.

    Concrete classes write what they compute once, in `propagate`: with arithmetic, and with
    `neuralpde.spaces.propagate` for functions and for other layers.
    """

    @abc.abstractmethod
    def propagate(self, x: Value) -> Value:
        """The output for a point, or the Taylor series of the output for that of the point."""

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.propagate(x)


class Chain(AbstractCoordinateNetwork):
    """Layers, features, networks and elementwise functions, one after the other."""

    parts: tuple[Callable[[Any], Any], ...]

    def __init__(self, *parts: Callable[[Any], Any]):
        self.parts = parts

    @property
    def head(self) -> Any:
        """The last layer of the last part."""
        return getattr(self.parts[-1], "head", self.parts[-1])

    def propagate(self, x: Value) -> Value:
        for part in self.parts:
            x = propagate(part, x)
        return x
