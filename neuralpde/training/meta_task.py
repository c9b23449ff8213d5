"""Learning across physical systems: a beginning from which each of them is learnt in a few steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from neuralpde.data.series import Motions
from neuralpde.dynamics import GraphHamiltonian, adapted
from neuralpde.dynamics.meta_learning import Part

from .failures import TrainingArgumentError


@dataclasses.dataclass(frozen=True)
class Adaptation:
    """How a system is learnt from few of its states: see `neuralpde.dynamics.adapted`. ``support``: how many."""

    support: int = 50
    steps: int = 5
    rate: float = 0.05
    part: Part | None = None
    exact: bool = True

    def __call__(self, model: GraphHamiltonian, seen: Motions) -> GraphHamiltonian:
        """The model after its steps on the states that it has seen."""
        options = {"steps": self.steps, "rate": self.rate, "part": self.part, "exact": self.exact}
        return adapted(model, rate_error, seen, **options)


class MetaBatches(eqx.Module):
    """States of every system, other ones at each step: leaves (system, sample, ...)."""

    motions: Motions
    size: int = eqx.field(static=True)

    def batch(self, step: Int[Array, ""] | int, key: PRNGKeyArray) -> Motions:
        """The batch of a step."""
        return drawn_motions(self.motions, self.size, jax.random.fold_in(key, step))


class MetaTask:
    """Make the error of rates small that is left on ``query`` states of each system after it was adapted to others.

    MAML over systems, ANIL with a part of the model (`Adaptation`); without steps a single model for all of them, the
    usual pre-training. The systems are those of ``motions``, as many states each; `evaluate` gives the error on those
    ``held_out``, from states that are always the same. Raises `TrainingArgumentError` for systems of other shapes.
    """

    monitor = None

    def __init__(
        self,
        motions: Mapping[str, Motions],
        adaptation: Adaptation | None = None,
        *,
        held_out: Mapping[str, Motions] | None = None,
        query: int = 50,
    ):
        self.adaptation = Adaptation() if adaptation is None else adaptation
        self.held_out = {} if held_out is None else dict(held_out)
        if len({m.states.shape for m in motions.values()}) != 1:
            raise TrainingArgumentError(
                "The systems want as many states and as much room for bodies each, got "
                + ", ".join(f"{name} {m.states.shape}" for name, m in motions.items())
            )
        stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *motions.values())
        self.batch_size = len(motions)
        self.batches = MetaBatches(jax.tree.map(jnp.asarray, stacked), self.adaptation.support + query)

    def loss(self, model: GraphHamiltonian, batch: Motions, key: PRNGKeyArray) -> tuple[Float[Array, ""], dict]:
        """The mean over the systems."""
        errors = jax.vmap(lambda seen: query_error(model, seen, self.adaptation))(batch)
        return jnp.mean(errors), {}

    def evaluate(self, model: GraphHamiltonian) -> dict[str, float]:
        """The error on each system held out, of all states but those it was adapted to."""
        error = eqx.filter_jit(lambda model, seen: query_error(model, seen, self.adaptation))
        return {f"held_out/{name}": float(error(model, shuffled(motions))) for name, motions in self.held_out.items()}


def rate_error(model: GraphHamiltonian, motions: Motions) -> Float[Array, ""]:
    """Mean square of what the model's rates miss, over the numbers that belong to the system."""
    told = jax.vmap(lambda bodies: model.rates(bodies, motions.there))(motions.states)
    missed = jnp.sum((told - motions.rates) ** 2, where=motions.used)
    return missed / (len(motions.states) * jnp.sum(motions.used))


def query_error(model: GraphHamiltonian, motions: Motions, adaptation: Adaptation) -> Float[Array, ""]:
    """`rate_error` on all states but the first, to which the model is adapted."""
    count = adaptation.support
    seen, asked = (
        Motions(motions.states[part], motions.rates[part], motions.used) for part in (slice(count), slice(count, None))
    )
    return rate_error(adaptation(model, seen), asked)


def drawn_motions(motions: Motions, size: int, key: PRNGKeyArray) -> Motions:
    """``size`` states of each system at random, none twice."""
    systems, count = motions.states.shape[:2]

    def of_one(states: Any, rates: Any, key: PRNGKeyArray) -> tuple[Array, Array]:
        rows = jax.random.choice(key, count, (size,), replace=False)
        return states[rows], rates[rows]

    drawn = jax.vmap(of_one)(motions.states, motions.rates, jax.random.split(key, systems))
    return Motions(*drawn, motions.used)


def shuffled(motions: Motions) -> Motions:
    """The states of one system in an order of chance, always the same one."""
    order = np.random.default_rng(0).permutation(len(motions.states))
    return Motions(*(jnp.asarray(part) for part in (motions.states[order], motions.rates[order], motions.used)))
