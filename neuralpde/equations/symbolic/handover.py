"""Values handed to PySR, which searches formulas that no dictionary holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError


def search_by_pysr(
    z: Float[Array | np.ndarray, "n k"], values: Float[Array | np.ndarray, "n m"], names: Sequence[str], **options: Any
) -> Any:
    """A fitted ``pysr.PySRRegressor`` of ``values_i = f(z_i)``, z of the given names; ``options`` are its arguments.

    Cranmer, arXiv 2305.01582. Raises ``ValueError`` where PySR is not installed.
    """
    try:
        import pysr  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        raise ArgumentError(
            "This search needs PySR, which is not installed; `pip install 'neuralpde[symbolic]'` (it brings Julia), or use "
            "find_formula, which needs nothing more."
        ) from error
    search = pysr.PySRRegressor(**options)
    search.fit(np.asarray(z, float), np.asarray(values, float), variable_names=list(names))
    return search
