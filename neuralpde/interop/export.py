"""Trained operators as programs that run without this package: StableHLO by ``jax.export``, normalisers included.

A process that has only JAX (and ``flatbuffers``, which reads the module) runs an exported file like this::

    import json, zipfile
    import jax

    with zipfile.ZipFile("operator.npde") as archive:
        metadata = json.loads(archive.read("metadata.json"))
        module = jax.export.deserialize(bytearray(archive.read("module.bin")))
    v = module.call(u)  # arrays; metadata["input"] and metadata["output"] say of which functions
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.export
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Num

import neuralpde
from neuralpde.errors import ArgumentError
from neuralpde.operators import AbstractOperator
from neuralpde.spaces import AbstractDiscretization, Box, Field, FunctionSpace, Grid

from .container import ExportError, read_container, write_container

PLATFORMS = ("cpu", "cuda", "tpu")


def export(
    operator: AbstractOperator,
    path: str | os.PathLike,
    *,
    on: AbstractDiscretization,
    at: AbstractDiscretization | None = None,
    batch: int | str | None = None,
    platforms: Sequence[str] = PLATFORMS,
    derivatives: int = 0,
) -> Path:
    """Write the map from values on ``on`` to values at ``at`` (where left out, on ``on``) as one file.

    ``batch`` is None for one function, (*on, source channels) -> (*at, target channels); a number for that many in
    front; or a letter such as ``"b"`` for any number, which is then free in the compiled program too. Arrays have the
    dtype of the operator's parameters. Parameters become constants of the program; an operator that is conditioned on
    numbers is exported as ``operator.given(...)``. ``derivatives`` is how often ``jax.grad`` may be applied to the
    loaded function.

    Serialised modules are read by the JAX that wrote them and by later ones for at least six months. Raises
    `ExportError` where ``flatbuffers`` is absent or the disk refuses, `ArgumentError` for an unusable batch.
    """
    dtype = _dtype(operator)

    def values(u: Float[Array, "*grid c"]) -> Float[Array, "*place d"]:
        return operator(Field(u, on, operator.source), at).values.astype(dtype)

    shape = (*on.shape, operator.source.channels)
    if batch is not None:
        shape = (_batch_size(batch), *shape)
    function = jax.jit(values if batch is None else jax.vmap(values))
    module = jax.export.export(function, platforms=tuple(platforms))(jax.ShapeDtypeStruct(shape, dtype))
    metadata = {
        "operator": type(operator).__name__,
        "input": describe_place(operator.source, on),
        "output": describe_place(operator.target, on if at is None else at),
        "batch": batch,
        "dtype": dtype.name,
        "platforms": list(platforms),
        "derivatives": derivatives,
        "neuralpde": neuralpde.__version__,
        "jax": jax.__version__,
    }
    return write_container(path, metadata, _serialized(module, derivatives))


def load_exported(path: str | os.PathLike) -> ExportedOperator:
    """The function of an exported file; raises `ExportError` for a foreign, damaged or unreadable one."""
    metadata, module = read_container(path)
    if metadata["dtype"] == "float64" and not jax.config.read("jax_enable_x64"):
        raise ExportError(f"{path} computes in float64; switch it on first: jax.config.update('jax_enable_x64', True).")
    try:
        return ExportedOperator(metadata, jax.export.deserialize(bytearray(module)))
    except ModuleNotFoundError as error:
        raise _lacks_flatbuffers() from error
    except Exception as error:  # whatever a JAX of another age raises
        raise ExportError(
            f"{path} was written by JAX {metadata.get('jax')} and cannot be read by JAX {jax.__version__}: {error}. "
            "Read it with a version nearer to that, or export the operator again."
        ) from error


class ExportedOperator:
    """A function of arrays that `export` wrote; ``metadata`` says of which functions they are the values.

    It is compiled for each batch size at its first call; it can be called inside ``jax.jit``.
    """

    def __init__(self, metadata: dict[str, Any], module: jax.export.Exported):
        self.metadata = metadata
        self._module = module
        self._call = jax.jit(module.call)

    def __call__(self, u: Num[Array | np.ndarray, ...]) -> Float[Array, ...]:
        """Values of the output; raises `ArgumentError` for values of another shape."""
        u = jnp.asarray(u, self.metadata["dtype"])
        (expected,) = self._module.in_avals
        fits = len(u.shape) == len(expected.shape) and all(
            not isinstance(n, int) or n == m for n, m in zip(expected.shape, u.shape, strict=True)
        )
        if not fits:
            raise ArgumentError(
                f"This exported operator takes values of shape {expected.shape}, got {u.shape}: "
                f"{self.metadata['input']['names']} last, its points before them, a batch in front only if it was "
                "exported with one."
            )
        return self._call(u)


def describe_place(space: FunctionSpace, on: AbstractDiscretization) -> dict[str, Any]:
    """Components, conditions and points of a function as plain data, for whoever reads the file."""
    domain = space.domain
    axes = (
        [{"name": a.name, "lower": a.lower, "upper": a.upper, "periodic": a.periodic} for a in domain.axes]
        if isinstance(domain, Box)
        else repr(domain)
    )
    return {
        "names": list(space.names),
        "domain": axes,
        "boundary": [[repr(side) for side in pair] for pair in space.boundary],
        "kind": type(on).__name__,
        "shape": list(on.shape),
        "layout": list(on.layout) if isinstance(on, Grid) else None,
    }


def _dtype(operator: AbstractOperator) -> jnp.dtype:
    floats = jax.tree.leaves(eqx.filter(operator, eqx.is_inexact_array))
    return jnp.result_type(*floats) if floats else jnp.zeros(()).dtype


def _batch_size(batch: int | str) -> Any:
    if isinstance(batch, int) and batch < 1:
        raise ArgumentError(f"batch={batch} exports nothing; give a number of at least 1, a letter for any, or None.")
    if isinstance(batch, int):
        return batch
    if not batch.isidentifier():
        raise ArgumentError(f"batch={batch!r} is no name of a dimension; give a letter such as 'b'.")
    return jax.export.symbolic_shape(batch)[0]


def _serialized(module: jax.export.Exported, derivatives: int) -> bytes:
    try:
        return bytes(module.serialize(vjp_order=derivatives))
    except ModuleNotFoundError as error:
        raise _lacks_flatbuffers() from error


def _lacks_flatbuffers() -> ExportError:
    return ExportError(
        "Exported operators are read and written by jax.export, which needs the package flatbuffers; install it with "
        "`pip install neuralpde[interop]`."
    )
