"""What a solution has to meet, and where."""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import abc
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float, Inexact, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.pinn.collocation import Collocation
from neuralpde.pinn.sampling.sampler import AbstractSampler
from neuralpde.spaces import AbstractDomain

PointFunction = Callable[[Float[Array, " d"]], Float[Array, " c"]]


class AbstractCondition(eqx.Module):
    """A law that holds on a set: the equation inside, data on a wall, observations at points.

    of: components of the candidate that the law speaks of, in order; None for all. weight: factor of the mean square
    in the loss. name: in metrics and in settings of a task; None for the usual one. A problem calls `placed` once, and
    asks only placed conditions for points and residuals.
    """

    of: eqx.AbstractVar[tuple[str, ...] | None]
    weight: eqx.AbstractVar[float]
    name: eqx.AbstractVar[str | None]

    @property
    @abc.abstractmethod
    def kind(self) -> str:
        """The usual name."""

    @property
    @abc.abstractmethod
    def asks(self) -> frozenset[str]:
        """Names of the quantities that the law can be given."""

    @property
    def atoms(self) -> int | None:
        """Number of points of the set, where it is finite."""
        return None

    @abc.abstractmethod
    def placed(self, domain: AbstractDomain) -> "AbstractCondition":
        """The condition on a domain, with its set worked out. Raises ``ValueError`` where there is no such set."""

    @abc.abstractmethod
    def sample(self, n: int, sampler: AbstractSampler, key: PRNGKeyArray) -> Collocation:
        """``n`` points of the set."""

    @abc.abstractmethod
    def residual(self, u: PointFunction, point: Collocation, given: Mapping[str, Any]) -> Inexact[Array, " k"]:
        """By how much ``u`` misses the law at one point; ``given`` are the quantities that laws may ask for."""


def names_of(of: Any) -> tuple[str, ...]:
    """One component may be named without a tuple around it."""
    return (of,) if isinstance(of, str) else tuple(of)


def as_names(of: Any) -> tuple[str, ...] | None:
    """The same where None stands for all components."""
    return None if of is None else names_of(of)


def with_set(condition: AbstractCondition, **resolved: Any) -> AbstractCondition:
    """A copy of a condition with some of its fields worked out."""
    return dataclasses.replace(condition, **resolved)


def axis_of(domain: AbstractDomain, name: str) -> int:
    """The place of a coordinate; ``ValueError`` where the domain has none of that name."""
    if name not in domain.names:
        raise ArgumentError(f"There is no axis {name!r} on a domain with the axes {domain.names}.")
    return domain.names.index(name)
