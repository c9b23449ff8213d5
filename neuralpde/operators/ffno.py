"""Factorised Fourier neural operator (Tran, Mathews, Xie, Ong; ICLR 2023, arXiv 2111.13802)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.nn import AxisSpectralConvolutions, WeightNormPointwise, check_modes, gelu, with_coordinates
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Grid

from .about import About
from .fno import modes_per_axis, wall_padding
from .operator import AbstractOperator, delivered, on_grid


class FeedForward(eqx.Module):
    """``W_2 sigma(W_1 v + b_1) + b_2`` at each point, with weight normalisation."""

    W_1: WeightNormPointwise
    W_2: WeightNormPointwise

    def __init__(self, inputs: int, hidden: int, outputs: int, *, key: PRNGKeyArray):
        key_1, key_2 = jax.random.split(key)
        self.W_1 = WeightNormPointwise(inputs, hidden, key=key_1)
        self.W_2 = WeightNormPointwise(hidden, outputs, key=key_2)

    def __call__(self, v: Float[Array, "*n i"]) -> Float[Array, "*n o"]:
        return self.W_2(gelu(self.W_1(v)))


class FFNO(AbstractOperator):
    """Factorised Fourier neural operator: ``v <- v + W_2 sigma(W_1 K v + b_1) + b_2`` in each of ``depth`` layers.

    K is a sum of spectral convolutions along one axis each, ``modes`` wavenumbers 0..modes-1 an axis (one number,
    or one an axis). The residual v is added after the activation, which lets many layers be trained. ``mixing`` is
    the hidden width of the feed-forward network over ``width``, ``projection`` that of the last one. With ``shared``
    all layers have the same K. Pointwise maps have normalised weights. ``coordinates`` and ``padding`` are as in
    `FNO`.

    With modes 16, width 64, depth 24 and shared K it has 1,072,834 parameters in two dimensions, as published for
    the vorticity of the Navier-Stokes equations.

    Raises ``ValueError`` where the grid does not resolve the modes, and where a periodic axis is to be padded.
    """

    about: ClassVar[About] = About("Tran et al., ICLR 2023, arXiv 2111.13802", "grid", True)

    lifting: WeightNormPointwise
    K: tuple[AxisSpectralConvolutions, ...]
    layers: tuple[FeedForward, ...]
    projection: FeedForward
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    on: Grid | None = eqx.field(static=True)
    coordinates: bool = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        modes: int | Sequence[int] = 16,
        width: int = 32,
        depth: int = 8,
        mixing: float = 4.0,
        projection: int = 128,
        shared: bool = True,
        coordinates: bool = True,
        padding: float | Sequence[float] = 0.0,
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        modes = modes_per_axis(modes, source)
        shares = wall_padding(padding, source)
        self.source, self.target, self.on, self.coordinates = source, target, on, coordinates
        key_lift, key_k, key_layers, key_project = jax.random.split(key, 4)
        channels = source.channels + (source.dim if coordinates else 0)
        self.lifting = WeightNormPointwise(channels, width, key=key_lift)
        keys = jax.random.split(key_k, 1 if shared else depth)
        self.K = tuple(AxisSpectralConvolutions(modes, width, width, padding=shares, key=k) for k in keys)
        keys = jax.random.split(key_layers, depth)
        self.layers = tuple(FeedForward(width, round(mixing * width), width, key=k) for k in keys)
        self.projection = FeedForward(width, projection, target.channels, key=key_project)
        if on is not None:
            check_modes(modes, on, shares)

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        a = on_grid(self, u, self.on)
        v = self.lifting(with_coordinates(a) if self.coordinates else a.values)
        for i, layer in enumerate(self.layers):
            K: AxisSpectralConvolutions = self.K[i % len(self.K)]
            v = v + layer(K(v, a.on))
        return delivered(Field(self.projection(v), a.on, self.target), u, at)
