"""Spikes of made-up neurons whose rates follow a hidden chaotic system."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from neuralpde.equations import Lorenz63
from neuralpde.solvers import solve_ode
from neuralpde.spaces import IrregularSeries

from .dataset import SeriesDataset, SeriesSample, drawn

BURN_IN = 5.0


def lorenz_spikes(
    train: int = 1040,
    test: int = 260,
    validation: int = 0,
    neurons: int = 30,
    conditions: int = 65,
    points: int = 50,
    bin: float = 0.02,
    speed: float = 1.5,
    mean_rate: float = 5.0,
    modulation: float = 1.0,
    seed: int = 0,
) -> SeriesDataset:
    """Counts of spikes in ``points`` bins of ``bin`` seconds, and as targets the counts that were expected.

    The benchmark of LFADS (Pandarinath et al., Nature Methods 15 (2018) 805) and of what came after: `Lorenz63`, begun at
    ``conditions`` places of its attractor, runs at ``speed`` units of its time a second; the logarithm of each neuron's
    rate is linear in the state, with weights N(0, modulation^2 / 3) on components of mean 0 and deviation 1, and rates
    of ``mean_rate`` spikes a second in the mean over conditions and time. Trials go round the conditions, the same in
    all splits: what a test trial has anew are its Poisson spikes.
    """
    key_start, key_weights = jax.random.split(jax.random.key(seed))
    starts = Lorenz63().initial_states().sample(key_start, conditions)
    times = np.arange(points) * bin
    states = _runs(starts, speed * times)
    states = (states - states.mean((0, 1))) / states.std((0, 1))
    weights = jax.random.normal(key_weights, (3, neurons)) * modulation / 3**0.5
    modulated = jnp.exp(states @ weights)
    expected = bin * mean_rate * modulated / modulated.mean((0, 1))

    def draw(key: Key[Array, ""], label: Int[Array, ""]) -> SeriesSample:
        counts = jax.random.poisson(key, expected[label]).astype(expected.dtype)
        at = jnp.asarray(times, expected.dtype)
        return SeriesSample(IrregularSeries(at, counts), IrregularSeries(at, expected[label]))

    names = tuple(f"neuron {i + 1}" for i in range(neurons))
    sizes = {"train": train, "test": test, "validation": validation}
    return drawn("lorenz_spikes", draw, **sizes, seed=seed, names=names, kinds=conditions)


def _runs(starts: Float[Array, "run 3"], times: np.ndarray) -> Float[Array, "run time 3"]:
    """States at times after ones that have come to the attractor."""
    whole = (0.0, *(BURN_IN + times))
    return jax.jit(jax.vmap(lambda start: solve_ode(Lorenz63(), start, whole, rtol=1e-5, atol=1e-6)[1:]))(starts)
