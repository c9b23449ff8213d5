"""The terms of a problem: its conditions with their numbers of points."""

from __future__ import annotations

from collections.abc import Mapping

from neuralpde.spaces import FunctionSpace

from .conditions import AbstractData, Interior
from .problem import Problem
from .sampling.sampler import AbstractSampler
from .term import Term


def terms_of(
    problem: Problem, points: int, boundary_points: int, counts: Mapping[str, int], sampler: AbstractSampler
) -> dict[str, Term]:
    """The conditions of a problem by name, each with a number of points.

    ``points`` inside, ``boundary_points`` of other conditions, all observations; or what ``counts`` says by name.
    """
    space = FunctionSpace(problem.domain, problem.names)
    terms = {}
    for name, condition in zip(problem.labels, problem.conditions, strict=True):
        usual = points if isinstance(condition, Interior) else boundary_points
        usual = len(condition.x) if isinstance(condition, AbstractData) else usual
        terms[name] = Term(condition, space, problem.family, counts.get(name, usual), sampler)
    return terms
