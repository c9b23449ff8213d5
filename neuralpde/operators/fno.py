"""Fourier neural operator in 1-3 dimensions (Li et al., ICLR 2021, arXiv 2010.08895)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import (
    Pointwise,
    PointwiseMLP,
    SpectralConvolution,
    check_modes,
    computed_once,
    gelu,
    with_coordinates,
)
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

    def __init__(self, modes: Sequence[int], width: int, mixing: float, *, key: PRNGKeyArray, **spectral):
        key_k, key_w, key_m = jax.random.split(key, 3)
        self.K = SpectralConvolution(modes, width, width, key=key_k, **spectral)
        self.W = Pointwise(width, width, use_bias=True, key=key_w)
        hidden = round(mixing * width)
        self.mixing = PointwiseMLP(width, hidden, width, key=key_m) if hidden else None
        self.gate = jnp.ones(width) if hidden else None

    def __call__(
        self, v: Float[Array, "*n c"], grid: Grid, activation: Callable[[Array], Array]
    ) -> Float[Array, "*n c"]:
        """``activation`` is the identity after the last layer."""
        v = computed_once(v)
        w = self.K(v, grid) + self.W(v)
        if self.mixing is None or self.gate is None:
            return activation(w)
        return activation(self.mixing(activation(w)) + self.gate * v)


class FNO(AbstractOperator):
    """Fourier neural operator: lifting, ``depth`` Fourier layers, projection.

    ``modes`` wavenumbers 0..modes-1 an axis (one number, or one an axis), ``width`` channels. The normalised
    coordinates enter as extra input channels unless ``coordinates=False``. ``mixing`` is the width of the channel
    network in each layer over ``width``; zero gives the original layer. ``lifting`` and ``projection`` are the hidden
    widths of the first and last pointwise networks, ``2 width`` if left out; zero makes them linear.

    ``padding`` lengthens the period on the axes that are not periodic, by that share of their length (one number, or
    one an axis): walls then do not see each other. ``factorization`` ("tucker" or "cp") with ``rank``, the share of
    the spectral weights that is kept, gives the TFNO of Kossaifi et al., TMLR 2024, arXiv 2310.00120.

    Parameters do not depend on the grid. Those of the published layers are counted as here, complex numbers twice,
    but over -modes..modes-1 where the conjugate-symmetric -modes+1..modes-1 is kept here.

    Raises ``ValueError`` where the grid does not resolve the modes, and where a periodic axis is to be padded.
    """

    about: ClassVar[About] = About("Li et al., ICLR 2021, arXiv 2010.08895", "grid", True)

    lifting: PointwiseMLP | Pointwise
    layers: tuple[FourierLayer, ...]
    projection: PointwiseMLP | Pointwise
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
        lifting: int | None = None,
        projection: int | None = None,
        coordinates: bool = True,
        padding: float | Sequence[float] = 0.0,
        factorization: str | None = None,
        rank: float = 1.0,
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        modes = modes_per_axis(modes, source)
        self.source, self.target, self.on, self.coordinates = source, target, on, coordinates
        spectral = {"padding": wall_padding(padding, source), "factorization": factorization, "rank": rank}
        key_lift, key_project, *keys = jax.random.split(key, depth + 2)
        channels = source.channels + (source.dim if coordinates else 0)
        self.lifting = _network(channels, 2 * width if lifting is None else lifting, width, key_lift)
        self.layers = tuple(FourierLayer(modes, width, mixing, key=k, **spectral) for k in keys)
        hidden = 2 * width if projection is None else projection
        self.projection = _network(width, hidden, target.channels, key_project)
        if on is not None:
            check_modes(modes, on, spectral["padding"])

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        a = on_grid(self, u, self.on)
        values = self.lifting(with_coordinates(a) if self.coordinates else a.values)
        for i, layer in enumerate(self.layers):
            values = layer(values, a.on, gelu if i < len(self.layers) - 1 else _identity)
        return delivered(Field(self.projection(values), a.on, self.target), u, at)


def modes_per_axis(modes: int | Sequence[int], space: FunctionSpace) -> tuple[int, ...]:
    """Numbers of modes, one an axis; one number serves all. Raises ``ValueError`` on a wrong number of them."""
    several = (modes,) * space.dim if isinstance(modes, int) else tuple(modes)
    if len(several) != space.dim:
        raise ArgumentError(
            f"One number of modes an axis is needed: the domain has the axes {space.domain.names}, modes={several}."
        )
    return several


def wall_padding(padding: float | Sequence[float], space: FunctionSpace) -> tuple[float, ...]:
    """Padding of each axis: one number pads the axes that are not periodic, several are one an axis.

    Raises ``ValueError`` on a wrong number of them and on a periodic axis that is to be padded.
    """
    axes = space.domain.bounds.axes
    if isinstance(padding, int | float):
        return tuple(0.0 if axis.periodic else float(padding) for axis in axes)
    if len(padding) != len(axes):
        raise ArgumentError(f"`padding` is one number, or one for each axis of {space.domain.names}; got {padding}.")
    for axis, share in zip(axes, padding, strict=True):
        if axis.periodic and share:
            raise ArgumentError(f"Axis {axis.name!r} is periodic: its padding is 0, got {share}.")
    return tuple(map(float, padding))


def _network(inputs: int, hidden: int, outputs: int, key: PRNGKeyArray) -> PointwiseMLP | Pointwise:
    """A pointwise network, or with no hidden channels a linear map."""
    return PointwiseMLP(inputs, hidden, outputs, key=key) if hidden else Pointwise(inputs, outputs, key=key)


def _identity(x: Array) -> Array:
    return x
