"""From the space of a problem to a network on it: periodic coordinates, random features, layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jaxtyping import PRNGKeyArray

from neuralpde.nn import Chain, FourierFeatures, PeriodicFeatures, factorized
from neuralpde.spaces import Axis, Box, FunctionSpace, Neural


def coordinate_network(
    space: FunctionSpace,
    layers: Callable[..., Any],
    *,
    harmonics: int = 1,
    frequencies: int = 0,
    scale: float = 1.0,
    trained: bool = False,
    factorize: bool = False,
    key: PRNGKeyArray,
) -> Neural:
    """A function of ``space`` by a network that is exactly periodic where its domain is.

    layers: makes what comes after the features, ``layers(in_size, out_size, key=key)``: `neuralpde.nn.mlp`,
    `neuralpde.nn.ModifiedMLP`, `neuralpde.nn.PirateNet` and the like with their sizes. harmonics: of every periodic
    coordinate (`PeriodicFeatures`). frequencies: number of random `FourierFeatures` of what that gives, none for 0; scale
    and trained are theirs. factorize: random weight factorisation of all linear layers (`neuralpde.nn.factorized`).
    """
    key_features, key_layers, key_factors = jax.random.split(key, 3)
    features: list[Any] = []
    size = space.domain.dim
    unit = Box(tuple(Axis(axis.name, -1.0, 1.0, axis.periodic) for axis in space.domain.bounds.axes))
    if any(axis.periodic for axis in unit.axes):
        features.append(PeriodicFeatures(unit, harmonics))
        size = features[-1].size
    if frequencies:
        features.append(FourierFeatures(size, frequencies, scale, trained, key=key_features))
        size = features[-1].size
    network = layers(size, space.channels, key=key_layers)
    if factorize:
        network = factorized(network, key=key_factors)
    return Neural(Chain(*features, network) if features else network, space)
