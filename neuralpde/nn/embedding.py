"""Scalars that a network is told besides its input: a time step, a viscosity, a buoyancy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .activation import gelu
from .mlp import mlp


class SinusoidalEmbedding(eqx.Module):
    """``e(t) = M([cos(w_j s t), sin(w_j s t)])``, ``w_j = 10000^(-j / 32)``, j = 0..31, M a network with one hidden layer.

    Vaswani et al., NeurIPS 2017, section 3.5. The scale s takes t, in its own units, to the range that the
    frequencies tell apart, about 0 to 10: for viscosities up to 1e-3 it is 1e4. ``e`` has ``size`` entries.
    """

    M: eqx.nn.MLP
    scale: float = eqx.field(static=True)

    def __init__(self, size: int, scale: float = 1.0, *, key: PRNGKeyArray):
        self.M, self.scale = mlp(64, size, width=size, depth=1, activation=gelu, key=key), scale

    def __call__(self, t: Float[Array, ""]) -> Float[Array, " size"]:
        w = 10_000.0 ** (-jnp.arange(32) / 32)
        phase = self.scale * t * w
        return self.M(jnp.concatenate([jnp.cos(phase), jnp.sin(phase)]))


class ParameterEmbedding(eqx.Module):
    """The sum of the embeddings of several named parameters.

    ``scales`` maps each name to the scale of its `SinusoidalEmbedding`; a sequence of names stands for scales of one.
    """

    embeddings: dict[str, SinusoidalEmbedding]

    def __init__(self, scales: Mapping[str, float] | Sequence[str], size: int = 256, *, key: PRNGKeyArray):
        if not isinstance(scales, Mapping):
            scales = dict.fromkeys(scales, 1.0)
        keys = jax.random.split(key, len(scales))
        self.embeddings = {
            name: SinusoidalEmbedding(size, scale, key=k) for (name, scale), k in zip(scales.items(), keys, strict=True)
        }

    def __call__(self, parameters: Mapping[str, Array]) -> Float[Array, " size"]:
        """Raises ``ValueError`` where a parameter is missing or is not one number."""
        total = jnp.zeros(())
        for name, embedding in self.embeddings.items():
            if name not in parameters:
                raise ArgumentError(
                    f"The network is conditioned on {name!r} and the sample has the parameters {sorted(parameters)}; "
                    "condition it on some of those, or generate data with that parameter."
                )
            value = jnp.asarray(parameters[name], embedding.M.layers[0].weight.dtype)
            if value.size != 1:
                raise ArgumentError(f"A network is conditioned on numbers; {name!r} has the shape {value.shape}.")
            total = total + embedding(value.reshape(()))
        return total


class Modulation(eqx.Module):
    """What an embedding e does to features: ``x + B e`` or, with ``scaled``, ``x (1 + A e) + B e``, the same everywhere.

    The second is feature-wise linear modulation (Perez et al., AAAI 2018).
    """

    linear: eqx.nn.Linear
    scaled: bool = eqx.field(static=True)

    def __init__(self, size: int, channels: int, scaled: bool, *, key: PRNGKeyArray):
        self.linear = eqx.nn.Linear(size, 2 * channels if scaled else channels, key=key)
        self.scaled = scaled

    def __call__(self, x: Float[Array, "*n c"], e: Float[Array, " size"]) -> Float[Array, "*n c"]:
        shift = self.linear(e)
        if not self.scaled:
            return x + shift
        scale, shift = jnp.split(shift, 2)
        return x * (1 + scale) + shift
