"""The double convolution of U-nets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from .activation import gelu
from .convolution import Convolution
from .embedding import Modulation
from .group_norm import GroupNorm
from .padding import Sides


class ConvBlock(eqx.Module):
    """Twice a convolution of 3 points an axis, `GroupNorm` and an activation; an embedding acts between the two.

    ``embedding`` is its size, None where there is none; ``scaled`` is `Modulation`'s.
    """

    first: Convolution
    first_norm: GroupNorm
    modulation: Modulation | None
    second: Convolution
    second_norm: GroupNorm
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        boundary: Sequence[Sides],
        in_channels: int,
        out_channels: int,
        *,
        activation: Callable[[Array], Array] = gelu,
        embedding: int | None = None,
        scaled: bool = True,
        key: PRNGKeyArray,
    ):
        key_first, key_second, key_e = jax.random.split(key, 3)
        self.first = Convolution(boundary, in_channels, out_channels, use_bias=True, key=key_first)
        self.second = Convolution(boundary, out_channels, out_channels, use_bias=True, key=key_second)
        self.first_norm, self.second_norm = GroupNorm(out_channels), GroupNorm(out_channels)
        self.modulation = None if embedding is None else Modulation(embedding, out_channels, scaled, key=key_e)
        self.activation = activation

    def __call__(
        self, x: Float[Array, "*n i"], layout: Sequence[str], e: Float[Array, " size"] | None = None
    ) -> Float[Array, "*n o"]:
        x = self.activation(self.first_norm(self.first(x, layout)))
        if self.modulation is not None and e is not None:
            x = self.modulation(x, e)
        return self.activation(self.second_norm(self.second(x, layout)))
