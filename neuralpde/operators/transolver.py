"""Transolver: attention among learned slices of the domain (Wu et al., ICML 2024, arXiv 2402.02366)."""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax
from jaxtyping import PRNGKeyArray

from neuralpde.nn import AttentionBlock, ChannelNorm, PhysicsAttention, Pointwise, PointwiseMLP, place_size, with_places
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace

from .about import About
from .operator import AbstractOperator, check_source, delivered


class Transolver(AbstractOperator):
    """Transolver: a pointwise lifting, ``depth`` blocks of physics attention, a linear map of the normed channels.

    The input and its place (coordinates; on a circle cosine and sine) are lifted to ``width`` channels; each block
    has ``heads`` heads of ``slices`` slices and a pointwise network of hidden width ``mixing`` times ``width``.
    Nothing but the attention couples points, and there they enter by their quadrature weights: grids and scattered
    points are read as they come, and refining them converges. ``on``, which every operator takes, is not needed. (The
    published model for grids maps 3x3 neighbours into the slices; this is its form for irregular meshes.)

    Raises ``ValueError`` where the heads do not divide the width.
    """

    about: ClassVar[About] = About("Wu et al., ICML 2024, arXiv 2402.02366", "any", True)

    lifting: PointwiseMLP
    blocks: tuple[AttentionBlock, ...]
    norm: ChannelNorm
    projection: Pointwise
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        width: int = 64,
        depth: int = 4,
        heads: int = 4,
        slices: int = 32,
        mixing: float = 1.0,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        self.source, self.target = source, target
        key_lift, key_project, *keys = jax.random.split(key, depth + 2)
        self.lifting = PointwiseMLP(source.channels + place_size(source.domain.bounds), 2 * width, width, key=key_lift)
        self.blocks = tuple(_block(width, heads, slices, round(mixing * width), k) for k in keys)
        self.norm = ChannelNorm(width)
        self.projection = Pointwise(width, target.channels, key=key_project)

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        check_source(self, u)
        weights = u.on.weights().reshape(-1)
        v = self.lifting(with_places(u)).reshape(weights.size, -1)
        for block in self.blocks:
            v = block(v, weights)
        values = self.projection(self.norm(v)).reshape(*u.on.shape, -1)
        return delivered(Field(values, u.on, self.target), u, at)


def _block(width: int, heads: int, slices: int, hidden: int, key: PRNGKeyArray) -> AttentionBlock:
    key_attention, key_mixing = jax.random.split(key)
    return AttentionBlock(PhysicsAttention(width, heads, slices, key=key_attention), width, hidden, key=key_mixing)
