"""Problems for functions in pieces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from neuralpde.equations import AbstractConservationLaw
from neuralpde.errors import ArgumentError
from neuralpde.pinn.conditions import Interior
from neuralpde.pinn.conditions.interior import Law
from neuralpde.pinn.problem import Problem

from .continuity import Continuity
from .partition import AbstractPartition, Cuts
from .quantities import AbstractQuantity, NormalDerivatives, NormalFlux, Residual, ResidualGradient, Values

VOCABULARY: dict[str, tuple[Callable[[Law], AbstractQuantity], str]] = {
    "values": (lambda law: Values(), "difference"),
    "average_values": (lambda law: Values(), "average"),
    "fluxes": (lambda law: NormalFlux(_conservative(law)), "difference"),
    "average_fluxes": (lambda law: NormalFlux(_conservative(law)), "average"),
    "slopes": (lambda law: NormalDerivatives(1), "difference"),
    "average_slopes": (lambda law: NormalDerivatives(1), "average"),
    "curvatures": (lambda law: NormalDerivatives(2), "difference"),
    "average_curvatures": (lambda law: NormalDerivatives(2), "average"),
    "residuals": (Residual, "difference"),
    "average_residuals": (Residual, "average"),
    "zero_residuals": (Residual, "each"),
    "residual_gradients": (ResidualGradient, "difference"),
    "average_residual_gradients": (ResidualGradient, "average"),
    "zero_residual_gradients": (ResidualGradient, "each"),
}
"""Interface conditions by their names: the quantity, made of the equation, and the form of `Continuity`."""

XPINN = ("average_values", "residuals")
CPINN = ("average_values", "fluxes")


def decomposed(
    problem: Problem,
    cuts: Mapping[str, Sequence[float]] | None = None,
    continuity: Sequence[str] | Mapping[str, float] = XPINN,
    partition: AbstractPartition | None = None,
) -> Problem:
    """The problem for an `xpinn` with the same cuts: with conditions on the interfaces beside its own.

    continuity: names of conditions, or their weights by name. XPINN asks for ``average_values`` and ``residuals``, cPINN
    for ``average_values`` and ``fluxes`` of a conservation law. There are values, slopes (normal derivatives), curvatures
    (second ones), fluxes, residuals and residual_gradients, which agree on both sides, each as ``average_...`` too; and
    zero_residuals and zero_residual_gradients, which are zero on both. They are terms of the loss under these names.

    Raises ``ValueError`` for other names, and for fluxes of what is no conservation law: give these by `Continuity` and
    `Problem.also`.
    """
    partition = Cuts(problem.domain.bounds, cuts) if partition is None else partition
    if partition.interface is None:
        return problem
    return problem.also(*interface_conditions(problem, partition, continuity))


def interface_conditions(
    problem: Problem, partition: AbstractPartition, continuity: Sequence[str] | Mapping[str, float]
) -> tuple[Continuity, ...]:
    """The named conditions on the interface of a partition, for the first equation of a problem."""
    weights = dict(continuity) if isinstance(continuity, Mapping) else dict.fromkeys(continuity, 1.0)
    unknown = [name for name in weights if name not in VOCABULARY]
    if unknown:
        raise ArgumentError(
            f"No interface condition is called {', '.join(unknown)}; there are {', '.join(VOCABULARY)}."
        )
    first = problem.conditions[0]
    if not isinstance(first, Interior):
        raise ArgumentError(f"The first condition of a problem in pieces is its equation, got a {first.kind}.")
    made = []
    for name, weight in weights.items():
        quantity, form = VOCABULARY[name]
        of = first.of if quantity in (Residual, ResidualGradient) else None
        made.append(Continuity(quantity(first.equation), partition.interface, form, of=of, weight=weight, name=name))
    return tuple(made)


def _conservative(law: Law) -> AbstractConservationLaw:
    if not isinstance(law, AbstractConservationLaw):
        raise ArgumentError(
            f"Fluxes are those of a conservation law, and the equation is a {type(law).__name__}; give them as a function by "
            "Continuity(NormalFlux(flux), partition.interface)."
        )
    return law
