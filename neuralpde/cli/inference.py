"""What a solved problem says of its unknowns: numbers with intervals, hidden terms as formulas."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from neuralpde.equations.symbolic import FoundFormula, SparseFormula, pruned
from neuralpde.pinn import Candidate, Estimate, Observations, Problem, hidden_terms, read_hidden, with_formula
from neuralpde.pinn.unknowns import scalars
from neuralpde.training import Laplace, ResidualTask, laplace

LARGEST = 3e11
"""Operations of a posterior that is worth waiting for: residuals times parameters squared."""


@dataclasses.dataclass(frozen=True)
class Inference:
    """Results as numbers; estimates of unknown numbers, where the data tell their noise; formulas by hidden term; the
    candidate that has them in the place of its networks, and the one with the networks."""

    results: dict[str, float]
    estimates: dict[str, Estimate]
    formulas: dict[str, FoundFormula]
    candidate: Candidate
    network: Candidate


def infer(
    problem: Problem,
    task: Any,
    candidate: Candidate,
    key: jax.Array,
    again: Callable[[Problem, Candidate], tuple[Any, Candidate]] | None = None,
) -> Inference:
    """Read the unknowns of a candidate that was trained on a task.

    again: trains a candidate of a changed problem, in which formulas have taken the place of hidden networks, and gives
    back its task too; left out, coefficients are those that the networks tell.
    """
    key_read, key_posterior = jax.random.split(key)
    formulas = {name: read_hidden(problem, candidate, name, key=key_read) for name in hidden_terms(candidate.unknowns)}
    found = candidate
    if again is not None and formulas:
        task, found, formulas = _settled(problem, found, formulas, again, key_posterior)
    posterior = _posterior(task, found, key_posterior)
    estimates = {} if posterior is None else posterior.estimates()
    results = {f"unknown/{name}": float(value) for name, value in scalars(found.unknowns).items()}
    for name, estimate in estimates.items():
        results |= {f"unknown/{name} {part}": getattr(estimate, part) for part in ("deviation", "lower", "upper")}
    for name in formulas:
        results |= _coefficients(name, formulas[name], found, posterior)
    if posterior is not None:
        results |= {f"noise/{name}": float(value) for name, value in posterior.noise.items()}
    return Inference(results, estimates, _trained(formulas, found), found, candidate)


def _settled(
    problem: Problem,
    candidate: Candidate,
    formulas: Mapping[str, FoundFormula],
    again: Callable[[Problem, Candidate], tuple[Any, Candidate]],
    key: jax.Array,
) -> tuple[Any, Candidate, dict[str, FoundFormula]]:
    """Task, candidate and formulas after terms that the data do not ask for were left out, until none of them is.

    First all terms that the networks tell are fitted to the data at once. They are trained at least twice: what the first
    training leaves of errors may make a term look needed that is not.
    """
    first = True
    while True:
        task, candidate = again(*_put(problem, candidate, formulas))
        posterior = _posterior(task, candidate, key)
        if posterior is None:
            return task, candidate, dict(formulas)
        asked = {name: _pruned(name, formulas[name], posterior, problem) for name in formulas}
        if not first and all(asked[name].formula.places == formulas[name].formula.places for name in formulas):
            return task, candidate, dict(formulas)
        formulas, first = asked, False


def _put(problem: Problem, candidate: Candidate, formulas: Mapping[str, FoundFormula]) -> tuple[Problem, Candidate]:
    """The problem and its candidate with formulas in the places of hidden terms."""
    for name, formula in formulas.items():
        problem = with_formula(problem, name, formula)
    return problem, Candidate(
        candidate.u, {**candidate.unknowns, **{name: problem.unknowns[name] for name in formulas}}
    )


def _pruned(name: str, found: FoundFormula, posterior: Laplace, problem: Problem) -> FoundFormula:
    coefficients = lambda model: model.unknowns[name].function.coefficients
    observed = sum(len(c.x) for c in problem.conditions if isinstance(c, Observations))
    formula = posterior.model.unknowns[name].function
    if not len(formula.coefficients):
        return found
    return dataclasses.replace(found, formula=pruned(formula, posterior.covariance(coefficients), observed))


def expressions(formulas: Mapping[str, FoundFormula]) -> dict[str, str]:
    """Right hand sides by the names of the components of the hidden terms."""
    return {name: text for found in formulas.values() for name, text in found.formula.expressions().items()}


def _posterior(task: Any, candidate: Candidate, key: jax.Array) -> Laplace | None:
    """None where there are no unknowns to ask for, no data, or too many parameters."""
    formulas = [t for t in hidden_terms(candidate.unknowns).values() if isinstance(t.function, SparseFormula)]
    if not isinstance(task, ResidualTask) or not (scalars(candidate.unknowns) or formulas):
        return None
    if not any(isinstance(condition, Observations) for condition in task.problem.conditions):
        return None
    p = sum(leaf.size for leaf in jax.tree.leaves(candidate) if isinstance(leaf, jax.Array))
    n = sum(term.size for term in task.terms.values())
    return laplace(task, candidate, key) if float(n) * p**2 <= LARGEST else None


def _coefficients(name: str, found: FoundFormula, candidate: Candidate, posterior: Laplace | None) -> dict[str, float]:
    """Coefficients with their deviations: those of the posterior, or where there is none those of the regression."""
    trained, formula, results = candidate.unknowns[name].function, found.formula, {}
    deviations = [found.fits[formula.outputs[o]].deviations[j] for o, j in formula.places]
    if isinstance(trained, SparseFormula):
        formula = trained
        if posterior is not None and formula.places:
            deviations = np.asarray(posterior.deviation(lambda model: model.unknowns[name].function.coefficients))
    for (output, term), c, d in zip(formula.places, np.asarray(formula.coefficients), deviations, strict=True):
        label = f"{formula.outputs[output]}/{formula.dictionary.texts[term]}"
        results |= {label: float(c), f"{label} deviation": float(d)}
    return results


def _trained(formulas: dict[str, FoundFormula], candidate: Candidate) -> dict[str, FoundFormula]:
    """The formulas with the coefficients that the candidate has."""
    functions = {name: candidate.unknowns[name].function for name in formulas}
    return {
        name: dataclasses.replace(found, formula=functions[name])
        if isinstance(functions[name], SparseFormula)
        else found
        for name, found in formulas.items()
    }
