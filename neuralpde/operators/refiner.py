"""PDE-Refiner: one step in time by a prediction and its refinements (Lippe et al., arXiv 2308.05732)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace

from .operator import AbstractOperator, delivered
from .refinement import AbstractRefinement

LEVEL = "refinement"
"""The parameter by which a network is told the level of the noise."""


def refiner_source(source: FunctionSpace, target: FunctionSpace) -> FunctionSpace:
    """What the network of a `Refiner` takes: the components of ``source``, then ``u@1`` for each of ``target``."""
    return FunctionSpace(source.domain, (*source.names, *(f"{name}@1" for name in target.names)))


class Refiner(AbstractOperator):
    """K + 1 passes of one network: a prediction at level 0, then K times noise that is added and removed.

    The network maps the input and a noisy estimate of the answer (components ``u@1``, see `refiner_source`) to what
    the refinement asks for; it is given the parameter ``refinement``, the level k as a number from 0 to K. Inputs and
    answers are in standard units: wrap it in `Normalized`, as `Stepping` does.

    The answer is a function of input and key; without a key it is that of key 0.
    """

    network: AbstractOperator
    refinement: AbstractRefinement
    source: FunctionSpace = eqx.field(static=True)

    @property
    def target(self) -> FunctionSpace:
        return self.network.target

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        shape = (self.refinement.steps + 1, *u.on.shape, self.target.channels)
        noise = jax.random.normal(jax.random.key(0) if key is None else key, shape, u.values.dtype)
        seen = self.refinement.noised(jnp.zeros_like(noise[0]), noise[0], 0)
        y = self.estimate(u, seen, jnp.asarray(0))

        def refine(carry, level_and_noise):
            seen, y = carry
            k, fresh = level_and_noise
            seen = self.refinement.renoised(seen, y, fresh, k)
            return (seen, self.estimate(u, seen, k)), None

        levels = jnp.arange(1, self.refinement.steps + 1)
        (_, y), _ = jax.lax.scan(refine, (seen, y), (levels, noise[1:]))
        return delivered(Field(y, u.on, self.target), u, at)

    def estimate(self, u: Field, seen: Float[Array, "*grid c"], k: Int[Array, ""]) -> Float[Array, "*grid c"]:
        """The answer that the network finds at level k."""
        return self.refinement.estimate(seen, self.answer(u, seen, k), k)

    def answer(self, u: Field, seen: Float[Array, "*grid c"], k: Int[Array, ""]) -> Float[Array, "*grid c"]:
        """What the network says at level k."""
        values = jnp.concatenate([u.values, seen], axis=-1)
        network = self.network.given({LEVEL: jnp.asarray(k, u.values.dtype)})
        return network(Field(values, u.on, refiner_source(self.source, self.target))).values

    def given(self, parameters: Mapping[str, Array]) -> Refiner:
        return dataclasses.replace(self, network=self.network.given(parameters))
