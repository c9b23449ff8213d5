"""A sum of terms with coefficients, as a function and as text."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError

from .dictionary import Dictionary


class SparseFormula(eqx.Module):
    """``f_o(z) = sum of c_i phi_j(z)`` over the pairs (o, j) of output and term at the places i.

    coefficients: c, which are trained where the formula is part of a model. dictionary: the terms phi. places: the pairs.
    outputs: names of the f_o.
    """

    coefficients: Float[Array, " s"]
    dictionary: Dictionary = eqx.field(static=True)
    places: tuple[tuple[int, int], ...] = eqx.field(static=True)
    outputs: tuple[str, ...] = eqx.field(static=True)

    def __call__(self, z: Float[Array, " k"]) -> Float[Array, " m"]:
        values, found = self.dictionary(z), jnp.zeros(len(self.outputs), z.dtype)
        for c, (output, term) in zip(self.coefficients, self.places, strict=True):
            found = found.at[output].add(c * values[term])
        return found

    def terms(self) -> dict[str, dict[str, float]]:
        """Coefficients by the names of the outputs and the texts of the terms."""
        found: dict[str, dict[str, float]] = {name: {} for name in self.outputs}
        for c, (output, term) in zip(self.coefficients, self.places, strict=True):
            found[self.outputs[output]][self.dictionary.texts[term]] = float(c)
        return found

    def expressions(self, digits: int = 4) -> dict[str, str]:
        """The right hand sides as Python expressions: ``{"f": "0.9987*u*u_x - 0.1*u"}``."""
        return {name: _sum(terms, digits) for name, terms in self.terms().items()}

    def __str__(self) -> str:
        return "\n".join(f"{name} = {text}" for name, text in self.expressions().items())


def to_sympy(formula: SparseFormula) -> dict[str, Any]:
    """The outputs as sympy expressions in symbols of the names of the dictionary, with all digits.

    Raises ``ValueError`` where sympy is not installed.
    """
    try:
        import sympy  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        raise ArgumentError(
            "Expressions of sympy need sympy, which is not installed; `pip install sympy`, or use formula.expressions()."
        ) from error
    symbols = {name: sympy.Symbol(name) for name in formula.dictionary.names}
    return {name: sympy.sympify(text, locals=symbols) for name, text in formula.expressions(digits=17).items()}


def _sum(terms: dict[str, float], digits: int) -> str:
    """``-0.5*u + 2*v - 1``; 0 for no terms."""
    text = ""
    for term, c in terms.items():
        size = f"{abs(c):.{digits}g}"
        joined = ("-" if c < 0 else "") if not text else (" - " if c < 0 else " + ")
        text += joined + (size if term == "1" else f"{size}*{term}")
    return text or "0"
