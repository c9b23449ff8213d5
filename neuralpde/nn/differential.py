"""Stencils that converge to differential operators."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import FunctionSpace, Grid
from neuralpde.spaces.calculus import differentiate


class DifferentialStencil(eqx.Module):
    """``D v = sum over 1 <= |alpha| <= order of length^alpha C_alpha d^alpha v``, C_alpha learned channel matrices.

    A zero-sum stencil over a power of h (Liu-Schiaffini et al., ICML 2024, arXiv 2402.16845), written in its moments
    (Long et al., ICML 2018, arXiv 1710.09668): with ``order`` one it converges to directional derivatives c . grad v,
    with two to second derivatives as well, whatever the spacings of the axes. ``length``, or one an axis, is the length
    over which changes are counted, in the domain's units.

    Derivatives are central differences of second order up to the walls, where they are continued by extrapolation
    (spectral on Chebyshev axes).
    """

    weight: Float[Array, "terms i o"]
    powers: tuple[tuple[int, ...], ...] = eqx.field(static=True)
    length: tuple[float, ...] = eqx.field(static=True)

    def __init__(
        self,
        dim: int,
        in_channels: int,
        out_channels: int,
        *,
        length: float | Sequence[float],
        order: int = 1,
        key: PRNGKeyArray,
    ):
        if order not in (1, 2):
            raise ArgumentError(f"DifferentialStencil has order 1 or 2, got {order}.")
        self.powers = multi_indices(dim, order)
        self.length = (float(length),) * dim if isinstance(length, int | float) else tuple(map(float, length))
        limit = 1 / math.sqrt(len(self.powers) * in_channels)
        shape = (len(self.powers), in_channels, out_channels)
        self.weight = jax.random.uniform(key, shape, minval=-limit, maxval=limit)

    def __call__(self, v: Float[Array, "*n i"], grid: Grid) -> Float[Array, "*n o"]:
        """Apply to the values of one field on ``grid``."""
        units = [math.prod(length**k for length, k in zip(self.length, power, strict=True)) for power in self.powers]
        terms = [unit * _derivative(v, grid, power) for unit, power in zip(units, self.powers, strict=True)]
        return jnp.einsum("t...i,tio->...o", jnp.stack(terms), self.weight.astype(v.dtype))


def multi_indices(dim: int, order: int) -> tuple[tuple[int, ...], ...]:
    """The exponents alpha of all derivatives with ``1 <= |alpha| <= order``, lower ones first."""
    every = itertools.product(range(order + 1), repeat=dim)
    return tuple(sorted((a for a in every if 1 <= sum(a) <= order), key=lambda a: (sum(a), [-k for k in a])))


def _derivative(v: Array, grid: Grid, power: tuple[int, ...]) -> Array:
    # Hidden features meet no condition on the walls.
    space = FunctionSpace(grid.domain)
    for axis, order in enumerate(power):
        if order:
            v = differentiate(v, grid, axis, space, order, "spectral" if grid.layout[axis] == "chebyshev" else 2)
    return v
