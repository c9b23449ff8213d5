"""A problem for neural solvers: an equation, conditions, unknowns, and where known its solution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
from jaxtyping import Array

from neuralpde.equations import AbstractEquation
from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractDomain, AbstractFunction, Box, FunctionSpace

from .candidate import Candidate
from .conditions import AbstractCondition, Interior
from .unknowns import as_unknowns

Ansatz = Callable[[AbstractFunction], AbstractFunction]
Law = AbstractEquation | AbstractCondition | Callable[..., Array]


class Problem(eqx.Module):
    """Find u with ``equation.residual(u, x) = 0`` inside the domain and all of ``conditions``.

    Burgers' equation with its usual beginning::

        domain = Box.of(x=(-1.0, 1.0), t=(0.0, 1.0))
        burgers = Burgers(viscosity=0.01 / jnp.pi)
        begins = Initial(lambda x: -jnp.sin(jnp.pi * x[0]))
        problem = Problem(domain, burgers, [begins, Boundary(Dirichlet(0.0))], reference=burgers.exact(domain))

    equation: an `AbstractEquation`, a function ``(u, x, ...) -> (k,)`` (see `Interior`), or a condition; more equations,
    such as that of another subdomain, are conditions `Interior`. Time is the axis t, the last one.

    reference: the solution where it is known, a function or a Field on (domain, family) in that order of coordinates;
    only `evaluate` of a task looks at it. unknowns: first guesses of what is to be found beside u, by the name under
    which the equation or a condition asks for it: numbers, arrays, `Positive` quantities, and functions, which may be
    those of fewer coordinates. family: a box of parameters, named as the laws ask for them, for all values of which the
    problem is solved at once; u then takes them as its last coordinates. names: components of u, left out those of the
    equation. ansatz: makes of the function that is trained one that meets some conditions exactly, such as
    ``lambda u: Constrained(u, 0.0, distance_to_boundary(domain))``; these are then left out of the conditions.

    readout: makes of the function that is trained what the reference is a solution of, where that is something else: the
    state on a fixed grid of what is told of moving particles (`Eulerian`), the vorticity without its streamfunction.

    Raises ``ValueError`` where a condition has no set of points on the domain or speaks of an unknown component, where
    nobody asks for an unknown or a family parameter, where two conditions have one name, and where what is read out has
    no reference with a space of its own.
    """

    domain: AbstractDomain = eqx.field(static=True)
    conditions: tuple[AbstractCondition, ...]
    reference: AbstractFunction | Callable | None
    unknowns: dict[str, Any]
    family: Box | None = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    labels: tuple[str, ...] = eqx.field(static=True)
    ansatz: Ansatz | None = eqx.field(static=True)
    readout: Ansatz | None = eqx.field(static=True)
    stated: tuple[AbstractCondition, ...]

    def __init__(
        self,
        domain: AbstractDomain,
        equation: Law,
        conditions: Sequence[AbstractCondition] = (),
        reference: AbstractFunction | Callable | None = None,
        unknowns: Mapping[str, Any] | None = None,
        family: Box | None = None,
        names: str | Sequence[str] | None = None,
        ansatz: Ansatz | None = None,
        readout: Ansatz | None = None,
    ):
        first = equation if isinstance(equation, AbstractCondition) else Interior(equation)
        self.domain, self.family, self.reference = domain, family, reference
        self.ansatz, self.readout = ansatz, readout
        self.stated = (first, *conditions)  # as they were given: for the same problem on another domain
        self.conditions = tuple(condition.placed(domain) for condition in self.stated)
        self.labels = _labels(self.conditions)
        self.names = _names(names, first)
        self.unknowns = as_unknowns(unknowns or {})
        self._check()

    @property
    def space(self) -> FunctionSpace:
        """Where u lives: what a network is made for."""
        return FunctionSpace(self.domain if self.family is None else self.domain * self.family, self.names)

    @property
    def answer_space(self) -> FunctionSpace:
        """Where the solution lives that the reference speaks of: that of u, unless something is read out of it."""
        return self.space if self.readout is None else self.reference.space  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]

    def answer(self, u: AbstractFunction) -> AbstractFunction:
        """What is compared with the reference."""
        return u if self.readout is None else self.readout(u)

    def candidate(self, u: AbstractFunction) -> Candidate:
        """What is to be trained: u in the ansatz, and the unknowns at their first guesses."""
        return Candidate(u if self.ansatz is None else self.ansatz(u), self.unknowns)

    def also(self, *conditions: AbstractCondition) -> Problem:
        """The same problem with further conditions."""
        equation, *others = (*self.conditions, *conditions)
        return Problem(
            self.domain, equation, others, self.reference, self.unknowns, self.family, self.names, self.ansatz
        )

    def _check(self) -> None:
        asked = frozenset().union(*(condition.asks for condition in self.conditions))
        given = [*self.unknowns, *(self.family.names if self.family is not None else ())]
        idle = [name for name in given if name not in asked]
        if idle:
            raise ArgumentError(
                f"Nobody asks for {', '.join(map(repr, idle))}; the equation and the conditions ask for "
                f"{', '.join(sorted(asked)) or 'nothing'}."
            )
        if self.readout is not None and not isinstance(self.reference, AbstractFunction):
            raise ArgumentError(
                "What is read out of a solution is compared with a reference on its own space; give a Field or a ClosedForm."
            )
        for label, condition in zip(self.labels, self.conditions, strict=True):
            missing = [name for name in condition.of or () if name not in self.names]
            if missing:
                raise ArgumentError(
                    f"The condition {label!r} speaks of {', '.join(missing)}, the components are {', '.join(self.names)}; "
                    "pass `names` where the equation does not tell them."
                )


def _names(names: str | Sequence[str] | None, first: AbstractCondition) -> tuple[str, ...]:
    if names is not None:
        return (names,) if isinstance(names, str) else tuple(names)
    equation = first.equation if isinstance(first, Interior) else None
    return tuple(equation.names) if isinstance(equation, AbstractEquation) else ("u",)


def _labels(conditions: Sequence[AbstractCondition]) -> tuple[str, ...]:
    """The given names; conditions of one kind without names are counted from the second on."""
    labels, counts = [], {}
    for condition in conditions:
        counts[condition.kind] = counts.get(condition.kind, 0) + (condition.name is None)
        usual = condition.kind if counts[condition.kind] < 2 else f"{condition.kind}_{counts[condition.kind]}"
        labels.append(condition.name or usual)
    repeated = {label for label in labels if labels.count(label) > 1}
    if repeated:
        raise ArgumentError(f"Two conditions have the name {', '.join(sorted(repeated))}; name them apart.")
    return tuple(labels)
