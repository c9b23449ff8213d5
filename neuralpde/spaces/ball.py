"""Intervals, discs and balls."""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .box import Axis, Box
from .domain import AbstractDomain, AbstractSurface


@dataclasses.dataclass(frozen=True)
class Ball(AbstractDomain):
    """Points within ``radius`` of ``centre``, in one to three dimensions."""

    centre: tuple[float, ...]
    radius: float = 1.0
    axis_names: tuple[str, ...] = ("x", "y", "z")

    def __post_init__(self):
        if not self.radius > 0:
            raise ArgumentError(f"Ball needs a positive radius, got {self.radius}.")
        if not 1 <= len(self.centre) <= len(self.axis_names):
            raise ArgumentError(f"Ball needs a centre with 1 to {len(self.axis_names)} coordinates, got {self.centre}.")
        object.__setattr__(self, "centre", tuple(self.centre))

    @property
    def names(self) -> tuple[str, ...]:
        return self.axis_names[: len(self.centre)]

    @property
    def bounds(self) -> Box:
        r = self.radius
        return Box(tuple(Axis(name, c - r, c + r) for name, c in zip(self.names, self.centre, strict=True)))

    @property
    def volume(self) -> float:
        return math.pi ** (self.dim / 2) / math.gamma(self.dim / 2 + 1) * self.radius**self.dim

    @property
    def boundary(self) -> Sphere:
        return Sphere(self)

    def distance(self, x: Float[Array, "*n d"]) -> Float[Array, "*n"]:
        offset2 = jnp.sum((x - jnp.asarray(self.centre, x.dtype)) ** 2, axis=-1)
        # The double `where` keeps the gradient finite at the centre.
        away = offset2 > 0
        return jnp.where(away, jnp.sqrt(jnp.where(away, offset2, 1.0)), 0.0) - self.radius

    def sample(self, key: PRNGKeyArray, n: int) -> Float[Array, "n d"]:
        unit = jax.random.ball(key, self.dim, shape=(n,))
        return jnp.asarray(self.centre, unit.dtype) + self.radius * unit


@dataclasses.dataclass(frozen=True)
class Sphere(AbstractSurface):
    """The surface of a ball."""

    ball: Ball

    @property
    def measure(self) -> float:
        return self.ball.dim * self.ball.volume / self.ball.radius

    def sample(self, key: PRNGKeyArray, n: int) -> tuple[Float[Array, "n d"], Float[Array, "n d"]]:
        normal = jax.random.normal(key, (n, self.ball.dim))
        normal = normal / jnp.linalg.norm(normal, axis=-1, keepdims=True)
        return jnp.asarray(self.ball.centre, normal.dtype) + self.ball.radius * normal, normal
