"""Solutions of ordinary differential equations as series: what neural ODEs are fitted to."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Key

from neuralpde.equations import AbstractODE
from neuralpde.solvers import solve_ode
from neuralpde.spaces import IrregularSeries

from .dataset import SeriesDataset, SeriesSample, drawn


def trajectories(
    equation: AbstractODE,
    train: int = 256,
    test: int = 64,
    validation: int = 0,
    end: float = 10.0,
    points: int = 100,
    seed: int = 0,
) -> SeriesDataset:
    """Solutions from random initial states, those of ``equation.initial_states()``, at equal times from 0 to ``end``.

    The targets are the series, the law is the equation's vector field. The defaults with `RationalOscillator` are the
    neural ODE example of diffrax.
    """
    times = np.linspace(0.0, end, points)

    def draw(key: Key[Array, ""], label: Int[Array, ""]) -> SeriesSample:
        start = equation.initial_states().sample(key, 1)[0]
        series = IrregularSeries(
            jnp.asarray(times, float), solve_ode(equation, start, tuple(times), rtol=1e-6, atol=1e-8)
        )
        return SeriesSample(series, series)

    sizes = {"train": train, "test": test, "validation": validation}
    made = drawn(type(equation).__name__, draw, **sizes, seed=seed, names=tuple(equation.names))
    return dataclasses.replace(made, law=equation.vector_field)
