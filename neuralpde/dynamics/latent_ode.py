"""Latent ODEs: a series is the trajectory of a hidden state whose beginning is uncertain."""

from __future__ import annotations

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import ControlPath, IrregularSeries

from .answers import Answered
from .method import Method
from .recurrent import RecurrentEncoder, bare
from .solve import solve
from .solved import Solved


class Evidence(NamedTuple):
    """The two parts of the bound: misfit, the negative logarithm of the likelihood up to a constant, and divergence."""

    misfit: Float[Array, ""]
    divergence: Float[Array, ""]


class LatentODE(eqx.Module):
    """x(t_i) = N(linear(z(t_i)), noise^2),  z' = s tanh(MLP(z)),  z(t_0) = MLP(a),  a = N(0, 1) before the series is seen.

    A network that reads the series backward in time gives mean and deviation of a after it is seen (Chen, Rubanova,
    Bettencourt & Duvenaud, NeurIPS 2018, section 5; Rubanova et al., NeurIPS 2019, where its state moves by an ODE
    between entries: ``evolve``). t_0 is the first of the times that are wanted.

    ``latent``, ``hidden``: sizes of a and z; ``width``, ``depth``: of the networks; ``noise``: deviation of the
    measurements, in the unit of the series.
    """

    encoder: RecurrentEncoder
    posterior_head: eqx.nn.Linear
    start: eqx.nn.MLP
    field: eqx.nn.MLP
    speed: Float[Array, ""]
    readout: eqx.nn.Linear
    method: Method
    noise: float = eqx.field(static=True)

    def __init__(
        self,
        channels: int,
        outputs: int | None = None,
        *,
        latent: int = 16,
        hidden: int = 16,
        width: int = 16,
        depth: int = 2,
        noise: float = 1.0,
        evolve: bool = False,
        method: Method | None = None,
        key: PRNGKeyArray,
    ):
        keys = jax.random.split(key, 5)
        outputs = channels if outputs is None else outputs
        self.encoder = RecurrentEncoder(channels, hidden, width=width, evolve=evolve, key=keys[0])
        self.posterior_head = eqx.nn.Linear(hidden, 2 * latent, key=keys[1])
        self.start = eqx.nn.MLP(latent, hidden, width, depth, key=keys[2])
        self.field = eqx.nn.MLP(hidden, hidden, width, depth, jax.nn.softplus, jnp.tanh, key=keys[3])
        self.speed = jnp.ones(())
        self.readout = eqx.nn.Linear(hidden, outputs, key=keys[4])
        self.method = Method() if method is None else method
        self.noise = noise

    def __call__(
        self,
        series: IrregularSeries | ControlPath,
        times: Float[Array, " time"] | None = None,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "time output"]:
        """The mean of the series at ``times``, its own where left out; from a draw of a, or from its mean without a key."""
        return self.answered(series, times, key).values

    def answered(
        self,
        series: IrregularSeries | ControlPath,
        times: Float[Array, " time"] | None = None,
        key: PRNGKeyArray | None = None,
    ) -> Answered:
        """The call with the cost of the hidden trajectory; that of the encoder, whose steps are fixed, is left out."""
        series = bare(series)
        mean, deviation = self.posterior(series)
        a = mean if key is None else mean + deviation * jax.random.normal(key, mean.shape, mean.dtype)
        solved = self.trajectory(a, series.times if times is None else times)
        return Answered(jax.vmap(self.readout)(solved.states), solved.cost)

    def posterior(self, series: IrregularSeries) -> tuple[Float[Array, " latent"], Float[Array, " latent"]]:
        """Mean and deviation of a, having seen the series."""
        mean, log_deviation = jnp.split(self.posterior_head(self.encoder(series, backward=True)), 2)
        return mean, jnp.exp(log_deviation)

    def decode(self, a: Float[Array, " latent"], times: Float[Array, " time"]) -> Float[Array, "time output"]:
        """The mean of the series that begins with a."""
        return jax.vmap(self.readout)(self.trajectory(a, times).states)

    def trajectory(self, a: Float[Array, " latent"], times: Float[Array, " time"]) -> Solved:
        """The hidden states z (time, hidden) that begin with a."""
        return solve(self.vector_field, self.start(a), times, self.method)

    def vector_field(self, t, z: Float[Array, " hidden"], args=None) -> Float[Array, " hidden"]:
        """s tanh(MLP(z))."""
        return self.speed * self.field(z)

    def sample(self, times: Float[Array, " time"], key: PRNGKeyArray) -> Float[Array, "time output"]:
        """A series from the prior."""
        return self.decode(jax.random.normal(key, (self.start.in_size,)), times)

    def evidence(self, series: IrregularSeries | ControlPath, target: IrregularSeries, key: PRNGKeyArray) -> Evidence:
        """Parts of the negative evidence bound for the values of ``target`` that are there, from one draw of a.

        sum |x - mean|^2 / (2 noise^2)  and  KL(q(a) | N(0, 1)); their sum is to be small.
        """
        mean, deviation = self.posterior(bare(series))
        a = mean + deviation * jax.random.normal(key, mean.shape, mean.dtype)
        misses = jnp.where(target.mask, target.values, 0) - jnp.where(target.mask, self.decode(a, target.times), 0)
        divergence = 0.5 * jnp.sum(mean**2 + deviation**2 - 1) - jnp.sum(jnp.log(deviation))
        return Evidence(0.5 * jnp.sum((misses / self.noise) ** 2), divergence)
