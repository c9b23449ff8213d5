"""Products of domains: space and time, or cylinders over any shape."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .box import Box
from .domain import AbstractDomain, AbstractSurface


def product(a: AbstractDomain, b: AbstractDomain) -> AbstractDomain:
    """``a * b``: a box of all axes where both are boxes, else a `Product`."""
    if isinstance(a, Box) and isinstance(b, Box):
        return Box(a.axes + b.axes)
    return Product(a, b)


@dataclasses.dataclass(frozen=True)
class Product(AbstractDomain):
    """Pairs of a point of ``a`` and a point of ``b``; their coordinates side by side."""

    a: AbstractDomain
    b: AbstractDomain

    @property
    def names(self) -> tuple[str, ...]:
        return self.a.names + self.b.names

    @property
    def bounds(self) -> Box:
        return Box(self.a.bounds.axes + self.b.bounds.axes)

    @property
    def volume(self) -> float:
        return self.a.volume * self.b.volume

    @property
    def boundary(self) -> ProductSurface:
        return ProductSurface(self)

    def distance(self, x: Float[Array, "*n d"]) -> Float[Array, "*n"]:
        da, db = self.a.distance(x[..., : self.a.dim]), self.b.distance(x[..., self.a.dim :])
        oa, ob = jnp.maximum(da, 0.0), jnp.maximum(db, 0.0)
        squared = oa**2 + ob**2
        away = squared > 0
        outer = jnp.where(away, jnp.sqrt(jnp.where(away, squared, 1.0)), 0.0)
        return outer + jnp.minimum(jnp.maximum(da, db), 0.0)

    def sample(self, key: PRNGKeyArray, n: int) -> Float[Array, "n d"]:
        key_a, key_b = jax.random.split(key)
        return jnp.concatenate([self.a.sample(key_a, n), self.b.sample(key_b, n)], axis=1)


@dataclasses.dataclass(frozen=True)
class ProductSurface(AbstractSurface):
    """The boundary of ``a`` times b, together with a times the boundary of ``b``."""

    product: Product

    def _measures(self) -> tuple[float, float]:
        a, b = self.product.a, self.product.b
        return a.boundary.measure * b.volume, a.volume * b.boundary.measure

    @property
    def measure(self) -> float:
        return sum(self._measures())

    def sample(self, key: PRNGKeyArray, n: int) -> tuple[Float[Array, "n d"], Float[Array, "n d"]]:
        a, b = self.product.a, self.product.b
        key_a, key_b, key_wall_a, key_wall_b, key_which = jax.random.split(key, 5)
        side, end = self._measures()
        lateral = jax.random.bernoulli(key_which, side / (side + end), (n, 1))
        wall_a, normal_a = a.boundary.sample(key_wall_a, n)
        wall_b, normal_b = b.boundary.sample(key_wall_b, n)
        on_side = jnp.concatenate([wall_a, b.sample(key_b, n)], axis=1)
        on_end = jnp.concatenate([a.sample(key_a, n), wall_b], axis=1)
        out_side = jnp.concatenate([normal_a, jnp.zeros_like(wall_b)], axis=1)
        out_end = jnp.concatenate([jnp.zeros_like(wall_a), normal_b], axis=1)
        return jnp.where(lateral, on_side, on_end), jnp.where(lateral, out_side, out_end)
