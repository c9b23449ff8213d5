"""The arrays of an operator by name, in the safetensors format: to share weights without code."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from neuralpde.errors import NeuralPDEError

from .files import write_whole

_KINDS = {"F": "float", "BF": "bfloat", "C": "complex", "I": "int", "U": "uint", "BOOL": "bool"}
"""Kinds of numbers as the format calls them, and as NumPy does."""

Tree = TypeVar("Tree", bound=Any)


class ParameterError(NeuralPDEError, ValueError):
    """Parameters that cannot be written, or are not those of the operator they are read for."""


def named_parameters(operator: PyTree) -> dict[str, Any]:
    """Every array of an operator, statistics of normalisers included, by the path of attributes and places that leads
    to it: ``operator.layers.0.K.weight``.
    """
    leaves = jax.tree_util.tree_leaves_with_path(operator)
    return {name_of(path): leaf for path, leaf in leaves if _is_array(leaf)}


def save_parameters(operator: PyTree, path: str | os.PathLike, metadata: Mapping[str, str] | None = None) -> Path:
    """Write the arrays of `named_parameters` to a file, whole or not at all; ``metadata`` are texts in its header.

    Raises `ParameterError` where the package ``safetensors`` is absent or the disk refuses.
    """
    tensors = {name: np.ascontiguousarray(jax.device_get(leaf)) for name, leaf in named_parameters(operator).items()}
    try:
        return write_whole(path, _safetensors().numpy.save(tensors, dict(metadata) if metadata else None))
    except OSError as error:
        raise ParameterError(f"{path} could not be written: {error}. What was there before is unchanged.") from error


def load_parameters(operator: Tree, path: str | os.PathLike) -> Tree:
    """The operator with the arrays of a file in place of its own (which may be ``jax.ShapeDtypeStruct``).

    Raises `ParameterError` where the file cannot be read, or a name, shape or dtype differs; the first differences
    are named, and nothing is converted.
    """
    safetensors = _safetensors()
    try:
        found = {name: _array(**stored) for name, stored in safetensors.deserialize(Path(path).read_bytes())}
    except Exception as error:  # a type of its own for damaged files, OSError for absent ones
        raise ParameterError(f"{path} holds no parameters in the safetensors format: {error}.") from error
    wanted = named_parameters(operator)
    differences = _differences(wanted, found)
    if differences:
        shown = "; ".join(differences[:3]) + (f"; and {len(differences) - 3} more" if len(differences) > 3 else "")
        raise ParameterError(
            f"{path} holds the parameters of another operator: {shown}. Build the operator with the arguments of the one "
            "that was saved."
        )
    return jax.tree_util.tree_map_with_path(
        lambda at, leaf: jnp.asarray(found[name_of(at)]) if _is_array(leaf) else leaf, operator
    )


def _differences(wanted: Mapping[str, Any], found: Mapping[str, np.ndarray]) -> list[str]:
    missing = [f"{name} is not in the file" for name in wanted if name not in found]
    unknown = [f"the operator has no {name}" for name in sorted(found) if name not in wanted]
    unequal = [
        f"{name} is {_kind(found[name])} in the file and {_kind(leaf)} here"
        for name, leaf in wanted.items()
        if name in found and _kind(found[name]) != _kind(leaf)
    ]
    return missing + unknown + unequal


def _array(dtype: str, shape: list[int], data: bytes | bytearray) -> np.ndarray:
    """An array of the file; by dtypes of JAX, since NumPy alone has no bfloat16."""
    letters, bits = re.fullmatch(r"([A-Z]+)(\d*)", dtype).groups()
    return np.frombuffer(data, jnp.dtype(_KINDS[letters] + bits)).reshape(shape)


def _kind(array: Any) -> str:
    return f"{array.dtype}[{','.join(map(str, array.shape))}]"


def name_of(path: tuple[Any, ...]) -> str:
    """The dotted name of a leaf from its path in a tree."""
    return jax.tree_util.keystr(path, simple=True, separator=".")


def _is_array(leaf: Any) -> bool:
    return eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct)


def _safetensors() -> Any:
    try:
        import safetensors.numpy  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        raise ParameterError(
            "Parameters are written in the format of the package safetensors; install it with "
            "`pip install neuralpde[interop]`."
        ) from error
    return safetensors
