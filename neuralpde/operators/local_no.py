"""FNO with local integral and differential layers (Liu-Schiaffini et al., ICML 2024, arXiv 2402.16845).

A network of a finite-dimensional kind becomes an operator when each of its layers is replaced by one that is defined on
functions, and computed on their samples (Berner et al., arXiv 2506.10973). In `neuralpde.nn` there are:

=============================  ==========================================================================
layer on arrays                layer on functions
=============================  ==========================================================================
pointwise MLP, activation      unchanged: `Pointwise`, `PointwiseMLP`, `gelu`
dense layer over the grid      `LowRankIntegral`
convolution                    `KernelIntegral` (local), `SpectralConvolution` (global)
finite-difference convolution  `DifferentialStencil`
stride, upsampling             `SpectralResample`
pooling, patches               `PhysicalPool`
batch or layer normalisation   `InstanceNorm`
learned positions              `PeriodicFeatures`, `SinusoidalFeatures`, `FourierFeatures` of coordinates
graph layer, k neighbours      `NeighbourIntegral` over a radius
=============================  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import (
    DifferentialStencil,
    KernelIntegral,
    PeriodicFeatures,
    Pointwise,
    PointwiseMLP,
    SpectralConvolution,
    check_modes,
    gelu,
    point_features,
)
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Grid

from .about import About
from .fno import modes_per_axis
from .operator import AbstractOperator, delivered, on_grid


class LocalLayer(eqx.Module):
    """``v <- sigma(M sigma(W v + sum_j K_j v) + g v)``: linear maps K_j side by side, then a network on the channels.

    K_j are a spectral convolution, and where they are wanted an integral and derivatives.
    """

    K: tuple[Callable[[Array, Grid], Array], ...]
    W: Pointwise
    mixing: PointwiseMLP
    gate: Float[Array, " width"]

    def __call__(
        self, v: Float[Array, "*n c"], grid: Grid, activation: Callable[[Array], Array]
    ) -> Float[Array, "*n c"]:
        """``activation`` is the identity after the last layer."""
        w = self.W(v) + sum(K(v, grid) for K in self.K)
        return activation(self.mixing(activation(w)) + self.gate * v)


class LocalNO(AbstractOperator):
    """Local neural operator: lifting, ``depth`` layers of global and local linear maps, projection.

    ``modes``, ``width`` and ``mixing`` are those of `FNO`. ``integral`` and ``differential`` say which layers have a
    `KernelIntegral` with ``hats`` hat functions an axis, and a `DifferentialStencil` with derivatives up to ``order``:
    one answer for all layers or one for each. ``radius`` is the support of the kernels as a part of each axis' length,
    and the length over which derivatives count changes. Hidden features extend past the sides as the target's boundary
    conditions say. Coordinates enter as `PeriodicFeatures`.

    Raises ``ValueError`` where the grid does not resolve the modes, or has Chebyshev points and an integral is wanted.
    """

    about: ClassVar[About] = About("Liu-Schiaffini et al., ICML 2024, arXiv 2402.16845", "grid", True)

    lifting: PointwiseMLP
    layers: tuple[LocalLayer, ...]
    projection: PointwiseMLP
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    on: Grid | None = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        modes: int | Sequence[int] = 12,
        width: int = 32,
        depth: int = 4,
        mixing: float = 0.5,
        radius: float = 0.05,
        hats: int = 3,
        order: int = 1,
        integral: bool | Sequence[bool] = True,
        differential: bool | Sequence[bool] = True,
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        modes = modes_per_axis(modes, source)
        lengths = tuple(radius * length for length in source.domain.bounds.extents)
        self.source, self.target, self.on = source, target, on
        key_lift, key_project, *keys = jax.random.split(key, depth + 2)

        def layer(has_integral: bool, has_differential: bool, key: PRNGKeyArray) -> LocalLayer:
            key_k, key_w, key_m, key_i, key_d = jax.random.split(key, 5)
            maps: list[Callable] = [SpectralConvolution(modes, width, width, key=key_k)]
            if has_integral:
                maps.append(KernelIntegral(target.boundary, width, width, radius=lengths, hats=hats, key=key_i))
            if has_differential:
                maps.append(DifferentialStencil(source.dim, width, width, length=lengths, order=order, key=key_d))
            mix = PointwiseMLP(width, max(1, round(mixing * width)), width, key=key_m)
            return LocalLayer(tuple(maps), Pointwise(width, width, key=key_w), mix, jnp.ones(width))

        # A coordinate that jumps at the end of a period has no derivative there.
        features = PeriodicFeatures(source.domain.bounds).size
        self.lifting = PointwiseMLP(source.channels + features, 2 * width, width, key=key_lift)
        choices = zip(_each("integral", integral, depth), _each("differential", differential, depth), keys, strict=True)
        self.layers = tuple(layer(*choice) for choice in choices)
        self.projection = PointwiseMLP(width, 2 * width, target.channels, key=key_project)
        if on is not None:
            check_modes(modes, on)

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        a = on_grid(self, u, self.on)
        x = point_features(a.on).astype(a.values.dtype).reshape(*a.on.shape, -1)
        v = self.lifting(jnp.concatenate([a.values, x], axis=-1))
        for layer in self.layers[:-1]:
            v = layer(v, a.on, gelu)
        v = self.layers[-1](v, a.on, lambda w: w)
        return delivered(Field(self.projection(v), a.on, self.target), u, at)


def _each(name: str, choice: bool | Sequence[bool], depth: int) -> tuple[bool, ...]:
    choices = (choice,) * depth if isinstance(choice, bool) else tuple(choice)
    if len(choices) != depth:
        raise ArgumentError(f"LocalNO with depth={depth} needs one choice of `{name}` a layer, got {choices}.")
    return choices
