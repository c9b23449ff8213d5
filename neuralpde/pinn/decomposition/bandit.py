"""Bandits that learn which conditions to ask for: METALIC.

The conditions at an interface of a problem are chosen out of many, by what their choice made of problems like it (Li,
Penwarden, Xu, Tillinghast, Narayan, Kirby & Zhe, "Meta learning of interface conditions for multi-domain
physics-informed neural networks", ICML 2023, arXiv 2210.12669).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .surrogate import Seen, SubsetKernel, fitted, posterior

RULES = ("ucb", "thompson")
LARGEST = 12
"""Conditions whose 2^K subsets are all compared."""

Subset = Bool[Array, " k"]
Context = Float[Array, " c"]


class Bandit(eqx.Module):
    """Which subset of K conditions to try next in a context, such as the parameters of an equation.

    Rewards are believed to be a Gaussian process with the `SubsetKernel`. rule: ``"ucb"`` takes the largest ``mean +
    width deviation``, ``"thompson"`` the largest value of a draw of the process. room: number of rewards that are
    remembered. refit: steps of the fit of the kernel after each reward; 0: it stays. Contexts should be of size one.

    Raises ``ValueError`` for an unknown rule and for more than 12 conditions.
    """

    seen: Seen
    kernel: SubsetKernel
    prior: SubsetKernel
    conditions: int = eqx.field(static=True)
    rule: str = eqx.field(static=True)
    width: float = eqx.field(static=True)
    refit: int = eqx.field(static=True)

    def __init__(
        self,
        conditions: int,
        context_size: int,
        rule: str = "ucb",
        width: float = 1.0,
        room: int = 256,
        refit: int = 5,
        kernel: SubsetKernel | None = None,
    ):
        if rule not in RULES or not 1 <= conditions <= LARGEST:
            raise ArgumentError(
                f"Bandit knows the rules {', '.join(RULES)} and compares the subsets of 1 to {LARGEST} conditions, got "
                f"rule={rule!r} and conditions={conditions}."
            )
        self.seen = Seen.nothing(room, context_size, conditions)
        self.kernel = self.prior = SubsetKernel() if kernel is None else kernel
        self.conditions, self.rule, self.width, self.refit = conditions, rule, width, refit

    @property
    def subsets(self) -> Bool[Array, "arms k"]:
        """All subsets, the empty one first."""
        return (jnp.arange(2**self.conditions)[:, None] >> jnp.arange(self.conditions)) % 2 == 1

    @eqx.filter_jit
    def expected(self, context: Context) -> tuple[Float[Array, " arms"], Float[Array, " arms"]]:
        """Mean and deviation of the reward of each subset."""
        mean, covariance = self._believed(context)
        return mean, jnp.sqrt(jnp.maximum(jnp.diag(covariance), 0.0))

    @eqx.filter_jit
    def choose(self, context: Context, key: PRNGKeyArray) -> Subset:
        """The subset to try; among equally good ones any."""
        mean, covariance = self._believed(context)
        key_draw, key_tie = jax.random.split(key)
        deviation = jnp.sqrt(jnp.maximum(jnp.diag(covariance), 0.0))
        hope = mean + self.width * deviation
        if self.rule == "thompson":
            hope = jax.random.multivariate_normal(key_draw, mean, covariance, method="eigh")
        tie = 1e-9 * jnp.max(deviation) * jax.random.uniform(key_tie, hope.shape)
        return self.subsets[jnp.argmax(hope + tie)]

    @eqx.filter_jit
    def best(self, context: Context) -> Subset:
        """The subset of the largest mean."""
        return self.subsets[jnp.argmax(self._believed(context)[0])]

    def told(self, context: Context, subset: Subset, reward: Float[Array, ""] | float) -> Bandit:
        """The bandit after a reward."""
        return self._told(context, subset, jnp.asarray(reward, float))

    @eqx.filter_jit
    def _told(self, context: Context, subset: Subset, reward: Float[Array, ""]) -> Bandit:
        seen = self.seen.with_one_more(context, subset, reward)
        kernel = fitted(self.kernel, self.prior, seen, self.refit) if self.refit else self.kernel
        return eqx.tree_at(lambda b: (b.seen, b.kernel), self, (seen, kernel))

    def _believed(self, context: Context) -> tuple[Float[Array, " arms"], Float[Array, "arms arms"]]:
        contexts = jnp.broadcast_to(context, (2**self.conditions, len(context)))
        return posterior(self.kernel, self.seen, contexts, self.subsets)


def play(
    bandit: Bandit, reward: Callable[[Context, Subset], Any], contexts: Iterable[Context], key: PRNGKeyArray
) -> tuple[Bandit, list[tuple[Context, Subset, float]]]:
    """Try a subset in each context and learn from ``reward(context, subset)``; returns what was tried, too."""
    tried = []
    for i, context in enumerate(contexts):
        subset = bandit.choose(context, jax.random.fold_in(key, i))
        got = float(reward(context, subset))
        bandit = bandit.told(context, subset, got)
        tried.append((context, subset, got))
    return bandit, tried


def play_in_phases(
    first: Bandit,
    second: Bandit,
    begin: Callable[[Context, Subset], tuple[Any, Any]],
    end: Callable[[Any, Context, Subset], Any],
    contexts: Iterable[Context],
    key: PRNGKeyArray,
) -> tuple[Bandit, Bandit, list[tuple[Context, Subset, float, Subset, float]]]:
    """The same for a training in two phases, such as Adam and L-BFGS, each with conditions of its own.

    begin: ``(context, subset) -> (state, reward)`` of the first phase; end: ``(state, context, subset) -> reward`` of the
    second, which goes on from there. The context of the ``second`` bandit is that of the first, followed by what became
    of the first phase: its subset as zeros and ones, and its reward (`context_size` c + K + 1).
    """
    tried = []
    for i, context in enumerate(contexts):
        key_first, key_second = jax.random.split(jax.random.fold_in(key, i))
        subset = first.choose(context, key_first)
        state, got = begin(context, subset)
        between = jnp.concatenate([context, subset.astype(context.dtype), jnp.asarray([got], context.dtype)])
        then = second.choose(between, key_second)
        final = end(state, context, then)
        first, second = first.told(context, subset, float(got)), second.told(between, then, float(final))
        tried.append((context, subset, float(got), then, float(final)))
    return first, second, tried
