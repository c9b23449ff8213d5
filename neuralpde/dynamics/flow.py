"""Continuous normalising flows: densities carried along by a neural ODE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .concat_squash import ConcatSquashField
from .method import Method
from .regularisers import random_signs
from .solve import solve
from .solved import Solved
from .traces import bottleneck_trace, exact_trace, hutchinson_trace

TRACES = ("exact", "hutchinson", "bottleneck")


class ContinuousFlow(eqx.Module):
    """The density of z(T) where z' = f(t, z) and z(0) is standard normal in d dimensions:

        log p(z(T)) = log N(z(0)) - int_0^T tr(df/dz) dt

    (Chen et al. 2018, theorem 1; FFJORD: Grathwohl, Chen, Bettencourt, Sutskever & Duvenaud, ICLR 2019, arXiv
    1810.01367). ``trace`` is "exact" (d derivatives), or an unbiased estimate from one random vector that stays the
    same for a whole solve: "hutchinson", or "bottleneck" with a vector of the first hidden layer, which then should be
    narrower than d. ``field`` takes the place of the network of `ConcatSquashField` layers.

    Raises ``ArgumentError`` for another trace, for an end that is not positive, and for a bottleneck in a field
    without one.
    """

    field: Any
    method: Method
    size: int = eqx.field(static=True)
    end: float = eqx.field(static=True)
    trace: Literal["exact", "hutchinson", "bottleneck"] = eqx.field(static=True)

    def __init__(
        self,
        size: int,
        *,
        widths: Sequence[int] = (64, 64, 64),
        end: float = 1.0,
        trace: Literal["exact", "hutchinson", "bottleneck"] = "exact",
        field: Any = None,
        method: Method | None = None,
        key: PRNGKeyArray,
    ):
        if trace not in TRACES or not end > 0:
            raise ArgumentError(f"ContinuousFlow: trace is one of {TRACES} and end is positive, got {trace!r}, {end}.")
        self.field = ConcatSquashField(size, widths, key=key) if field is None else field
        if trace == "bottleneck" and not isinstance(self.field, ConcatSquashField):
            raise ArgumentError(
                "ContinuousFlow: the bottleneck is the first hidden layer of a ConcatSquashField; take "
                'trace="hutchinson" for another field.'
            )
        self.method = Method() if method is None else method
        self.size, self.end, self.trace = size, end, trace

    def log_prob(self, x: Float[Array, " d"], key: PRNGKeyArray | None = None) -> Float[Array, ""]:
        """log p(x), or its estimate; ``key`` draws the estimate's vector."""
        return self.evaluate(x, key)[0]

    def evaluate(self, x: Float[Array, " d"], key: PRNGKeyArray | None = None) -> tuple[Float[Array, ""], Solved]:
        """log p(x) and the solve from x back to the base: states (z, int tr) at the times T and 0."""
        solved = solve(self.rates, (x, jnp.zeros((), x.dtype)), [self.end, 0.0], self.method, args=self._probe(x, key))
        z, change = solved.last
        return normal_log_prob(z) + change, solved

    def sample(self, key: PRNGKeyArray) -> Float[Array, " d"]:
        """One draw from the density; batches by ``vmap`` over keys."""
        return self.carried(jax.random.normal(key, (self.size,))).last

    def carried(self, z0: Float[Array, " d"]) -> Solved:
        """The solve from a point of the base to its image z(T): states (2, d)."""
        return solve(lambda t, z, args: self.field(t, z, args), z0, [0.0, self.end], self.method)

    def rates(
        self, t: Any, state: tuple[Float[Array, " d"], Float[Array, ""]], probe: Float[Array, " n"] | None
    ) -> tuple[Float[Array, " d"], Float[Array, ""]]:
        """Rates of z and of int tr(df/dz) dt."""
        z, _ = state
        f = lambda z: self.field(t, z, None)
        if self.trace == "exact":
            return exact_trace(f, z)
        if self.trace == "hutchinson":
            return hutchinson_trace(f, z, probe)
        return bottleneck_trace(lambda z: self.field.narrow(t, z), lambda h: self.field.widened(t, h), z, probe)

    def _probe(self, x: Float[Array, " d"], key: PRNGKeyArray | None) -> Float[Array, " n"] | None:
        if self.trace == "exact":
            return None
        if key is None:
            raise ArgumentError(f"ContinuousFlow: the {self.trace} estimate of the trace draws a vector; pass key=.")
        size = self.size if self.trace == "hutchinson" else self.field.layers[0].linear.out_features
        return random_signs(jnp.zeros(size, x.dtype), key)


def normal_log_prob(z: Float[Array, " d"]) -> Float[Array, ""]:
    """Log density of the standard normal distribution."""
    return -0.5 * jnp.sum(z**2 + jnp.log(2 * jnp.pi))
