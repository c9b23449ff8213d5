"""Random coefficients of diffusion: log-normal and multiscale media, beside the two-phase ones of `darcy`."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from neuralpde.spaces import AbstractDiscretization, AbstractPrior, Field, FunctionSpace


class LogNormal(AbstractPrior):
    """``exp(g)`` for a random field g, such as a `GaussianField`: one component "a"."""

    level: AbstractPrior

    @property
    def space(self) -> FunctionSpace:
        return self.level.space.free(("a",))

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One medium; the same function on every ``on`` for one key."""
        return self.level.sample(key, on).map(jnp.exp, names=("a",))


class MultiscaleTrigonometric(AbstractPrior):
    """``a(x, y) = prod_{k=1..K} (1 + cos(a_k pi (x + y)) / 2) (1 + sin(a_k pi (y - 3 x)) / 2)`` with a_k uniform in
    (2^{k-1}, 1.5 2^{k-1}): media with K scales, of Liu, Xu & Zhang, "Mitigating spectral bias for the multiscale
    operator learning", 2022, and of He, Liu & Xu, "MgNO", ICLR 2024, with K = 6.

    ``space`` has one component on a box of two dimensions.
    """

    space: FunctionSpace = eqx.field(static=True)
    scales: int = eqx.field(static=True, default=6)

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One medium; the same function on every ``on`` for one key."""
        k = 2.0 ** jnp.arange(self.scales)
        rate = jnp.pi * k * jax.random.uniform(key, (self.scales,), minval=1.0, maxval=1.5)
        x, y = on.coords()[..., :1], on.coords()[..., 1:]
        a = jnp.prod((1 + jnp.cos(rate * (x + y)) / 2) * (1 + jnp.sin(rate * (y - 3 * x)) / 2), axis=-1)
        return Field(a[..., None], on, self.space)
