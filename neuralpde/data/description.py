"""Spaces, domains, boundary conditions and grids as JSON: names and numbers, never code.

What is static in this package is a frozen dataclass of numbers, strings, tuples and other such dataclasses;
it is written as an object with the name of its class under ``type``. Only the classes that
`neuralpde.spaces` exports can be named, so that reading a file constructs nothing else.
"""

from __future__ import annotations

import dataclasses
from numbers import Integral, Real
from typing import Any

from neuralpde import spaces
from neuralpde.spaces import AbstractBoundaryCondition, AbstractDomain, Axis, FunctionSpace, Grid

from .dataset import DataError

_ROOTS = (AbstractDomain, AbstractBoundaryCondition, Axis, FunctionSpace)


def _known() -> dict[str, type]:
    exported = vars(spaces)
    return {
        name: cls
        for name, cls in exported.items()
        if isinstance(cls, type) and dataclasses.is_dataclass(cls) and issubclass(cls, (*_ROOTS, Grid))
    }


def describe(thing: Any) -> Any:
    """What JSON can hold of a space, domain, condition, grid, or of numbers, strings and tuples.

    Raises `DataError` for what holds code, such as a boundary condition whose datum is a function.
    """
    if thing is None or isinstance(thing, bool | str):
        return thing
    if isinstance(thing, Integral):
        return int(thing)
    if isinstance(thing, Real):
        return float(thing)
    if isinstance(thing, tuple | list):
        return [describe(entry) for entry in thing]
    if type(thing).__name__ in _known() and dataclasses.is_dataclass(thing):
        values = {f.name: describe(getattr(thing, f.name)) for f in dataclasses.fields(thing) if f.init}
        return {"type": type(thing).__name__} | values
    raise DataError(
        f"A dataset file cannot hold {thing!r}: it keeps numbers and names, not code. Give boundary "
        "conditions constant data, and build domains from the shapes of neuralpde.spaces that are described "
        "by numbers."
    )


def restore(described: Any) -> Any:
    """The inverse of `describe`; lists come back as tuples. Raises `DataError` for an unknown type."""
    if isinstance(described, list):
        return tuple(restore(entry) for entry in described)
    if not isinstance(described, dict):
        return described
    known = _known()
    name = described.get("type")
    if name not in known:
        raise DataError(
            f"The description of a space names the type {name!r}, which this version does not know; it knows "
            f"{', '.join(sorted(known))}. Read the file with the version that wrote it, or write it again."
        )
    arguments = {key: restore(value) for key, value in described.items() if key != "type"}
    try:
        return known[name](**arguments)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"The description of a {name} cannot be built: {error} The file was edited or written by another "
            "version; write it again."
        ) from error
