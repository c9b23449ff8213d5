"""Geometry-informed neural operator: points to a latent grid, an FNO there, and back to points.

Li, Kovachki, Choy, Li, Kossaifi, Otta, Nabian, Stadler, Hundt, Azizzadenesheli, Anandkumar, NeurIPS 2023,
arXiv 2309.00583.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import NeighbourIntegral, PointwiseMLP, check_limit, coverage, neighbours, point_features
from neuralpde.spaces import AbstractDiscretization, AbstractFunction, Box, Field, FunctionSpace, Grid

from .about import About
from .fno import FNO
from .gno import Decoded, flat_coords, lifting, relative_radius
from .operator import AbstractOperator, check_source


class GINO(AbstractOperator):
    """``Q K_out FNO(K_in P(a, x), coverage)``: kernel integrals K_in from the points to a latent grid, K_out to queries.

    ``latent`` points an axis (a number, or one an axis) of a grid on the bounding box hold ``width`` channels and, so
    that the FNO knows the shape of the domain, which part of each ball lies in it. That grid belongs to the operator,
    whatever the points of the input. ``modes``, ``depth`` are those of the `FNO`; ``radius``, ``hidden`` and ``limit``
    those of `GNO`, for both integrals.

    Raises ``ValueError`` where the balls are too small to reach a point of the latent grid from everywhere, where the
    latent grid does not resolve the modes, or where the points of ``on`` have more neighbours than ``limit``.
    """

    about: ClassVar[About] = About("Li et al., NeurIPS 2023, arXiv 2309.00583", "any", True)

    lifting: PointwiseMLP
    encoder: NeighbourIntegral
    fno: FNO
    decoder: NeighbourIntegral
    projection: PointwiseMLP
    latent: Grid = eqx.field(static=True)
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    radius: tuple[float, ...] = eqx.field(static=True)
    limit: int | None = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        latent: int | Sequence[int] = 32,
        modes: int | Sequence[int] = 12,
        width: int = 32,
        depth: int = 4,
        hidden: int = 32,
        radius: float = 0.08,
        limit: int | None = None,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        self.source, self.target, self.limit = source, target, limit
        self.radius = relative_radius(source, target, radius)
        self.latent = _latent_grid(source.domain.bounds, latent)
        _check_reach(self.latent, self.radius)
        if on is not None:
            check_limit(on, self.radius, limit)
        key_lift, key_encode, key_fno, key_decode, key_project = jax.random.split(key, 5)
        box = self.latent.domain
        channels = tuple(f"v{i}" for i in range(width))
        spaces = FunctionSpace(box, (*channels, "coverage")), FunctionSpace(box, channels)
        self.lifting = lifting(source, width, key=key_lift)
        self.encoder = NeighbourIntegral(box, width, conditions=source.channels, hidden=hidden, key=key_encode)
        self.fno = FNO(*spaces, modes=modes, width=width, depth=depth, on=self.latent, key=key_fno)
        self.decoder = NeighbourIntegral(box, width, hidden=hidden, key=key_decode)
        self.projection = PointwiseMLP(width, 2 * width, target.channels, key=key_project)

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        return self.as_function(u).sample(u.on if at is None else at)

    def as_function(self, u: Field) -> AbstractFunction:
        """The output as a function: encoder and FNO are evaluated here, the decoder at each point."""
        check_source(self, u)
        a = u.values.reshape(-1, self.source.channels)
        lifted = self.lifting(jnp.concatenate([a, point_features(u.on).astype(a.dtype)], axis=-1))
        near = neighbours(u.on, flat_coords(self.latent), self.radius, self.limit)
        encoded = self.encoder(lifted, u.on, near, a)
        known = coverage(u.on, near, self.radius).astype(a.dtype)[:, None]
        latent = jnp.concatenate([encoded, known], axis=-1).reshape(*self.latent.shape, -1)
        v = self.fno(Field(latent, self.latent, self.fno.source)).values
        v = v.reshape(-1, v.shape[-1])
        return Decoded(
            v=v,
            a=None,
            on=self.latent,
            K=self.decoder,
            Q=self.projection,
            space=self.target,
            radius=self.radius,
        )


def _latent_grid(box: Box, latent: int | Sequence[int]) -> Grid:
    shape = (latent,) * box.dim if isinstance(latent, int) else tuple(latent)
    return Grid(box, shape, ["periodic" if periodic else "nodes" for periodic in box.periodic])


def _check_reach(latent: Grid, radius: Sequence[float]) -> None:
    """Every point of the box must have a latent neighbour, the farthest from one being the middle of a cell."""
    far = math.sqrt(sum((h / 2 / r) ** 2 for h, r in zip(latent.spacing, radius, strict=True)))
    if far >= 1:
        raise ArgumentError(
            f"Balls of radius {radius} do not reach the latent grid {latent.shape} from everywhere: its spacing is "
            f"{latent.spacing}; raise `radius` by a factor above {far:.3g}, or `latent`."
        )
