"""Collocation points: where a condition is asked for, and how much each point counts."""

from __future__ import annotations

import equinox as eqx
from jaxtyping import Array, Float


class Collocation(eqx.Module):
    """Points with weights that add up to one: a weighted sum over them is a mean over the set that they sample.

    ``normal`` is the outward unit normal on boundaries, without the parameters of a family; ``values`` is what was observed
    at the points. Under `vmap` it is one point, without the first axis.
    """

    x: Float[Array, "*n d"]
    w: Float[Array, "*n"]
    normal: Float[Array, "*n space"] | None = None
    values: Float[Array, "*n k"] | None = None
