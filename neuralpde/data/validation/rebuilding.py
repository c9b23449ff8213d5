"""Equations and solvers from the words of a provenance (see `plain`): classes by name, numbers by value, no code.

Only classes that `neuralpde.equations`, `neuralpde.solvers` and `neuralpde.spaces` export are built, explicit solvers of
diffrax, and only functions written in `neuralpde.equations` are found; nothing is imported for a name in a file.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

import diffrax

from neuralpde import equations, solvers, spaces

from .report import NotApplicable

_DOORS = (spaces, solvers, equations)


@functools.cache
def _classes() -> dict[str, type]:
    named = {name: getattr(door, name) for door in _DOORS for name in door.__all__}
    named |= {name: cls for name, cls in vars(diffrax).items() if _is_a(cls, diffrax.AbstractSolver)}
    return {name: cls for name, cls in named.items() if isinstance(cls, type) and dataclasses.is_dataclass(cls)}


def _is_a(thing: Any, base: type) -> bool:
    return isinstance(thing, type) and issubclass(thing, base)


@functools.cache
def _formulas() -> dict[str, Callable]:
    """The functions that the modules of equations define, by their full names."""
    modules = [module for name, module in sys.modules.items() if name.startswith("neuralpde.equations.")]
    functions = [thing for module in modules for thing in vars(module).values() if isinstance(thing, FunctionType)]
    return {f"{f.__module__}.{f.__qualname__}": f for f in functions if f.__module__.startswith("neuralpde.equations.")}


def rebuilt(described: Any, kind: type | None = None) -> Any:
    """The thing that was described, of class ``kind``. Raises `NotApplicable` where this version cannot build it."""
    try:
        thing = _rebuilt(described)
    except (TypeError, ValueError, AttributeError) as error:
        raise NotApplicable(f"the provenance cannot be built: {' '.join(str(error).split())}") from error
    if kind is not None and not isinstance(thing, kind):
        raise NotApplicable(f"the provenance states no {kind.__name__.removeprefix('Abstract')}")
    return thing


def _rebuilt(described: Any) -> Any:
    if isinstance(described, list):
        return tuple(_rebuilt(entry) for entry in described)
    if isinstance(described, str):
        return _formulas().get(described, described)
    if not isinstance(described, dict):
        return described
    name = described.get("type")
    if name not in _classes():
        raise NotApplicable(f"this version does not know {name!r}, which the provenance states")
    return _classes()[name](**{key: _rebuilt(value) for key, value in described.items() if key != "type"})
