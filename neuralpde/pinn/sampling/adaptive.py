"""Points that follow the residual: pure functions of a key, the size of the residual, and the points so far.

Wu, Zhu, Tan, Kartha & Lu, Comput. Methods Appl. Mech. Engrg. 403 (2023) 115671 (RAD, RAR-D); Daw, Bu, Wang, Perdikaris &
Karpatne, ICML 2023 (R3).
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.pinn.collocation import Collocation

Size = Callable[[Collocation], Float[Array, " n"]]
"""The size |r| of the residual at each point."""
Draw = Callable[[PRNGKeyArray, int], Collocation]
"""So many new points, without regard to the residual."""


class AbstractResampling(abc.ABC):
    """How the points of a condition are renewed while a candidate is trained. Static and hashable.

    The points carry all that a method remembers: a task holds them from one renewal to the next.
    """

    def start(self, n: int, draw: Draw, key: PRNGKeyArray) -> Collocation:
        """The first ``n`` points."""
        return draw(key, n)

    @abc.abstractmethod
    def renew(self, points: Collocation, size: Size, draw: Draw, key: PRNGKeyArray) -> Collocation:
        """As many points for the next steps."""


@dataclasses.dataclass(frozen=True)
class RAD(AbstractResampling):
    """All points are drawn anew with the density ``|r|^power / mean(|r|^power) + floor`` (equation 2 of Wu et al.).

    They are chosen without repetition from ``candidates`` times as many. Points weigh the same: where the residual is
    large there are more of them.
    """

    power: float = 1.0
    floor: float = 1.0
    candidates: int = 4

    def __post_init__(self):
        _check(self.power, self.floor, self.candidates)

    def renew(self, points: Collocation, size: Size, draw: Draw, key: PRNGKeyArray) -> Collocation:
        n = len(points.w)
        key_draw, key_choice = jax.random.split(key)
        cloud = draw(key_draw, self.candidates * n)
        return chosen(cloud, density(size(cloud), self.power, self.floor), n, key_choice)


@dataclasses.dataclass(frozen=True)
class RARD(AbstractResampling):
    """Points are added and stay: every renewal adds the share ``added`` of all, drawn as by `RAD` (section 2.3.2).

    The share ``first`` of the points is there from the beginning; places that wait weigh nothing. When all are used
    nothing changes any more.
    """

    power: float = 2.0
    floor: float = 0.0
    candidates: int = 4
    first: float = 0.5
    added: float = 0.05

    def __post_init__(self):
        _check(self.power, self.floor, self.candidates)
        if not (0 < self.first < 1 and 0 < self.added < 1):
            raise ArgumentError(f"RARD: `first` and `added` are shares of the points, got {self.first}, {self.added}.")

    def start(self, n: int, draw: Draw, key: PRNGKeyArray) -> Collocation:
        return _first(draw(key, n), max(1, round(self.first * n)))

    def renew(self, points: Collocation, size: Size, draw: Draw, key: PRNGKeyArray) -> Collocation:
        n = len(points.w)
        more = max(1, round(self.added * n))
        key_draw, key_choice = jax.random.split(key)
        cloud = draw(key_draw, self.candidates * n)
        fresh = chosen(cloud, density(size(cloud), self.power, self.floor), more, key_choice)
        count = jnp.sum(points.w > 0)
        place = count + jnp.arange(more)  # places past the end are dropped
        grown = jax.tree.map(lambda old, new: old.at[place].set(new, mode="drop"), points, fresh)
        return _first(grown, jnp.minimum(count + more, n))


@dataclasses.dataclass(frozen=True)
class R3(AbstractResampling):
    """Retain, resample, release: points with |r| above the mean stay, the others are drawn anew (algorithm 1)."""

    def renew(self, points: Collocation, size: Size, draw: Draw, key: PRNGKeyArray) -> Collocation:
        r = size(points)
        fresh = draw(key, len(points.w))
        stays = r > jnp.mean(r)
        return jax.tree.map(lambda old, new: jnp.where(_column(stays, old), old, new), points, fresh)


def density(size: Float[Array, " n"], power: float, floor: float) -> Float[Array, " n"]:
    """``|r|^power / mean(|r|^power) + floor``, normalised; equal where there is no residual at all."""
    weight = size**power
    mean = jnp.mean(weight)
    p = jnp.where(mean > 0, weight / jnp.where(mean > 0, mean, 1.0), 1.0) + floor
    return p / jnp.sum(p)


def chosen(cloud: Collocation, p: Float[Array, " m"], n: int, key: PRNGKeyArray) -> Collocation:
    """``n`` different points of a cloud, drawn with probabilities ``p``, that all weigh the same.

    Places of the cloud that weigh nothing are not taken.
    """
    p = jnp.where(cloud.w > 0, p, 0.0)
    rows = jax.random.choice(key, len(p), (n,), replace=False, p=p / jnp.sum(p))
    taken = jax.tree.map(lambda leaf: leaf[rows], cloud)
    return Collocation(taken.x, jnp.full_like(taken.w, 1 / n), taken.normal, taken.values)


def _first(points: Collocation, count: Array | int) -> Collocation:
    """The same points, of which the first ``count`` weigh the same and the others nothing."""
    w = jnp.where(jnp.arange(len(points.w)) < count, 1 / count, 0.0).astype(points.w.dtype)
    return Collocation(points.x, w, points.normal, points.values)


def _column(rows: Array, leaf: Array) -> Array:
    return rows.reshape(-1, *(1,) * (leaf.ndim - 1))


def _check(power: float, floor: float, candidates: int) -> None:
    if not power > 0 or floor < 0 or candidates < 1:
        raise ArgumentError(
            f"Residual-adaptive points need power > 0, floor >= 0 and candidates >= 1, got {power}, {floor}, {candidates}."
        )
