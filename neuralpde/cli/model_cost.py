"""The size of a configured model, and XLA's account of its forward pass, without making its parameters."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import yaml
from jaxtyping import PyTree

from neuralpde.errors import NeuralPDEError
from neuralpde.nn import trainable
from neuralpde.operators import Conditioned, about_of
from neuralpde.spaces import Box, Field, FunctionSpace, Grid

from .building import SLOTS, build, locate
from .catalogue import conf_folder


@dataclasses.dataclass(frozen=True)
class ModelCost:
    """One configuration: what its family is, and what it costs on one grid.

    ``flops`` are those of the forward pass of one sample, ``memory`` the bytes of its intermediate results and output.
    They are None, and ``note`` says why, where the model refuses the grid; or where nothing was compiled.
    """

    name: str
    family: str
    parameters: int | None
    places: str
    discretisation_convergent: bool
    memory: float | None
    flops: float | None
    citation: str
    note: str


def model_cost(name: str, size: int, dim: int, compiled: bool = True) -> ModelCost:
    """Measure ``conf/model/NAME.yaml`` between functions with one component on ``size`` cells an axis of a cube.

    Raises ``ValueError`` for a family without a record `About`.
    """
    config = yaml.safe_load((conf_folder() / "model" / f"{name}.yaml").read_text(encoding="utf-8"))
    family = family_of(config)
    record = about_of(family)
    box = Box.cube(dim)
    grid, space = box.grid(size), FunctionSpace(box)
    row = functools.partial(
        ModelCost,
        name,
        family.__name__,
        places=record.places,
        discretisation_convergent=converges(config),
        citation=record.citation,
    )
    try:
        make = functools.partial(build(config, SLOTS["model"]), space, space, on=grid, key=jax.random.key(0))
        model, trained = eqx.filter_eval_shape(lambda: _with_trained(make()))
        parameters = real_numbers(trained)
        memory, flops = forward_cost(model, grid, space) if compiled else (None, None)
    except NeuralPDEError as error:
        return row(parameters=None, memory=None, flops=None, note=str(error))
    return row(parameters=parameters, memory=memory, flops=flops, note="")


def family_of(config: Mapping[str, Any]) -> Any:
    """The operator class of a configuration; of one that only tells its ``network`` parameters, that of the network."""
    return _family_and_arguments(config)[0]


def converges(config: Mapping[str, Any]) -> bool:
    """Whether the operator of a configuration is discretisation convergent, as its family and its arguments say."""
    family, arguments = _family_and_arguments(config)
    return about_of(family).converges(arguments)


def _family_and_arguments(config: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
    family = locate(config["_target_"], SLOTS["model"])
    inner = config.get("network")
    return _family_and_arguments(inner) if family is Conditioned and isinstance(inner, Mapping) else (family, config)


def _with_trained(model: PyTree) -> tuple[PyTree, PyTree]:
    return model, eqx.filter(model, trainable(model))


def real_numbers(shapes: PyTree) -> int:
    """How many real numbers the arrays hold; a complex one counts twice."""
    leaves = jax.tree.leaves(shapes)
    return sum(leaf.size * (2 if jnp.issubdtype(leaf.dtype, jnp.complexfloating) else 1) for leaf in leaves)


def forward_cost(model: PyTree, grid: Grid, space: FunctionSpace) -> tuple[float, float]:
    """Bytes of temporary and output arrays, and floating-point operations, of the compiled forward pass."""
    arrays, static = eqx.partition(model, lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct))
    forward: Callable = lambda arrays, values: eqx.combine(arrays, static)(Field(values, grid, space)).values
    values = jax.ShapeDtypeStruct((*grid.shape, space.channels), jnp.float32)
    program = jax.jit(forward).lower(arrays, values).compile()
    memory, operations = program.memory_analysis(), program.cost_analysis()
    if operations is None:
        raise NeuralPDEError("This backend of XLA does not count operations; measure on a CPU.")
    return float(memory.temp_size_in_bytes + memory.output_size_in_bytes), float(operations["flops"])
