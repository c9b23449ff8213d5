"""Conditions at points that are given, each with values of its own."""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.pinn.collocation import Collocation
from neuralpde.pinn.sampling.sampler import AbstractSampler
from neuralpde.spaces import AbstractDomain

from .condition import AbstractCondition


class AbstractData(AbstractCondition):
    """What was seen at points x. A family's points carry its parameters as last coordinates."""

    x: eqx.AbstractVar[Float[Array, "n d"]]
    values: eqx.AbstractVar[Float[Array, "n k"]]

    @property
    def atoms(self) -> int | None:
        """As many as were seen."""
        return len(self.x)

    def placed(self, domain: AbstractDomain) -> AbstractCondition:
        return self

    def sample(self, n: int, sampler: AbstractSampler, key: PRNGKeyArray) -> Collocation:
        """All of the points, or n of them without replacement where n is smaller."""
        if n >= len(self.x):
            return Collocation(self.x, jnp.full(len(self.x), 1 / len(self.x)), values=self.values)
        rows = jax.random.choice(key, len(self.x), (n,), replace=False)
        return Collocation(self.x[rows], jnp.full(n, 1 / n), values=self.values[rows])


def checked(what: str, x: Array, values: Array) -> tuple[Float[Array, "n d"], Float[Array, "n k"]]:
    """Points and values; ``ValueError`` for none of them, for counts that differ, and for numbers that are not finite."""
    if x.ndim != 2 or values.ndim != 2 or len(x) != len(values) or len(x) == 0:
        raise ArgumentError(
            f"{what} need points (n, d) and values (n, k) with the same n > 0, got {x.shape} and {values.shape}."
        )
    if not bool(jnp.all(jnp.isfinite(x)) & jnp.all(jnp.isfinite(values))):
        raise ArgumentError(f"{what} hold numbers that are not finite; leave those points out.")
    return x, values
