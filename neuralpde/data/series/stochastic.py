"""Paths of stochastic processes: what generators of paths and latent SDEs are trained on."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from neuralpde.equations import RampedOrnsteinUhlenbeck, StochasticLorenz
from neuralpde.spaces import IrregularSeries

from .dataset import SeriesDataset, SeriesSample, drawn
from .missing import drop_values

LORENZ_SUBSTEPS = 20


def ramped_ornstein_uhlenbeck(
    train: int = 8192, test: int = 1024, validation: int = 0, missing: float = 0.3, seed: int = 0
) -> SeriesDataset:
    """dy = (0.02 t - 0.1 y) dt + 0.8 t / 63 dW, y(0) uniform in (-1, 1), at t = 0, 1, ... 63; the targets are whole.

    Drawn from its law, without a solver: e^(rate t) (y - mean) has independent normal increments. A share ``missing`` of
    the values is dropped. The example on which diffrax trains an SDE-GAN.
    """
    process = RampedOrnsteinUhlenbeck()
    whole = np.arange(64.0)
    growth = np.exp(process.rate * whole)
    with jax.enable_x64(True):
        variance = np.asarray(jax.vmap(lambda t: process.moments(t, jnp.zeros(1))[1][0])(whole))
    steps = jnp.asarray(np.sqrt(np.diff(variance * growth**2)), float)
    times = jnp.asarray(whole, float)

    def draw(key: Key[Array, ""], label: Int[Array, ""]) -> SeriesSample:
        key_start, key_noise, key_missing = jax.random.split(key, 3)
        start = jax.random.uniform(key_start, (1,), minval=-1.0)
        mean = jax.vmap(lambda t: process.moments(t, start)[0][0])(times)
        noise = jnp.concatenate([jnp.zeros(1), jnp.cumsum(steps * jax.random.normal(key_noise, steps.shape))])
        series = IrregularSeries(times, (mean + noise * jnp.exp(-process.rate * times))[:, None])
        return SeriesSample(drop_values(series, missing, key_missing), series)

    sizes = {"train": train, "test": test, "validation": validation}
    return drawn("ramped_ornstein_uhlenbeck", draw, **sizes, seed=seed, names=("y",))


def stochastic_lorenz(
    train: int = 1024, test: int = 128, validation: int = 0, points: int = 100, noise: float = 0.01, seed: int = 0
) -> SeriesDataset:
    """The latent SDE example of Li et al. (AISTATS 2020): `StochasticLorenz` from standard normal states, t in [0, 2].

    Components are divided by their deviations after taking off their means, both over the training set, then there is
    normal noise; the targets are without it. Euler-Maruyama with 20 steps from one of the points to the next.
    """
    times = jnp.linspace(0.0, 2.0, points)
    system = StochasticLorenz()

    def path(key: Key[Array, ""]) -> Float[Array, "time 3"]:
        key_start, key_path = jax.random.split(key)
        h = 2.0 / (points - 1) / LORENZ_SUBSTEPS
        jumps = jnp.sqrt(h) * jax.random.normal(key_path, (points - 1, LORENZ_SUBSTEPS, 3))

        def substep(y, dw):
            return y + h * system.drift(0.0, y) + system.diffusion(0.0, y) * dw, None

        def interval(y, dw):
            y, _ = jax.lax.scan(substep, y, dw)
            return y, y

        start = jax.random.normal(key_start, (3,))
        return jnp.concatenate([start[None], jax.lax.scan(interval, start, jumps)[1]])

    def draw(key: Key[Array, ""], label: Int[Array, ""]) -> SeriesSample:
        key_path, key_noise = jax.random.split(key)
        truth = path(key_path)
        series = IrregularSeries(times, jax.random.normal(key_noise, truth.shape))
        return SeriesSample(series, IrregularSeries(times, truth))

    sizes = {"train": train, "test": test, "validation": validation}
    dataset = drawn("stochastic_lorenz", draw, **sizes, seed=seed, names=system.names)
    truth = dataset.train.target.values
    mean, deviation = truth.mean((0, 1)), truth.std((0, 1))

    def observed(samples: SeriesSample) -> SeriesSample:
        clean = (samples.target.values - mean) / deviation
        seen = clean + noise * samples.series.values
        return eqx.tree_at(lambda s: (s.series.values, s.target.values), samples, (seen, clean))

    return dataset.map(observed, mean=mean.tolist(), deviation=deviation.tolist(), noise=noise)
