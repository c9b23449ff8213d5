"""Flax networks in slots of ours: a branch, a trunk, a vector field, a coordinate network."""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import abc
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from flax import linen, nnx
from jaxtyping import PyTree

from neuralpde.errors import ArgumentError
from neuralpde.nn import Frozen

_KEY = " key"


class FlaxNetwork(eqx.Module):
    """A Flax module as a callable of equinox: ``params`` are its parameters, trained like any other leaves.

    ``rest`` are its other variables, such as the averages of a batch norm: saved with the model, never trained.
    """

    params: eqx.AbstractVar[PyTree]
    rest: eqx.AbstractVar[Frozen]

    @abc.abstractmethod
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the module makes of its arguments."""


class _Linen(FlaxNetwork):
    params: PyTree
    rest: Frozen
    module: linen.Module = eqx.field(static=True)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        rest = jax.lax.stop_gradient(self.rest.value)
        return self.module.apply({"params": self.params, **rest}, *args, **kwargs)


class _NNX(FlaxNetwork):
    params: PyTree
    rest: Frozen
    graph: nnx.GraphDef = eqx.field(static=True)
    structures: tuple[Any, Any] = eqx.field(static=True)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        rest = jax.lax.stop_gradient(self.rest.value)
        states = map(_state, self.structures, (self.params, rest))
        module = nnx.merge(self.graph, *states)
        before = jax.tree.leaves(nnx.state(module))
        output = module(*args, **kwargs)
        after = jax.tree.leaves(nnx.state(module))
        if len(before) != len(after) or any(a is not b for a, b in zip(before, after, strict=True)):
            raise ArgumentError(
                f"The Flax module {type(module).__name__} changes its own variables when it is called, which a function "
                "of its inputs cannot; switch that off (use_running_average=True, deterministic=True), or leave out "
                "the layer that does."
            )
        return output


def from_flax(module: nnx.Module | linen.Module, variables: Mapping[str, Any] | None = None) -> FlaxNetwork:
    """A Flax NNX module, or a Linen ``module`` with the ``variables`` of its ``init``, for any slot of a network.

    The module is called like the network it replaces: on ONE example, without a batch axis. An NNX module is taken as
    it is in evaluation, that is, dropout and the updates of a batch norm are off; its own object is left unchanged.
    Parameters are leaves: gradients, optimisers and checkpoints work through the wrapper.

    Raises `ArgumentError` for a Linen module without variables, and where a module changes its own variables in a call.
    """
    if isinstance(module, linen.Module):
        if variables is None:
            raise ArgumentError("A Linen module holds no parameters: pass variables=module.init(key, example).")
        rest = {name: variables[name] for name in variables if name != "params"}
        return _Linen(params=variables.get("params", {}), rest=Frozen(rest), module=module)
    evaluated = nnx.clone(module)
    evaluated.eval()
    graph, params, rest = nnx.split(evaluated, nnx.Param, ...)
    structures = (jax.tree.structure(params), jax.tree.structure(rest))
    return _NNX(params=_arrays(params), rest=Frozen(_arrays(rest)), graph=graph, structures=structures)


def _arrays(state: nnx.State) -> dict[str, Any]:
    """The arrays of a state by their paths, a plain dictionary: what equinox filters and checkpoints understand.

    The keys of random streams, of which nothing is drawn in evaluation, are stored as the numbers they are made of.
    """
    arrays = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(state):
        is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        arrays[_name(path) + (_KEY if is_key else "")] = jax.random.key_data(leaf) if is_key else leaf
    return arrays


def _state(structure: Any, arrays: dict[str, Any]) -> Any:
    """The inverse of `_arrays`."""
    places = jax.tree.unflatten(structure, range(structure.num_leaves))
    names = [_name(path) for path, _ in jax.tree_util.tree_leaves_with_path(places)]
    leaves = [arrays[name] if name in arrays else jax.random.wrap_key_data(arrays[name + _KEY]) for name in names]
    return jax.tree.unflatten(structure, leaves)


def _name(path: tuple[Any, ...]) -> str:
    """``layers/0/kernel``: of a variable, not of the array in it."""
    return jax.tree_util.keystr(path, simple=True, separator="/").removesuffix("/value")
