"""Pieces of boundaries that problems speak of: walls through all times, and the part where a predicate holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractDomain, AbstractSurface, Box

Predicate = Callable[[Float[Array, " d"]], Bool[Array, ""]]
PROBES = 4096


@dataclasses.dataclass(frozen=True)
class Lateral(AbstractSurface):
    """A surface in the first coordinates times a box in the others: the walls of a room at all times."""

    base: AbstractSurface
    rest: Box

    @property
    def measure(self) -> float:
        return self.base.measure * self.rest.volume

    def sample(self, key: PRNGKeyArray, n: int) -> tuple[Float[Array, "n d"], Float[Array, "n d"]]:
        key_base, key_rest = jax.random.split(key)
        x, normal = self.base.sample(key_base, n)
        y = self.rest.sample(key_rest, n)
        return jnp.concatenate([x, y], axis=1), jnp.concatenate([normal, jnp.zeros_like(y)], axis=1)


@dataclasses.dataclass(frozen=True)
class Part(AbstractSurface):
    """The points of a surface where ``where(x)`` holds, drawn by rejection.

    Raises ``ValueError`` where it holds at none of 4096 points of the surface: such a condition would be asked nowhere.
    """

    surface: AbstractSurface
    where: Predicate

    def __post_init__(self):
        if not self._share() > 0:
            raise ArgumentError(
                f"`where` holds at none of {PROBES} points of the boundary, so its condition would be asked nowhere; check "
                "the coordinates that it compares (points of a wall lie on it up to round-off: compare with a tolerance)."
            )

    def _share(self) -> float:
        def share(key: PRNGKeyArray) -> Float[Array, ""]:
            points, _ = self.surface.sample(key, PROBES)
            return jnp.mean(jax.vmap(self.where)(points))

        with jax.ensure_compile_time_eval():
            return float(jax.jit(share)(jax.random.key(0)))

    @property
    def measure(self) -> float:
        """By Monte Carlo with 4096 points."""
        return self.surface.measure * self._share()

    def sample(self, key: PRNGKeyArray, n: int) -> tuple[Float[Array, "n d"], Float[Array, "n d"]]:
        def redraw(state):
            key, points, normals, done = state
            key, key_draw = jax.random.split(key)
            fresh, fresh_normals = self.surface.sample(key_draw, n)
            meets = jax.vmap(self.where)(fresh)
            take = (~done & meets)[:, None]
            return key, jnp.where(take, fresh, points), jnp.where(take, fresh_normals, normals), done | meets

        points, normals = self.surface.sample(key, n)
        start = (jax.random.fold_in(key, 1), points, normals, jax.vmap(self.where)(points))
        _, points, normals, _ = jax.lax.while_loop(lambda state: ~jnp.all(state[3]), redraw, start)
        return points, normals


@dataclasses.dataclass(frozen=True)
class Several(AbstractSurface):
    """Several surfaces as one: all interfaces of a domain in pieces."""

    parts: tuple[AbstractSurface, ...]

    @property
    def measure(self) -> float:
        return sum(part.measure for part in self.parts)

    def sample(self, key: PRNGKeyArray, n: int) -> tuple[Float[Array, "n d"], Float[Array, "n d"]]:
        key_part, *keys = jax.random.split(key, len(self.parts) + 1)
        drawn = [part.sample(k, n) for part, k in zip(self.parts, keys, strict=True)]
        shares = jnp.asarray([part.measure for part in self.parts])
        part = jax.random.choice(key_part, len(self.parts), (n,), p=shares / shares.sum())
        points, normals = (jnp.stack(each)[part, jnp.arange(n)] for each in zip(*drawn, strict=True))
        return points, normals


def dimension(surface: AbstractSurface) -> int:
    """Number of coordinates of the points of a surface."""
    return jax.eval_shape(lambda key: surface.sample(key, 1), jax.random.key(0))[0].shape[1]


def extended(surface: AbstractSurface, domain: AbstractDomain) -> AbstractSurface:
    """A surface of the first coordinates of a domain, drawn out along the remaining ones."""
    dim = dimension(surface)
    if dim > domain.dim:
        raise ArgumentError(f"A surface in {dim} coordinates is no part of a domain with the axes {domain.names}.")
    return surface if dim == domain.dim else Lateral(surface, Box(domain.bounds.axes[dim:]))
