"""Formulas from values: dictionaries of candidate terms, sparse regression on them, and what it finds as a formula."""

from .dictionary import Dictionary, DictionaryTerm, polynomials
from .formula import SparseFormula, to_sympy
from .handover import search_by_pysr
from .pruning import pruned
from .regression import FoundFormula, find_formula
from .sparse import SparseFit, sparse_regression, thresholded_least_squares

__all__ = [
    "Dictionary",
    "DictionaryTerm",
    "FoundFormula",
    "SparseFit",
    "SparseFormula",
    "find_formula",
    "polynomials",
    "pruned",
    "search_by_pysr",
    "sparse_regression",
    "thresholded_least_squares",
    "to_sympy",
]
