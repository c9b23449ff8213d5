"""Statistics of a training set that an operator carries."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp

from neuralpde.nn import Standardize
from neuralpde.spaces import Field, FunctionSpace

NORMALIZERS = ("none", "channel", "point")


def fitted_normalizer(kind: str, fields: Field) -> Standardize | None:
    """The normaliser of stacked functions: a mean and deviation a ``channel`` or a ``point``, or ``none``."""
    if kind == "none":
        return None
    # Statistics are parameters of the model: of the default float, whatever the file held.
    fields = eqx.tree_at(lambda f: f.values, fields, jnp.asarray(fields.values, float))
    return Standardize.fit(fields, per_point=kind == "point")


def centred_normalizer(normalizer: Standardize) -> Standardize:
    """The same deviation about zero."""
    mean, std = normalizer.statistics.value
    return Standardize(mean * 0.0, std)


def joined_normalizer(parts: list[Standardize], space: FunctionSpace) -> Standardize:
    """One normaliser of the components of all parts, side by side in ``space``."""
    means, stds = zip(*(part.statistics.value for part in parts), strict=True)
    return Standardize(_joined(means, space), _joined(stds, space))


def _joined(parts, space: FunctionSpace):
    if isinstance(parts[0], Field):
        return Field(jnp.concatenate([part.values for part in parts], axis=-1), parts[0].on, space)
    return jnp.concatenate(parts)
