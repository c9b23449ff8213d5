"""Any network, told the parameters of a problem as constant components of its input."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace

from .operator import AbstractOperator


class Conditioned(AbstractOperator):
    """A network whose input has one more component for each of ``parameters``, constant over the domain.

    ``parameters`` maps names to the scale by which a value is divided, a typical size of it. ``network`` is a family
    with its options, called as ``network(source, target, on=on, key=key)``. Raises ``ValueError`` where it is applied
    before it was `given` all of its parameters.
    """

    network: AbstractOperator
    values: dict[str, Array]
    scales: tuple[tuple[str, float], ...] = eqx.field(static=True)
    source: FunctionSpace = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        network: Callable[..., AbstractOperator],
        parameters: Mapping[str, float],
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        self.scales = tuple((name, float(scale)) for name, scale in parameters.items())
        self.source, self.values = source, {}
        self.network = network(self._extended(), target, on=on, key=key)

    @property
    def target(self) -> FunctionSpace:
        return self.network.target

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        missing = [name for name, _ in self.scales if name not in self.values]
        if missing:
            raise ArgumentError(
                f"This operator is conditioned on {[name for name, _ in self.scales]} and was not given {missing}; "
                "apply operator.given({name: value, ...}), or use a dataset that holds these parameters."
            )
        told = [jnp.asarray(self.values[name], u.values.dtype) / scale for name, scale in self.scales]
        constants = jnp.broadcast_to(jnp.stack(told), (*u.values.shape[:-1], len(told)))
        return self.network(Field(jnp.concatenate([u.values, constants], -1), u.on, self._extended()), at, key)

    def given(self, parameters: Mapping[str, Array]) -> Conditioned:
        own = {name: parameters[name] for name, _ in self.scales if name in parameters}
        parts = ({**self.values, **own}, self.network.given(parameters))
        return eqx.tree_at(lambda o: (o.values, o.network), self, parts, is_leaf=lambda leaf: leaf is self.values)

    def _extended(self) -> FunctionSpace:
        """The space of the network's inputs; conditions on walls do not hold for constants."""
        return FunctionSpace(self.source.domain, (*self.source.names, *(name for name, _ in self.scales)))
