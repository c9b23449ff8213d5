"""Vision transformer on functions: patches have a physical size and positions are coordinates.

Dosovitskiy et al., ICLR 2021, arXiv 2010.11929, made an operator as in Berner et al., arXiv 2506.10973: the patch
embedding is an integral against a learned kernel, and the number of tokens does not depend on the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from neuralpde.nn import AttentionBlock, ChannelNorm, MultiHeadAttention, PatchDecoding, PatchEncoding, Pointwise, waves
from neuralpde.nn.patches import check_patches, patch_centres
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Grid

from .about import About
from .operator import AbstractOperator, delivered, on_grid


class ViT(AbstractOperator):
    """Vision transformer between functions on a box: patch encoding, ``depth`` attention blocks, patch decoding.

    The box is cut into ``patches`` an axis (one number, or one an axis), each of which becomes a token of ``width``
    channels that holds ``moments`` Legendre moments an axis of the input. To each token a linear map of the first
    ``harmonics`` waves at the centre of its patch is added. Blocks normalise first; ``heads`` attention heads,
    ``attention`` is "softmax" or "galerkin", ``mixing`` is the hidden width of the pointwise networks over ``width``.
    The tokens become polynomials on overlapping patches, blended to a continuous function.

    The tokens, and so the cost of attention, are the same on every grid; encoding is of second order in its spacing.

    Raises ``ValueError`` where the heads do not divide the width, and on patches that cannot be.
    """

    about: ClassVar[About] = About("Dosovitskiy et al., ICLR 2021; Berner et al., arXiv 2506.10973", "grid", True)

    encoding: PatchEncoding
    position: Pointwise
    blocks: tuple[AttentionBlock, ...]
    norm: ChannelNorm
    decoding: PatchDecoding
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    on: Grid | None = eqx.field(static=True)
    harmonics: int = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        patches: int | Sequence[int] = 8,
        moments: int = 6,
        width: int = 96,
        depth: int = 4,
        heads: int = 4,
        mixing: float = 4.0,
        attention: str = "softmax",
        harmonics: int = 4,
        on: Grid | None = None,
        key: PRNGKeyArray,
    ):
        box = source.domain.bounds
        patches = check_patches(box, patches, moments)
        self.source, self.target, self.on, self.harmonics = source, target, on, harmonics
        key_encode, key_position, key_decode, *keys = jax.random.split(key, depth + 3)
        self.encoding = PatchEncoding(patches, moments, source.channels, width, key=key_encode)
        self.position = Pointwise(2 * box.dim * harmonics, width, use_bias=False, key=key_position)
        self.blocks = tuple(_block(width, heads, attention, round(mixing * width), k) for k in keys)
        self.norm = ChannelNorm(width)
        self.decoding = PatchDecoding(patches, moments, width, target.channels, key=key_decode)

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        a = on_grid(self, u, self.on)
        centres = patch_centres(a.on.domain, self.encoding.patches).astype(a.values.dtype)
        tokens = self.encoding(a.values, a.on) + self.position(waves(a.on.domain, centres, self.harmonics))
        # Patches are equally large.
        weights = jnp.ones(len(tokens), tokens.dtype)
        for block in self.blocks:
            tokens = block(tokens, weights)
        return delivered(Field(self.decoding(self.norm(tokens), a.on), a.on, self.target), u, at)


def _block(width: int, heads: int, kind: str, hidden: int, key: PRNGKeyArray) -> AttentionBlock:
    key_attention, key_mixing = jax.random.split(key)
    return AttentionBlock(MultiHeadAttention(width, heads, kind, key=key_attention), width, hidden, key=key_mixing)
