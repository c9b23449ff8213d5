"""Latent stochastic differential equations (Li, Wong, Chen & Duvenaud, AISTATS 2020): a prior over paths, learned."""

from __future__ import annotations

import math
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import mlp

from .method import Method
from .path_kl import with_path_kl
from .solve_sde import solve_sde
from .times import Times

STEPS = Method(diffrax.Euler(), substeps=1)
"""One step of Euler and Maruyama between two observations."""


class LatentPath(eqx.Module):
    """One path: the latent states, what is observed of them, and the divergence of the posterior from the prior."""

    times: Float[Array, " time"]
    latents: Float[Array, "time latent"]
    means: Float[Array, "time c"]
    kl: Float[Array, ""]


class Gaussian(eqx.Module):
    """A normal distribution with independent components."""

    mean: Float[Array, " c"]
    log_std: Float[Array, " c"]

    def sample(self, key: PRNGKeyArray) -> Float[Array, " c"]:
        """One draw, differentiable in mean and deviation."""
        return self.mean + jnp.exp(self.log_std) * jax.random.normal(key, self.mean.shape, self.mean.dtype)

    def kl(self, other: Gaussian) -> Float[Array, ""]:
        """Divergence of this one from another."""
        ratio = jnp.exp(2 * (self.log_std - other.log_std))
        distance = ((self.mean - other.mean) * jnp.exp(-other.log_std)) ** 2
        return 0.5 * jnp.sum(ratio + distance - 1) + jnp.sum(other.log_std - self.log_std)


class LatentSDE(eqx.Module):
    """Posterior dz = f(t, z, context) dt + g(z) dW, prior dz = h(z) dt + g(z) dW, observations x ~ N(D z, s^2).

    A gated recurrent unit reads the observations backward; the context at time t is its state at the next observation,
    so that f knows what is to come, and z(t_0) comes from its last state. f, h are softplus networks, g one network for
    each component, of that component alone, between ``smallest`` and ``largest``: bounded away from zero, for the
    divergence divides by it. Entries of observations that are not a number are missing ones.

    ``noise``: deviation s of observations, in their units, not trained.
    """

    recurrent: eqx.nn.GRUCell
    to_context: eqx.nn.Linear
    to_initial: eqx.nn.Linear
    initial: Gaussian
    posterior: eqx.nn.MLP
    prior: eqx.nn.MLP
    diffusions: eqx.nn.MLP
    decoder: eqx.nn.Linear
    noise: float = eqx.field(static=True)
    bounds: tuple[float, float] = eqx.field(static=True)

    def __init__(
        self,
        components: int,
        *,
        latent: int = 4,
        context: int = 64,
        hidden: int = 128,
        noise: float = 0.01,
        smallest: float = 1e-2,
        largest: float = 1.0,
        key: PRNGKeyArray,
    ):
        if not 0 < smallest < largest or noise <= 0:
            raise ArgumentError(
                f"LatentSDE: the diffusion lies between two positive bounds, and observations have positive noise; got "
                f"smallest={smallest}, largest={largest}, noise={noise}."
            )
        keys = jax.random.split(key, 8)
        net = lambda inputs, outputs, key: mlp(
            inputs, outputs, width=hidden, depth=2, activation=jax.nn.softplus, key=key
        )
        self.recurrent = eqx.nn.GRUCell(2 * components, hidden, key=keys[0])
        self.to_context = eqx.nn.Linear(hidden, context, key=keys[1])
        self.to_initial = eqx.nn.Linear(context, 2 * latent, key=keys[2])
        self.initial = Gaussian(jnp.zeros(latent), jnp.zeros(latent))
        self.posterior, self.prior = net(latent + context, latent, keys[3]), net(latent, latent, keys[4])
        narrow = lambda key: mlp(1, 1, width=hidden, depth=1, activation=jax.nn.softplus, key=key)
        self.diffusions = eqx.filter_vmap(narrow)(jax.random.split(keys[5], latent))
        self.decoder = eqx.nn.Linear(latent, components, key=keys[6])
        self.noise, self.bounds = noise, (smallest, largest)

    def __call__(
        self, times: Times, values: Float[Array, "time c"], method: Method = STEPS, *, key: PRNGKeyArray
    ) -> LatentPath:
        """One path of the posterior given observations; ``kl`` is that of z(t_0) and of the path."""
        contexts = self.contexts(values)
        first = Gaussian(*jnp.split(self.to_initial(contexts[0]), 2))
        key_initial, key_path = jax.random.split(key)
        z0 = first.sample(key_initial)
        drift, diffusion = with_path_kl(self._posterior, self._prior, self._diffusion)
        start, args = (z0, jnp.zeros((), z0.dtype)), (jnp.asarray(times, z0.dtype), contexts)
        solved = solve_sde(drift, diffusion, start, times, method, key=key_path, args=args)
        latents, kl = solved.states
        return LatentPath(solved.times, latents, jax.vmap(self.decoder)(latents), first.kl(self.initial) + kl[-1])

    def elbo(
        self,
        times: Times,
        values: Float[Array, "time c"],
        method: Method = STEPS,
        *,
        key: PRNGKeyArray,
        kl_weight: float | Float[Array, ""] = 1.0,
    ) -> Float[Array, ""]:
        """Lower bound of the log density of the observations, from one path; ``kl_weight`` under one eases the start."""
        path = self(times, values, method, key=key)
        seen = ~jnp.isnan(values)
        residual = jnp.where(seen, jnp.where(seen, values, 0.0) - path.means, 0.0) / self.noise
        constant = math.log(2 * math.pi * self.noise**2)
        log_density = -0.5 * jnp.sum(residual**2 + jnp.where(seen, constant, 0.0))
        return log_density - kl_weight * path.kl

    def sample(self, times: Times, method: Method = STEPS, *, key: PRNGKeyArray) -> LatentPath:
        """One path of the prior; its divergence is zero."""
        key_initial, key_path = jax.random.split(key)
        z0 = self.initial.sample(key_initial)
        solved = solve_sde(self._prior, self._diffusion, z0, times, method, key=key_path)
        return LatentPath(solved.times, solved.states, jax.vmap(self.decoder)(solved.states), jnp.zeros((), z0.dtype))

    def contexts(self, values: Float[Array, "time c"]) -> Float[Array, "time context"]:
        """What the encoder knows at each observation of that one and all later ones."""
        seen = ~jnp.isnan(values)
        inputs = jnp.concatenate([jnp.where(seen, values, 0.0), seen.astype(values.dtype)], axis=-1)

        def read(h, x):
            h = self.recurrent(x, h)
            return h, self.to_context(h)

        start = jnp.zeros(self.recurrent.hidden_size, values.dtype)
        return jax.lax.scan(read, start, inputs, reverse=True)[1]

    def _posterior(self, t: Any, z: Float[Array, " latent"], args: Any) -> Float[Array, " latent"]:
        times, contexts = args
        following = jnp.minimum(jnp.searchsorted(times, t, side="right"), len(times) - 1)
        return self.posterior(jnp.concatenate([z, contexts[following]]))

    def _prior(self, t: Any, z: Float[Array, " latent"], args: Any) -> Float[Array, " latent"]:
        return self.prior(z)

    def _diffusion(self, t: Any, z: Float[Array, " latent"], args: Any) -> Float[Array, " latent"]:
        low, high = self.bounds
        raw = eqx.filter_vmap(lambda net, z: net(z[None])[0])(self.diffusions, z)
        return low + (high - low) * jax.nn.sigmoid(raw)
