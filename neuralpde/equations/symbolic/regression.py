"""From values of a function at many places to a formula of few terms."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .dictionary import Dictionary
from .formula import SparseFormula
from .sparse import SparseFit, sparse_regression


@dataclasses.dataclass(frozen=True)
class FoundFormula:
    """A formula, and how each of its outputs was fitted, by name."""

    formula: SparseFormula
    fits: dict[str, SparseFit]

    def __str__(self) -> str:
        return str(self.formula)


def find_formula(
    z: Float[Array | np.ndarray, "n k"],
    values: Float[Array | np.ndarray, "n m"],
    dictionary: Dictionary,
    *,
    outputs: Sequence[str] | None = None,
    choice: str = "bic",
    independent: float | None = None,
) -> FoundFormula:
    """``values_i = f(z_i)`` by sparse regression on a dictionary, output by output; see `sparse_regression`.

    outputs: names of the components of f, by default ``f`` or ``f_1, f_2, ...``.
    """
    # One matrix for all outputs, in the precision that regression needs to tell terms apart.
    with jax.enable_x64(True):
        matrix = np.asarray(jax.jit(jax.vmap(dictionary))(jnp.asarray(np.asarray(z, float))))
    values = np.asarray(values, float)
    m = values.shape[1]
    names = tuple(outputs) if outputs is not None else ("f",) if m == 1 else tuple(f"f_{i + 1}" for i in range(m))
    fits = {
        name: sparse_regression(matrix, column, choice=choice, independent=independent)
        for name, column in zip(names, values.T, strict=True)
    }
    places = tuple((o, j) for o, fit in enumerate(fits.values()) for j in fit.support)
    coefficients = [fit.coefficients[j] for fit in fits.values() for j in fit.support]
    return FoundFormula(SparseFormula(jnp.asarray(coefficients, float), dictionary, places, names), fits)
