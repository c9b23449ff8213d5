"""Whether predicted states keep the integrals that the equation of a dataset conserves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.data import Dataset
from neuralpde.data.validation.rebuilding import rebuilt
from neuralpde.data.validation.report import NotApplicable
from neuralpde.equations import AbstractEquation
from neuralpde.spaces import Field, Grid


def stated_equation(dataset: Dataset) -> AbstractEquation | None:
    """The evolution equation that the provenance of a dataset states; None where it states none, or where the stored
    fields are not its states."""
    recipe = dataset.provenance.get("recipe") or {}
    if recipe.get("type") != "Evolution" or recipe.get("observe") is not None or recipe.get("functions"):
        return None
    try:
        return rebuilt(recipe.get("equation"), AbstractEquation)
    except NotApplicable:
        return None


def drifts(equation: AbstractEquation, states: Field, parameters: Mapping[str, Array]) -> dict[str, float]:
    """Largest change over time of each conserved integral, in parts of that integral of the states' absolute values.

    ``states`` has leading axes (sample, step); the mean over samples. Parameters with the names of the equation's are
    those of each sample. Empty where something may pass the sides of the domain, or nothing is conserved.
    """
    if not (isinstance(states.on, Grid) and all(states.on.domain.periodic)):
        return {}
    known = {field.name for field in dataclasses.fields(equation)}
    own = {name: jnp.asarray(value) for name, value in parameters.items() if name in known}
    values = jax.tree.map(np.asarray, states)
    return {name: float(np.mean(found)) for name, found in _drifts(equation, values, own).items()}


@eqx.filter_jit
def _drifts(equation: AbstractEquation, states: Field, parameters: dict[str, Array]) -> dict[str, Float[Array, " n"]]:
    def of_one(trajectory: Field, own: dict[str, Array]) -> dict[str, Float[Array, ""]]:
        law = dataclasses.replace(equation, **own)
        kept = jax.vmap(law.invariants)(trajectory)
        sizes = jax.vmap(law.invariants)(jax.tree.map(jnp.abs, trajectory))
        return {
            name: jnp.abs(value - value[0]).max() / jnp.maximum(sizes[name].max(), jnp.finfo(value.dtype).tiny)
            for name, value in kept.items()
        }

    return jax.vmap(of_one)(states, parameters)
