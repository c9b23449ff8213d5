"""Fourier neural operator in 1-3 dimensions (Li et al., ICLR 2021, arXiv 2010.08895)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.nn import Pointwise, PointwiseMLP, SpectralConvolution, check_modes, gelu
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Grid

from .about import About
from .operator import AbstractOperator, delivered, on_grid


class FourierLayer(eqx.Module):
    """``v <- sigma(W v + K v)``, then a pointwise network on the channels with a gated skip.

    K is the spectral convolution, W a pointwise linear map. The channel mixing ``v <- sigma(M v + g v)`` is part of
    current FNOs; without it (``mixing=None``) the layer is the paper's.
    """

    K: SpectralConvolution
    W: Pointwise
    mixing: PointwiseMLP | None
    gate: Float[Array, " width"] | None

    def __init__(self, modes: Sequence[int], width: int, mixing: float, *, key: PRNGKeyArray):
        key_k, key_w, key_m = jax.random.split(key, 3)
        self.K = SpectralConvolution(modes, width, width, key=key_k)
        self.W = Pointwise(width, width, use_bias=True, key=key_w)
        hidden = round(mixing * width)
        self.mixing = PointwiseMLP(width, hidden, width, key=key_m) if hidden else None
        self.gate = jnp.ones(width) if hidden else None

    def __call__(
        self, v: Float[Array, "*n c"], grid: Grid, activation: Callable[[Array], Array]
    ) -> Float[Array, "*n c"]:
        """``activation`` is the identity after the last layer."""
        w = self.K(v, grid) + self.W(v)
        if self.mixing is None or self.gate is None:
            return activation(w)
        return activation(self.mixing(activation(w)) + self.gate * v)


class FNO(AbstractOperator):
    """Fourier neural operator: lifting, ``depth`` Fourier layers, projection.

    ``modes`` wavenumbers 0..modes-1 an axis (one number, or one an axis), ``width`` channels. The normalised
    coordinates enter as extra input channels unless ``coordinates=False``. ``mixing`` is the width of the channel
    network in each layer over ``width``; zero gives the original layer. Parameters do not depend on the grid.

    Raises ``ValueError`` where the grid does not resolve the modes.
    """

    about: ClassVar[About] = About("Li et al., ICLR 2021, arXiv 2010.08895", "grid", True)

    lifting: PointwiseMLP
    layers: tuple[FourierLayer, ...]
    projection: PointwiseMLP
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    on: Grid | None = eqx.field(static=True)
    coordinates: bool = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        modes: int | Sequence[int] = 12,
        width: int = 32,
        depth: int = 4,
        mixing: float = 0.5,
        coordinates: bool = True,
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        modes = (modes,) * source.dim if isinstance(modes, int) else tuple(modes)
        self.source, self.target, self.on, self.coordinates = source, target, on, coordinates
        key_lift, key_project, *keys = jax.random.split(key, depth + 2)
        channels = source.channels + (source.dim if coordinates else 0)
        self.lifting = PointwiseMLP(channels, 2 * width, width, key=key_lift)
        self.layers = tuple(FourierLayer(modes, width, mixing, key=k) for k in keys)
        self.projection = PointwiseMLP(width, 2 * width, target.channels, key=key_project)
        if on is not None:
            check_modes(modes, on)

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        a = on_grid(self, u, self.on)
        values = a.values
        if self.coordinates:
            x = self.source.domain.bounds.normalize(a.on.coords()).astype(values.dtype)
            values = jnp.concatenate([values, x], axis=-1)
        values = self.lifting(values)
        for i, layer in enumerate(self.layers):
            values = layer(values, a.on, gelu if i < len(self.layers) - 1 else _identity)
        return delivered(Field(self.projection(values), a.on, self.target), u, at)


def _identity(x: Array) -> Array:
    return x
