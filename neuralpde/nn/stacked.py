"""Networks of one structure side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, PRNGKeyArray


class Stacked(eqx.Module):
    """``count`` networks with weights of their own, held as one with a leading axis and evaluated by ``vmap``.

    ``make(key)`` builds one of them; ``stacked(x)`` gives all their answers to the same x, shape (count, ...).
    """

    networks: Any

    def __init__(self, make: Callable[[PRNGKeyArray], Any], count: int, *, key: PRNGKeyArray):
        self.networks = eqx.filter_vmap(make)(jax.random.split(key, count))

    def __call__(self, x: Any) -> Array:
        return self.each(lambda network: network(x))

    def each(self, apply: Callable[[Any], Array]) -> Array:
        """``apply`` to every network, the results along a leading axis."""
        return eqx.filter_vmap(apply)(self.networks)
