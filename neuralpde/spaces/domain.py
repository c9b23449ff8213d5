"""Domains: the sets on which functions live.

A domain is static and hashable: it travels in the structure of a pytree, never as data. Every shape answers the
same questions (volume, signed distance, bounding box, sampling inside and on the boundary), and shapes combine
with ``|`` (union), ``&`` (intersection), ``-`` (difference) and ``*`` (product).
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

from jaxtyping import Array, Bool, Float, PRNGKeyArray

if TYPE_CHECKING:
    from .box import Box


class AbstractDomain(abc.ABC):
    """A bounded subset of R^d with a boundary."""

    @property
    @abc.abstractmethod
    def names(self) -> tuple[str, ...]:
        """Name of each coordinate, in order."""

    @property
    @abc.abstractmethod
    def bounds(self) -> Box:
        """Smallest axis-aligned box known to contain the domain."""

    @property
    @abc.abstractmethod
    def volume(self) -> float:
        """Length, area or volume, in the units of the coordinates."""

    @property
    @abc.abstractmethod
    def boundary(self) -> AbstractSurface:
        """The boundary, to be sampled with outward normals."""

    @abc.abstractmethod
    def distance(self, x: Float[Array, "*n d"]) -> Float[Array, "*n"]:
        """Signed distance to the boundary, negative inside."""

    @abc.abstractmethod
    def sample(self, key: PRNGKeyArray, n: int) -> Float[Array, "n d"]:
        """Draw ``n`` points, independent and uniform in the interior."""

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return len(self.names)

    def contains(self, x: Float[Array, "*n d"], tolerance: float = 0.0) -> Bool[Array, "*n"]:
        """Whether each point lies in the closed domain, up to ``tolerance`` in length."""
        return self.distance(x) <= tolerance

    def __or__(self, other: AbstractDomain) -> AbstractDomain:
        from .csg import Union

        return Union(self, other)

    def __and__(self, other: AbstractDomain) -> AbstractDomain:
        from .csg import Intersection

        return Intersection(self, other)

    def __sub__(self, other: AbstractDomain) -> AbstractDomain:
        from .csg import Difference

        return Difference(self, other)

    def __mul__(self, other: AbstractDomain) -> AbstractDomain:
        from .product import product

        return product(self, other)


class AbstractSurface(abc.ABC):
    """A piece of a boundary: a set of dimension d-1 with an outward normal almost everywhere."""

    @property
    @abc.abstractmethod
    def measure(self) -> float:
        """Total length or area (number of points in one dimension)."""

    @abc.abstractmethod
    def sample(self, key: PRNGKeyArray, n: int) -> tuple[Float[Array, "n d"], Float[Array, "n d"]]:
        """Draw ``n`` points uniformly by length or area; returns ``(points, outward unit normals)``."""
