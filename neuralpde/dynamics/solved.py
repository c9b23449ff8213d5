"""What a solve gives back: states at the wanted times, and what they cost."""

from __future__ import annotations

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from .norms import safe_ratio


class Tally(eqx.Module):
    """Statistics of one positive number x_j for each accepted step: its sum, sum of squares, largest, and how many."""

    sum: Float[Array, ""]
    squares: Float[Array, ""]
    max: Float[Array, ""]
    count: Float[Array, ""]

    @classmethod
    def empty(cls, dtype: Any) -> Tally:
        """Of no step."""
        zero = jnp.zeros((), dtype)
        return cls(zero, zero, zero, zero)

    def add(self, x: Float[Array, ""]) -> Tally:
        """With one step more."""
        return Tally(self.sum + x, self.squares + x**2, jnp.maximum(self.max, x), self.count + 1)

    @property
    def mean(self) -> Float[Array, "*batch"]:
        """Average over the steps."""
        return safe_ratio(self.sum, self.count)


class Cost(eqx.Module):
    """What a solve took.

    evaluations: of the vector field (of the drift, for an SDE), those of rejected steps included; None where the
        number is not known: the solver iterates, or steps are adapted and the method keeps no statistics.
    accepted, rejected: steps.
    errors: E_j |h_j| of each accepted step, E_j the norm of its local error in units of the tolerances, or the rms of
        the local error itself where steps are fixed; None where the solver estimates no error.
    stiffnesses: S_j, an estimate of |largest eigenvalue| of the vector field's Jacobian at each accepted step, in
        1 / time; None where the solver does not give it.
    result: of ``diffrax.RESULTS``.

    Batches made by ``vmap`` hold the cost of each member as if it were alone.
    """

    evaluations: Int[Array, ""] | None
    accepted: Int[Array, ""]
    rejected: Int[Array, ""]
    errors: Tally | None
    stiffnesses: Tally | None
    result: diffrax.RESULTS

    @property
    def counts(self) -> dict[str, Int[Array, "*batch"]]:
        """What is known of evaluations and steps, by name."""
        known = {} if self.evaluations is None else {"evaluations": self.evaluations}
        return {**known, "accepted_steps": self.accepted, "rejected_steps": self.rejected}

    @property
    def error(self) -> Float[Array, "*batch"] | None:
        """R_E = sum_j E_j |h_j| (Pal, Ma, Shah & Rackauckas, ICML 2021)."""
        return None if self.errors is None else self.errors.sum

    @property
    def stiffness(self) -> Float[Array, "*batch"] | None:
        """R_S = sum_j S_j (Pal et al. 2021)."""
        return None if self.stiffnesses is None else self.stiffnesses.sum

    @property
    def succeeded(self) -> Bool[Array, "*batch"]:
        """Whether the end was reached."""
        return self.result == diffrax.RESULTS.successful


def total(costs: Cost) -> Cost:
    """The cost of several solves, stacked along the first axis, together."""

    def tally(t: Tally | None) -> Tally | None:
        return None if t is None else Tally(jnp.sum(t.sum), jnp.sum(t.squares), jnp.max(t.max), jnp.sum(t.count))

    return Cost(
        evaluations=None if costs.evaluations is None else jnp.sum(costs.evaluations),
        accepted=jnp.sum(costs.accepted),
        rejected=jnp.sum(costs.rejected),
        errors=tally(costs.errors),
        stiffnesses=tally(costs.stiffnesses),
        result=jax.tree.map(jnp.max, costs.result),  # zero is success
    )


class Solved(eqx.Module):
    """States with a leading time axis at ``times``, the first of which is the initial one, and their cost."""

    times: Float[Array, " time"]
    states: PyTree
    cost: Cost

    @property
    def last(self) -> PyTree:
        """The state at the last time."""
        return jax.tree.map(lambda x: x[-1], self.states)
