"""Made-up series of a few classes: small stand-ins for the UEA archive that anyone can make again.

Together with `chirality` they are four kinds of difficulty: a direction, a frequency, a rate of noise, and a rate of
jumps between two frequencies.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key

from neuralpde.equations import OrnsteinUhlenbeck
from neuralpde.spaces import IrregularSeries

from .dataset import SeriesDataset, SeriesSample, drawn


def damped_oscillators(
    train: int = 256,
    test: int = 256,
    validation: int = 0,
    points: int = 60,
    frequencies: tuple[float, ...] = (0.8, 1.0, 1.2),
    noise: float = 0.2,
    seed: int = 0,
) -> SeriesDataset:
    """Which frequency an oscillation has: y = a e^(-d t) cos(2 pi f t + p) and its rate over 2 pi f, with noise.

    f = frequency (1 + 0.05 N(0, 1)), a uniform in (0.5, 1.5), d in (0.1, 0.3), p in (0, 2 pi), t in [0, 5].
    """
    times, wanted = jnp.linspace(0.0, 5.0, points), jnp.asarray(frequencies)

    def draw(key: Key[Array, ""], label: Int[Array, ""]) -> SeriesSample:
        key_numbers, key_frequency, key_noise = jax.random.split(key, 3)
        a, d, p = jax.random.uniform(
            key_numbers, (3,), minval=jnp.array([0.5, 0.1, 0.0]), maxval=jnp.array([1.5, 0.3, 1.0])
        )
        w = 2 * jnp.pi * wanted[label] * (1 + 0.05 * jax.random.normal(key_frequency))
        phase = w * times + 2 * jnp.pi * p
        clean = a * jnp.exp(-d * times) * jnp.stack([jnp.cos(phase), -jnp.sin(phase) - d / w * jnp.cos(phase)])
        values = clean.T + noise * jax.random.normal(key_noise, (points, 2))
        return SeriesSample(IrregularSeries(times, values), label)

    classes = tuple(f"frequency {f:g}" for f in frequencies)
    sizes = {"train": train, "test": test, "validation": validation}
    return drawn("damped_oscillators", draw, **sizes, seed=seed, names=("y", "rate"), classes=classes)


def ornstein_uhlenbeck_rates(
    train: int = 256,
    test: int = 256,
    validation: int = 0,
    points: int = 60,
    rates: tuple[float, ...] = (0.5, 2.0, 8.0),
    seed: int = 0,
) -> SeriesDataset:
    """How fast a process forgets: dy = -rate y dt + (2 rate)^(1/2) dW in two channels, stationary, t in [0, 5].

    All classes have the same law at any one time, normal of variance one: only how the series moves tells them apart.
    Drawn from the transition law.
    """
    times, wanted = jnp.linspace(0.0, 5.0, points), jnp.asarray(rates)

    def draw(key: Key[Array, ""], label: Int[Array, ""]) -> SeriesSample:
        process = OrnsteinUhlenbeck(rate=wanted[label], noise=jnp.sqrt(2 * wanted[label]))
        key_start, key_path = jax.random.split(key)
        start = jax.random.normal(key_start, (2,))

        def advance(y, normal):
            mean, variance = jax.vmap(lambda one: process.moments(times[1], one))(y[:, None])
            y = mean[:, 0] + jnp.sqrt(variance[:, 0]) * normal
            return y, y

        later = jax.lax.scan(advance, start, jax.random.normal(key_path, (points - 1, 2)))[1]
        return SeriesSample(IrregularSeries(times, jnp.concatenate([start[None], later])), label)

    classes = tuple(f"rate {r:g}" for r in rates)
    sizes = {"train": train, "test": test, "validation": validation}
    return drawn("ornstein_uhlenbeck_rates", draw, **sizes, seed=seed, names=("y1", "y2"), classes=classes)


def switching_sinusoids(
    train: int = 256,
    test: int = 256,
    validation: int = 0,
    points: int = 60,
    rates: tuple[float, ...] = (0.2, 1.5),
    noise: float = 0.2,
    seed: int = 0,
) -> SeriesDataset:
    """How often an oscillation jumps between the frequencies 0.5 and 1.5: a Markov chain that switches at a rate.

    y = sin(phase) and cos(phase) with noise, the phase growing by 2 pi f dt, t in [0, 5].
    """
    times, wanted = jnp.linspace(0.0, 5.0, points), jnp.asarray(rates)

    def draw(key: Key[Array, ""], label: Int[Array, ""]) -> SeriesSample:
        key_first, key_jumps, key_noise, key_phase = jax.random.split(key, 4)
        h = times[1] - times[0]
        changes = 0.5 * (1 - jnp.exp(-2 * wanted[label] * h))  # of a chain with two states and equal rates
        jumps = jax.random.bernoulli(key_jumps, changes, (points,))
        state = (jnp.cumsum(jumps) + jax.random.bernoulli(key_first)) % 2
        turns = jnp.cumsum(h * jnp.where(state == 0, 0.5, 1.5)) + jax.random.uniform(key_phase)
        clean = jnp.stack([jnp.sin(2 * jnp.pi * turns), jnp.cos(2 * jnp.pi * turns)], axis=-1)
        return SeriesSample(IrregularSeries(times, clean + noise * jax.random.normal(key_noise, clean.shape)), label)

    classes = tuple(f"switches {r:g}" for r in rates)
    sizes = {"train": train, "test": test, "validation": validation}
    return drawn("switching_sinusoids", draw, **sizes, seed=seed, names=("sine", "cosine"), classes=classes)
