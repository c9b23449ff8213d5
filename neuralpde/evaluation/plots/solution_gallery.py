"""The pictures of a solution that was trained, all of them, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from neuralpde.pinn import Candidate, Collocation, Estimate, Interior, Problem
from neuralpde.pinn.unknowns import scalars

from ..history import Record, series
from .residual import residual_map
from .solution import solution_figure
from .terms import LOSS, TRAINING, WEIGHT, loss_terms, named, term_weights, unknown_curves
from .unknown_functions import functions, unknown_functions

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def solution_figures(
    problem: Problem,
    candidate: Candidate,
    records: Sequence[Record] = (),
    points: Mapping[str, Collocation] | None = None,
    estimates: Mapping[str, Estimate] | None = None,
) -> dict[str, Figure]:
    """Every picture that applies, by the name of its file in ``plots/``.

    ``solution``, ``residual_map`` (where a condition is an equation inside), ``unknown_functions``, and from the records
    of `read_metrics` ``unknowns`` (curves of unknown numbers), ``loss_terms`` and ``term_weights`` (where these were
    adapted). points: collocation points by the names of the conditions, see `residual_map`. estimates: of unknown numbers,
    drawn as bands.
    """
    figures = {"solution": solution_figure(problem, candidate)}
    if any(isinstance(condition, Interior) for condition in problem.conditions):
        figures["residual_map"] = residual_map(problem, candidate, points)
    if functions(candidate):
        figures["unknown_functions"] = unknown_functions(candidate)
    unknowns = [name for name in scalars(problem.unknowns) if len(series(records, f"{TRAINING}{name}")[0])]
    if unknowns:
        figures["unknowns"] = unknown_curves(records, unknowns, estimates)
    if named(records, LOSS):
        figures["loss_terms"] = loss_terms(records, order=problem.labels)
    if named(records, WEIGHT):
        figures["term_weights"] = term_weights(records, order=problem.labels)
    return figures
