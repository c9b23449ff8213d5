"""Terms of a fitted formula that the data do not ask for are left out."""

from __future__ import annotations

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .formula import SparseFormula


def pruned(formula: SparseFormula, covariance: Float[Array | np.ndarray, "s s"], n: float) -> SparseFormula:
    """The formula without the terms that ``n`` observations do not tell from zero.

    covariance: C of the coefficients c, fitted together. Without the terms of a set S the least misfit is larger by
    ``chi^2 = c_S . C_SS^-1 c_S`` in units of the noise. One term after another is left out, each time the one that
    adds least, and of all these formulas the one stays with the least ``chi^2 - |S| log(n)`` (Schwarz's criterion).
    Coefficients of nearly equal terms, each of which is uncertain because of the other, are so told apart. Those that stay
    have the values that c and C give them without the others.
    """
    c, covariance = np.asarray(formula.coefficients, float), np.asarray(covariance, float)
    out: list[int] = []
    best, least = [], 0.0
    while len(out) < len(c):
        rest = [i for i in range(len(c)) if i not in out]
        out.append(min(rest, key=lambda i: _growth(c, covariance, [*out, i])))
        score = _growth(c, covariance, out) - len(out) * math.log(n)
        if score < least:
            best, least = list(out), score
    kept = [i for i in range(len(c)) if i not in best]
    values = c[kept]
    if best:
        values = values - covariance[np.ix_(kept, best)] @ np.linalg.solve(covariance[np.ix_(best, best)], c[best])
    places = tuple(formula.places[i] for i in kept)
    return dataclasses.replace(formula, coefficients=jnp.asarray(values, float), places=places)


def _growth(c: np.ndarray, covariance: np.ndarray, out: list[int]) -> float:
    return float(c[out] @ np.linalg.solve(covariance[np.ix_(out, out)], c[out]))
