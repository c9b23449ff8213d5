"""Candidate terms of a formula: functions of named quantities."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError


@dataclasses.dataclass(frozen=True)
class DictionaryTerm:
    """A function of the quantities z of a dictionary, and how it is written in Python: ``DictionaryTerm("sin(u)", ...)``."""

    text: str
    function: Callable[[Float[Array, " k"]], Float[Array, ""]]


@dataclasses.dataclass(frozen=True)
class Monomial:
    """``prod_i z_i^e_i`` for exponents e."""

    exponents: tuple[int, ...]

    def __call__(self, z: Float[Array, " k"]) -> Float[Array, ""]:
        return math.prod((z[i] ** e for i, e in enumerate(self.exponents) if e), start=jnp.ones((), z.dtype))

    def text(self, names: Sequence[str]) -> str:
        """As in Python: ``u**2*u_x``; 1 for the constant."""
        factors = [name if e == 1 else f"{name}**{e}" for name, e in zip(names, self.exponents, strict=True) if e]
        return "*".join(factors) or "1"


@dataclasses.dataclass(frozen=True)
class Dictionary:
    """Terms in the quantities ``names``; a dictionary is the function from their values (k,) to those of its terms (p,).

    Raises ``ValueError`` for no terms, and for two of one text.
    """

    names: tuple[str, ...]
    terms: tuple[DictionaryTerm, ...]

    def __post_init__(self):
        texts = [term.text for term in self.terms]
        if not texts or len(set(texts)) < len(texts):
            raise ArgumentError(f"A dictionary has terms that differ, got {', '.join(texts) or 'none'}.")

    def __call__(self, z: Float[Array, " k"]) -> Float[Array, " p"]:
        return jnp.stack([term.function(z) for term in self.terms])

    @property
    def texts(self) -> tuple[str, ...]:
        """How the terms are written."""
        return tuple(term.text for term in self.terms)

    def extended(self, *more: DictionaryTerm) -> Dictionary:
        """The dictionary with more terms."""
        return Dictionary(self.names, (*self.terms, *more))


def polynomials(names: Sequence[str], degree: int = 2, constant: bool = True) -> Dictionary:
    """All products of the named quantities up to a degree, by degree; with or without the constant."""
    if degree < 1 or not names:
        raise ArgumentError(f"polynomials wants names and a degree of at least 1, got {tuple(names)} and {degree}.")
    powers = [
        Monomial(tuple(chosen.count(i) for i in range(len(names))))
        for d in range(0 if constant else 1, degree + 1)
        for chosen in itertools.combinations_with_replacement(range(len(names)), d)
    ]
    return Dictionary(tuple(names), tuple(DictionaryTerm(power.text(names), power) for power in powers))
