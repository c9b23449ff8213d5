"""Points of a sampler in domains and on surfaces."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.pinn.collocation import Collocation
from neuralpde.spaces import AbstractDomain, AbstractSurface, Box

from .atlas import atlas, shares
from .sampler import AbstractSampler, Uniform


def in_domain(domain: AbstractDomain, sampler: AbstractSampler, n: int, key: PRNGKeyArray) -> Collocation:
    """``n`` points of a domain. Raises ``ValueError`` for n < 1.

    On a box they are the sampler's points. On other shapes independent points come from the domain itself; evenly spread
    ones are those of its bounding box that lie inside, of which about n are expected: places that stay empty weigh
    nothing.
    """
    _check(n)
    equal = jnp.full(n, 1 / n)
    if isinstance(domain, Box):
        return Collocation(_in_box(domain, sampler.unit(key, n, domain.dim)), equal)
    if isinstance(sampler, Uniform):
        return Collocation(domain.sample(key, n), equal)
    return _inside(domain, sampler, n, key)


def on_surface(surface: AbstractSurface, sampler: AbstractSampler, n: int, key: PRNGKeyArray) -> Collocation:
    """``n`` points of a surface with normals. Raises ``ValueError`` for n < 1.

    Points are shared out over the pieces of the surface (faces of a box) in proportion to their area, and each piece
    keeps its share of the weight. Surfaces without known pieces, and n smaller than their number, are sampled
    independently.
    """
    _check(n)
    charts = atlas(surface)
    if charts is None or n < len(charts):
        return Collocation(*_independent(surface, n, key))
    measures = [chart.measure for chart in charts]
    counts, total = shares(measures, n), sum(measures)
    pieces = []
    for chart, count, piece_key in zip(charts, counts, jax.random.split(key, len(charts)), strict=True):
        unit = sampler.unit(piece_key, count, chart.dim) if chart.dim else jnp.zeros((count, 0))
        x, normal = chart.image(unit)
        pieces.append((x, jnp.full(count, chart.measure / total / count), normal))
    return Collocation(*(jnp.concatenate(part) for part in zip(*pieces, strict=True)))


def _independent(surface: AbstractSurface, n: int, key: PRNGKeyArray) -> tuple[Array, Array, Array]:
    x, normal = surface.sample(key, n)
    return x, jnp.full(n, 1 / n), normal


def _in_box(box: Box, unit: Float[Array, "n d"]) -> Float[Array, "n d"]:
    return jnp.asarray(box.lower, unit.dtype) + unit * jnp.asarray(box.extents, unit.dtype)


def _inside(domain: AbstractDomain, sampler: AbstractSampler, n: int, key: PRNGKeyArray) -> Collocation:
    expected = n * domain.bounds.volume / domain.volume
    key_unit, key_order = jax.random.split(key)
    if sampler.extensible:
        # A sequence may be cut anywhere, so a reserve costs nothing but its evaluation.
        candidates = _in_box(domain.bounds, sampler.unit(key_unit, math.ceil(1.05 * expected + 16), domain.dim))
    else:
        # A point set has to be used whole: what is too much is left out at random.
        candidates = _in_box(domain.bounds, sampler.unit(key_unit, math.ceil(expected), domain.dim))
        candidates = jax.random.permutation(key_order, candidates)
    accepted = domain.contains(candidates)
    place = jnp.where(accepted, jnp.cumsum(accepted) - 1, n)
    count = jnp.minimum(jnp.sum(accepted), n)
    first = candidates[jnp.argmax(accepted)]
    x = jnp.broadcast_to(first, (n, domain.dim)).at[place].set(candidates, mode="drop")
    return Collocation(x, jnp.where(jnp.arange(n) < count, 1 / jnp.maximum(count, 1), 0.0).astype(x.dtype))


def _check(n: int) -> None:
    if n < 1:
        raise ArgumentError(
            f"A condition needs at least one point, got n={n}; the mean over no points is not a number."
        )
