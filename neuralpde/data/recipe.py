"""Recipes: all that determines a dataset but its size and its seed."""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import abc
import dataclasses
import hashlib
import json
from collections.abc import Mapping
from types import FunctionType
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, Key, PRNGKeyArray

from neuralpde.solvers import Limit
from neuralpde.spaces import Sample

from .dataset import DataError

Report = dict[str, Float[Array, ""]]
"""Scalars that a solver tells of one sample, such as its residual."""


class ResolutionWarning(UserWarning):
    """The grid or the step of a generated dataset does not resolve its solutions; the text has the figure."""


class AbstractRecipe(eqx.Module):
    """How the samples of a dataset are made, one at a time, each from its own key."""

    name: eqx.AbstractVar[str]

    @abc.abstractmethod
    def sample(self, key: PRNGKeyArray) -> tuple[Sample, Report]:
        """One sample, and what the solver tells of it; traceable, in float64.

        A solution that failed holds values that are not finite: it is drawn anew from another key.
        """

    @property
    def limits(self) -> Mapping[str, Limit]:
        """Limits of what the solver tells of a sample, by name: beyond them the samples are not resolved."""
        return {}

    @abc.abstractmethod
    def accuracy(self, keys: Key[Array, " n"]) -> dict[str, float]:
        """Estimates of the relative error of the samples of some keys, by name; called in float64."""

    @property
    @abc.abstractmethod
    def label(self) -> str:
        """The resolution in words, such as ``64`` or ``96x192``."""

    @abc.abstractmethod
    def provenance(self) -> dict[str, Any]:
        """What JSON can hold of equation, parameters and solver."""

    @abc.abstractmethod
    def at(self, resolution: int) -> "AbstractRecipe":
        """The same functions, stored at another resolution."""


def plain(thing: Any) -> Any:
    """What JSON can hold of a recipe and its parts: a module or dataclass becomes its class and its fields.

    A function of this package is known by its name. Raises `DataError` for what is known by its code only, such as a
    function of somebody else's.
    """
    if thing is None or isinstance(thing, bool | int | float | str):
        return thing
    if isinstance(thing, np.ndarray | np.generic | jax.Array):
        return np.asarray(thing).tolist()
    if isinstance(thing, tuple | list):
        return [plain(entry) for entry in thing]
    if isinstance(thing, Mapping):
        return {str(key): plain(value) for key, value in thing.items()}
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return {"type": type(thing).__name__} | {
            f.name: plain(getattr(thing, f.name)) for f in dataclasses.fields(thing)
        }
    if isinstance(thing, FunctionType) and thing.__module__.startswith("neuralpde.") and "<" not in thing.__qualname__:
        return f"{thing.__module__}.{thing.__qualname__}"
    raise DataError(
        f"A recipe of a dataset cannot hold {thing!r}: its file is found again by its numbers and names. Write what "
        "the function computes as a class with parameters (an equation, a prior, a function of neuralpde.spaces)."
    )


def fingerprint(everything: Mapping[str, Any]) -> str:
    """Eight hexadecimal digits that tell recipes apart."""
    return hashlib.sha256(json.dumps(plain(everything), sort_keys=True).encode()).hexdigest()[:8]
