"""A Gaussian process over contexts and subsets: what is believed of rewards that were seen a few times."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int

Contexts = Float[Array, "n c"]
Subsets = Bool[Array, "n k"]


class SubsetKernel(eqx.Module):
    """``k((c, s), (c', s')) = exp(-|c - c'|^2 / (2 length^2)) exp(coupling (overlap(s, s') - 1))``, scaled by a variance.

    Of contexts c in R^p and subsets s of K conditions, whose overlap ``(1/K) sum_i [s_i = s'_i]`` is 1 for equal ones. The
    second factor is a product over the conditions of kernels with the values 1 and exp(-coupling / K), which makes it
    positive definite. Parameters are held as logarithms, with the variance of the noise among them.
    """

    log_variance: Float[Array, ""]
    log_length: Float[Array, ""]
    log_coupling: Float[Array, ""]
    log_noise: Float[Array, ""]

    def __init__(self, variance: float = 1.0, length: float = 1.0, coupling: float = 3.0, noise: float = 0.1):
        logs = (jnp.log(jnp.asarray(value, float)) for value in (variance, length, coupling, noise))
        self.log_variance, self.log_length, self.log_coupling, self.log_noise = logs

    def __call__(self, c: Contexts, s: Subsets, c_: Float[Array, "m c"], s_: Bool[Array, "m k"]) -> Float[Array, "n m"]:
        squared = jnp.sum((c[:, None] - c_[None]) ** 2, axis=-1)
        overlap = jnp.mean(s[:, None] == s_[None], axis=-1, dtype=c.dtype)
        in_context = jnp.exp(-squared / (2 * jnp.exp(2 * self.log_length)))
        return jnp.exp(self.log_variance) * in_context * jnp.exp(jnp.exp(self.log_coupling) * (overlap - 1))


class Seen(eqx.Module):
    """Rewards that were seen, in arrays with room for more: the first ``count`` rows are in use."""

    contexts: Contexts
    subsets: Subsets
    rewards: Float[Array, " n"]
    count: Int[Array, ""]

    @classmethod
    def nothing(cls, room: int, context_size: int, conditions: int) -> Seen:
        """Before the first reward."""
        contexts, subsets = jnp.zeros((room, context_size)), jnp.zeros((room, conditions), bool)
        return cls(contexts, subsets, jnp.zeros(room), jnp.zeros((), int))

    def with_one_more(self, context: Float[Array, " c"], subset: Bool[Array, " k"], reward: Float[Array, ""]) -> Seen:
        """With another reward; where there is no more room, in place of the last."""
        i = jnp.minimum(self.count, len(self.rewards) - 1)
        return Seen(
            self.contexts.at[i].set(context),
            self.subsets.at[i].set(subset),
            self.rewards.at[i].set(reward),
            i + 1,
        )

    @property
    def used(self) -> Bool[Array, " n"]:
        """The rows that hold something."""
        return jnp.arange(len(self.rewards)) < self.count

    def standardized(self) -> tuple[Float[Array, " n"], Float[Array, ""], Float[Array, ""]]:
        """Rewards of mean zero and variance one, zero in unused rows; that mean and that deviation."""
        n = jnp.maximum(self.count, 1)
        mean = jnp.sum(self.rewards * self.used) / n
        deviation = jnp.sqrt(jnp.sum((self.rewards - mean) ** 2 * self.used) / n)
        deviation = jnp.where(deviation > 0, deviation, 1.0)
        return jnp.where(self.used, (self.rewards - mean) / deviation, 0.0), mean, deviation


def posterior(
    kernel: SubsetKernel, seen: Seen, contexts: Float[Array, "m c"], subsets: Bool[Array, "m k"]
) -> tuple[Float[Array, " m"], Float[Array, "m m"]]:
    """Mean and covariance of the rewards to be expected (Rasmussen & Williams, 2006, equations 2.23 and 2.24)."""
    y, mean, deviation = seen.standardized()
    factors = jax.scipy.linalg.cho_factor(_gram(kernel, seen), lower=True)
    across = kernel(contexts, subsets, seen.contexts, seen.subsets) * seen.used
    covariance = kernel(contexts, subsets, contexts, subsets) - across @ jax.scipy.linalg.cho_solve(factors, across.T)
    return mean + deviation * across @ jax.scipy.linalg.cho_solve(factors, y), deviation**2 * covariance


def evidence(kernel: SubsetKernel, seen: Seen) -> Float[Array, ""]:
    """Logarithm of the likelihood of the rewards seen, standardised, up to a constant (their equation 2.30)."""
    y, _, _ = seen.standardized()
    factor = jnp.linalg.cholesky(_gram(kernel, seen))
    white = jax.scipy.linalg.solve_triangular(factor, y, lower=True)
    return -0.5 * white @ white - jnp.sum(jnp.log(jnp.diag(factor)))


def fitted(kernel: SubsetKernel, prior: SubsetKernel, seen: Seen, steps: int, rate: float = 0.1) -> SubsetKernel:
    """The kernel after some steps of Adam on the evidence, with normal priors of its logarithms around those of another."""
    optimizer = optax.adam(rate)

    def loss(kernel):
        away = sum(jnp.sum((a - b) ** 2) for a, b in zip(jax.tree.leaves(kernel), jax.tree.leaves(prior), strict=True))
        return -evidence(kernel, seen) + away / 2

    def step(state, _):
        kernel, memory = state
        updates, memory = optimizer.update(jax.grad(loss)(kernel), memory)
        return (optax.apply_updates(kernel, updates), memory), None

    return jax.lax.scan(step, (kernel, optimizer.init(kernel)), None, length=steps)[0][0]


def _gram(kernel: SubsetKernel, seen: Seen) -> Float[Array, "n n"]:
    """Covariance of the rewards seen; that of the identity where rows are not used."""
    K = kernel(seen.contexts, seen.subsets, seen.contexts, seen.subsets)
    both = seen.used[:, None] & seen.used[None]
    return jnp.where(both, K, 0.0) + jnp.diag(jnp.where(seen.used, jnp.exp(kernel.log_noise) + 1e-6, 1.0))
