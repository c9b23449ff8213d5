"""Penalties on what a solver itself says about the difficulty of a solve: its error estimates and its stiffness.

Pal, Ma, Shah & Rackauckas, "Opening the blackbox: accelerating neural differential equations by regularizing internal
solver heuristics", ICML 2021: ERNODE and SRNODE, and the same for SDEs. The numbers are by-products of the solve, and
their gradients go through the solver's own operations, the lengths of the steps being constants.

Under a controller, an error in units of the tolerances is about the same in every step, so that the value of the
penalty hardly moves while its gradient does its work: watch ``Cost.evaluations``, not the penalty.
"""

from __future__ import annotations

import equinox as eqx
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError

from ..solved import Cost, Tally


class ErrorEstimate(eqx.Module):
    """Sum, mean, largest, or sum of squares over the accepted steps of E_j |h_j| (ERNODE; see `Cost.errors`).

    aggregate: "sum", "mean", "max" or "squares".

    The paper's formula is the sum; its experiments with classifiers and latent ODEs take the mean, with weights from
    100 down to 10 in the first and from 1000 to 100 in the second case.
    """

    aggregate: str = eqx.field(default="sum", static=True)

    def __call__(self, cost: Cost) -> Float[Array, ""]:
        """The penalty of one solve; raises ``ArgumentError`` for a cost without error estimates."""
        if cost.errors is None:
            raise ArgumentError(
                "ErrorEstimate: this solve has no error estimates. Take a solver that makes them (diffrax.Tsit5; Heun "
                "or SPaRK to a tolerance for an SDE) and a Method with statistics=True, or the penalty local_error."
            )
        return _aggregated(cost.errors, self.aggregate)


class StiffnessEstimate(eqx.Module):
    """Sum, mean, largest, or sum of squares over the accepted steps of S_j / radius (SRNODE; see `Cost.stiffnesses`).

    The paper's formula is the sum with radius 1; its experiments take the largest and divide by the solver's radius
    of stability, 3.5068 for Tsit5.
    """

    aggregate: str = eqx.field(default="sum", static=True)
    radius: float = eqx.field(default=1.0, static=True)

    def __call__(self, cost: Cost) -> Float[Array, ""]:
        """The penalty of one solve; raises ``ArgumentError`` for a cost without estimates of stiffness."""
        if cost.stiffnesses is None:
            raise ArgumentError(
                "StiffnessEstimate: this solve has no estimates of stiffness. Take a solver with two stages of equal "
                'time (diffrax.Tsit5 or Dopri5) or Method(..., stiffness="derivative"), with statistics=True.'
            )
        scale = self.radius**2 if self.aggregate == "squares" else self.radius
        return _aggregated(cost.stiffnesses, self.aggregate) / scale


def _aggregated(tally: Tally, aggregate: str) -> Float[Array, ""]:
    known = {"sum": tally.sum, "mean": tally.mean, "max": tally.max, "squares": tally.squares}
    if aggregate not in known:
        raise ArgumentError(f"A penalty aggregates by one of {', '.join(known)}, got {aggregate!r}.")
    return known[aggregate]
