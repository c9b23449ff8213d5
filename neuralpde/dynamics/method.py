"""How a differential equation is solved: the solver, what chooses its steps, and how gradients pass through it."""

from __future__ import annotations

from typing import Literal

import diffrax
import equinox as eqx

from neuralpde.errors import ArgumentError

from .norms import Norm, rms

RTOL, ATOL = 1e-3, 1e-6
STATISTICS_ADJOINTS = (diffrax.RecursiveCheckpointAdjoint, diffrax.DirectAdjoint, diffrax.ForwardMode)


class Method(eqx.Module):
    """A solver of diffrax with the choice of its steps and of its adjoint.

    Steps are of a fixed length where ``dt`` or ``substeps`` is given without tolerances: at most ``dt``, or
    ``substeps`` equal ones between each two times at which the state is wanted. Else they are adapted so that the
    local error e of each meets ``norm(e / (atol + rtol max(|y_n|, |y_n+1|))) < 1``, from a first step ``dt`` (0.01
    where it is not given); a tolerance that is left out is rtol = 1e-3, atol = 1e-6. A ``controller`` of diffrax
    takes the place of all of these but ``dt``.

    ``statistics`` has the solver add up its error estimates and its estimates of stiffness for the regularisers; an
    adjoint that solves another equation backward in time or for a steady state cannot carry them. ``stiffness`` says
    where the latter come from: two stages of equal time, where the solver has them (``"stages"``), or one more
    derivative of the vector field each step (``"derivative"``). With ``throw`` a failed solve raises; without, its
    cost says so and the states that were not reached are infinite.

    Raises ``ArgumentError`` for an adaptive method whose solver has no error estimate, for steps that are not
    positive, and for statistics with an adjoint that loses them.
    """

    solver: diffrax.AbstractSolver
    adjoint: diffrax.AbstractAdjoint
    controller: diffrax.AbstractStepSizeController | None
    rtol: float | None = eqx.field(static=True)
    atol: float | None = eqx.field(static=True)
    dt: float | None = eqx.field(static=True)
    substeps: int | None = eqx.field(static=True)
    norm: Norm = eqx.field(static=True)
    max_steps: int | None = eqx.field(static=True)
    statistics: bool = eqx.field(static=True)
    stiffness: Literal["stages", "derivative"] = eqx.field(static=True)
    throw: bool = eqx.field(static=True)

    def __init__(
        self,
        solver: diffrax.AbstractSolver | None = None,
        *,
        rtol: float | None = None,
        atol: float | None = None,
        dt: float | None = None,
        substeps: int | None = None,
        adjoint: diffrax.AbstractAdjoint | None = None,
        controller: diffrax.AbstractStepSizeController | None = None,
        norm: Norm = rms,
        max_steps: int | None = 4096,
        statistics: bool = True,
        stiffness: Literal["stages", "derivative"] = "stages",
        throw: bool = True,
    ):
        self.solver = diffrax.Tsit5() if solver is None else solver
        self.adjoint = diffrax.RecursiveCheckpointAdjoint() if adjoint is None else adjoint
        self.controller, self.norm, self.max_steps = controller, norm, max_steps
        self.dt, self.substeps = dt, substeps
        adaptive = controller is None and (rtol is not None or atol is not None or (dt is None and substeps is None))
        self.rtol = (RTOL if rtol is None else rtol) if adaptive else None
        self.atol = (ATOL if atol is None else atol) if adaptive else None
        self.statistics, self.stiffness, self.throw = statistics, stiffness, throw
        self._check()

    def _check(self) -> None:
        name, adjoint = type(self.solver).__name__, type(self.adjoint).__name__
        if self.adaptive and not isinstance(self.solver, diffrax.AbstractAdaptiveSolver):
            raise ArgumentError(
                f"Method: {name} estimates no error, so it cannot adapt its steps to a tolerance; give it fixed steps "
                "by dt or substeps and no tolerance, wrap it in diffrax.HalfSolver, or take diffrax.Tsit5."
            )
        if (self.dt is not None and not self.dt > 0) or (self.substeps is not None and self.substeps < 1):
            raise ArgumentError(f"Method: steps must be positive, got dt={self.dt} and substeps={self.substeps}.")
        if self.substeps is not None and (self.dt is not None or self.adaptive or self.controller is not None):
            raise ArgumentError("Method: substeps fixes every step; leave dt, the tolerances and the controller out.")
        if self.stiffness not in ("stages", "derivative"):
            raise ArgumentError(f'Method: stiffness is "stages" or "derivative", got {self.stiffness!r}.')
        if self.statistics and not isinstance(self.adjoint, STATISTICS_ADJOINTS):
            raise ArgumentError(
                f"Method: {adjoint} passes gradients to the solution alone, and the sums of error and stiffness that "
                "the solver carries would be lost. Take RecursiveCheckpointAdjoint, DirectAdjoint or ForwardMode, or "
                "say statistics=False; regularisers of a single step (LocalError) work with any adjoint."
            )

    @property
    def adaptive(self) -> bool:
        """Whether the length of a step follows from an estimate of its error."""
        if self.controller is not None:
            return isinstance(self.controller, diffrax.AbstractAdaptiveStepSizeController)
        return self.rtol is not None

    @property
    def step_size_controller(self) -> diffrax.AbstractStepSizeController | None:
        """What adapts the steps, None where they are fixed."""
        if self.controller is not None or not self.adaptive:
            return self.controller
        return diffrax.PIDController(self.rtol, self.atol, norm=self.norm)
