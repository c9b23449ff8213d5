"""LangevinFlow: spike counts as the traces of hidden particles in a learned potential."""

from __future__ import annotations

import math
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import AttentionBlock, MultiHeadAttention
from neuralpde.spaces import ControlPath, IrregularSeries

from .langevin import CoupledOscillators, Potential, langevin_sde, langevin_step
from .latent_ode import Evidence
from .latent_sde import Gaussian
from .method import Method
from .recurrent import bare
from .solve_sde import solve_sde

DRAWS = 16
"""Paths whose mean an answer without a key is."""


class Flow(NamedTuple):
    """One path: positions and velocities, and the divergence of the posterior from the prior."""

    z: Float[Array, "time hidden"]
    v: Float[Array, "time hidden"]
    divergence: Float[Array, ""]


class LangevinFlow(eqx.Module):
    """A sequential autoencoder of counts, x(t) ~ Poisson(rate(t)), whose latents follow Langevin dynamics.

    After Song, Keller, Yue, Perona & Welling, "LangevinFlow", CCN 2025. A gated recurrent unit reads the counts backward
    into h(t); its last state gives the law of position and velocity (z, v) at the first bin, N(0, 1) before the counts are
    seen. From bin to bin they make a `langevin_step` in the potential of `CoupledOscillators`, where the counts give the
    kicks, N(0, 2 friction) a priori, a mean and a deviation; with a ``method`` they move in continuous time, by
    `langevin_sde` in the unit of the series' times, where the counts push. The logarithm of the rates is read from one
    layer of attention over (z, v, h) of all bins; over (z, v) alone without ``skip``, and only then does all that the
    rates know of the counts pass through the latents and is counted in the divergence.

    - ``hidden``: size of each of z, v and h. ``heads``, ``feed_forward``: of the attention.
    - ``friction``, ``step``: of `langevin_step`; in continuous time friction is 1 / time.
    - ``drop``: share of the counts that `evidence` hides and asks for.
    """

    encoder: eqx.nn.GRUCell
    start: eqx.nn.Linear
    kicks: eqx.nn.Linear
    potential: Potential
    decoder: AttentionBlock
    readout: eqx.nn.Linear
    method: Method | None
    friction: float = eqx.field(static=True)
    step: float = eqx.field(static=True)
    drop: float = eqx.field(static=True)
    skip: bool = eqx.field(static=True)

    def __init__(
        self,
        channels: int,
        outputs: int | None = None,
        *,
        hidden: int = 32,
        heads: int = 2,
        feed_forward: int = 64,
        friction: float = 0.55,
        step: float = 0.01,
        drop: float = 0.5,
        skip: bool = True,
        potential: Potential | None = None,
        method: Method | None = None,
        key: PRNGKeyArray,
    ):
        if not 0 <= drop < 1 or friction <= 0 or outputs not in (None, channels):
            raise ArgumentError(
                f"LangevinFlow: drop is in [0, 1), friction positive, and there is a rate for each of the {channels} "
                f"channels; got drop={drop}, friction={friction}, outputs={outputs}."
            )
        keys = jax.random.split(key, 6)
        width = (3 if skip else 2) * hidden
        self.encoder = eqx.nn.GRUCell(channels, hidden, key=keys[0])
        self.start = eqx.nn.Linear(hidden, 4 * hidden, key=keys[1])
        # At first the counts change nothing: the posterior of the kicks is the prior.
        silent = eqx.nn.Linear(hidden, 2 * hidden if method is None else hidden, key=keys[2])
        self.kicks = jax.tree.map(jnp.zeros_like, silent)
        self.potential = CoupledOscillators(hidden, math.gcd(4, hidden)) if potential is None else potential
        self.decoder = AttentionBlock(MultiHeadAttention(width, heads, key=keys[3]), width, feed_forward, key=keys[4])
        self.readout = eqx.nn.Linear(width, channels, key=keys[5])
        self.method, self.friction, self.step, self.drop, self.skip = method, friction, step, drop, skip

    def __call__(
        self,
        series: IrregularSeries | ControlPath,
        times: Float[Array, " time"] | None = None,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "time channel"]:
        """Expected counts of each bin, from a draw of the latents, or with the key left out the mean of `DRAWS` draws,
        always the same ones: the rates that the counts speak for.

        ``times``, where given, are those of the series: rates are told at its bins.
        """
        series = bare(series)
        h = self.contexts(jnp.where(series.mask, series.values, 0))
        rates = lambda key: jnp.exp(self.log_rates(self.flow(series.times, h, key), h))
        if key is not None:
            return rates(key)
        return jnp.mean(jax.vmap(rates)(jax.random.split(jax.random.key(0), DRAWS)), axis=0)

    def contexts(self, counts: Float[Array, "time channel"]) -> Float[Array, "time hidden"]:
        """h of each bin, which has read that one and all later ones."""

        def read(h, x):
            h = self.encoder(x, h)
            return h, h

        start = jnp.zeros(self.encoder.hidden_size, counts.dtype)
        return jax.lax.scan(read, start, counts, reverse=True)[1]

    def flow(self, times: Float[Array, " time"], h: Float[Array, "time hidden"], key: PRNGKeyArray) -> Flow:
        """A path of the posterior."""
        parts = jnp.split(self.start(h[0]), 4)
        first = Gaussian(jnp.concatenate(parts[:2]), jnp.concatenate(parts[2:]))
        key_start, key_path = jax.random.split(key)
        z0, v0 = jnp.split(first.sample(key_start), 2)
        begun = first.kl(Gaussian(jnp.zeros_like(first.mean), jnp.zeros_like(first.mean)))
        move = self._bins if self.method is None else self._continuously
        z, v, pushed = move(times, z0, v0, h, key_path)
        return Flow(z, v, begun + pushed)

    def log_rates(self, flow: Flow, h: Float[Array, "time hidden"]) -> Float[Array, "time channel"]:
        """Logarithms of the expected counts of each bin."""
        seen = jnp.concatenate([flow.z, flow.v, *([h] if self.skip else [])], axis=-1)
        return jax.vmap(self.readout)(self.decoder(seen, jnp.ones(len(seen), seen.dtype)))

    def evidence(self, series: IrregularSeries | ControlPath, target: IrregularSeries, key: PRNGKeyArray) -> Evidence:
        """Misfit and divergence for the counts of ``series``, from one draw; ``target`` is not read.

        The network sees some counts and is asked for the others (see `hidden_counts`): minus the logarithm of their
        Poisson probability, in proportion to all counts.
        """
        series, (key_hide, key_flow) = bare(series), jax.random.split(key)
        inputs, asked = self.hidden_counts(series, key_hide)
        h = self.contexts(inputs)
        flow = self.flow(series.times, h, key_flow)
        log_rates, counts = self.log_rates(flow, h), jnp.where(series.mask, series.values, 0)
        misfits = jnp.exp(log_rates) - counts * log_rates + jax.scipy.special.gammaln(counts + 1)
        share = jnp.sum(asked) / jnp.maximum(jnp.sum(series.mask), 1)
        return Evidence(jnp.sum(misfits, where=asked) / jnp.maximum(share, 1e-6), flow.divergence)

    def hidden_counts(
        self, series: IrregularSeries, key: PRNGKeyArray
    ) -> tuple[Float[Array, "time channel"], Bool[Array, "time channel"]]:
        """Inputs with a share ``drop`` of the counts hidden, the others scaled up, and which counts are asked for.

        Only those hidden: a network that sees what it is asked for learns to copy spikes (Keshtkaran & Pandarinath,
        "Fast and accurate neural network training for latent variable models", NeurIPS 2019). All without dropping.
        """
        hidden = jax.random.bernoulli(key, self.drop, series.values.shape)
        seen = jnp.where(series.mask & ~hidden, series.values, 0) / (1 - self.drop)
        return seen, series.mask & (hidden if self.drop else True)

    def _bins(self, times: Array, z: Array, v: Array, h: Array, key: PRNGKeyArray) -> Flow:
        """By a kick a bin, with the divergence of all kicks from the prior ones."""
        prior = Gaussian(jnp.zeros_like(v), jnp.full_like(v, 0.5 * jnp.log(2 * self.friction)))
        noise = jax.random.normal(key, h.shape, h.dtype)

        def move(state, given):
            h, noise = given
            mean, wider = jnp.split(self.kicks(h), 2)
            kick = Gaussian(mean, prior.log_std + wider)
            moved = langevin_step(
                self.potential, *state, kick.mean + jnp.exp(kick.log_std) * noise, self.step, self.friction
            )
            return moved, (*moved, kick.kl(prior))

        z_on, v_on, divergences = jax.lax.scan(move, (z, v), (h[1:], noise[1:]))[1]
        return Flow(jnp.concatenate([z[None], z_on]), jnp.concatenate([v[None], v_on]), jnp.sum(divergences))

    def _continuously(self, times: Array, z: Array, v: Array, h: Array, key: PRNGKeyArray) -> Flow:
        """By `solve_sde`; the divergence of the paths is int |push|^2 / (4 friction) dt, by Girsanov's theorem."""

        def push(t, args):
            times, pushes = args
            return pushes[jnp.minimum(jnp.searchsorted(times, t, side="right"), len(times) - 1)]

        langevin, noise = langevin_sde(self.potential, self.friction, push)

        def drift(t, state, args):
            return langevin(t, state[0], args), jnp.sum(push(t, args) ** 2) / (4 * self.friction)

        diffusion = lambda t, state, args: (noise(t, state[0], args), jnp.zeros_like(state[1]))
        start, args = ((z, v), jnp.zeros((), z.dtype)), (times, jax.vmap(self.kicks)(h))
        (z_on, v_on), pushed = solve_sde(drift, diffusion, start, times, self.method, key=key, args=args).states
        return Flow(z_on, v_on, pushed[-1])
