"""Small problems in the plane on which latent ODEs and neural CDEs are shown."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from neuralpde.data.dataset import DataError
from neuralpde.spaces import IrregularSeries

from .dataset import SeriesDataset, SeriesSample, drawn

TURNING = ((-0.3, 2.0), (-2.0, -0.3))
DECAYING = ((-0.1, 1.3), (-1.0, -0.1))


def chirality(
    train: int = 256, test: int = 256, validation: int = 0, points: int = 100, seed: int = 0
) -> SeriesDataset:
    """Which way a spiral turns: y = exp(t A) y(0), A = [[-0.3, 2], [-2, -0.3]], or its mirror image.

    y(0) is uniform on the unit circle and t in [0, 4 pi]; the example of neural CDEs in diffrax.
    """
    times = jnp.linspace(0.0, 4 * jnp.pi, points)

    def draw(key: Key[Array, ""], label: Int[Array, ""]) -> SeriesSample:
        angle = jax.random.uniform(key, (), maxval=2 * jnp.pi)
        states = _linear_flow(TURNING, times, jnp.stack([jnp.cos(angle), jnp.sin(angle)]))
        mirrored = states * jnp.where(label == 1, jnp.array([-1.0, 1.0]), 1.0)
        return SeriesSample(IrregularSeries(times, mirrored), label)

    sizes = {"train": train, "test": test, "validation": validation}
    return drawn("chirality", draw, **sizes, seed=seed, names=("x", "y"), classes=("clockwise", "anticlockwise"))


def decaying_oscillator(
    train: int = 10_000, test: int = 256, validation: int = 0, points: int = 20, seed: int = 0
) -> SeriesDataset:
    """dy/dt = A y, A = [[-0.1, 1.3], [-1, -0.1]], y(0) standard normal, at random times; the targets are the series.

    Times are sorted uniform ones from 0 to 2 + U(0, 1), which is each series' own; the example of the latent ODE in
    diffrax.
    """

    def draw(key: Key[Array, ""], label: Int[Array, ""]) -> SeriesSample:
        key_start, key_end, key_times = jax.random.split(key, 3)
        end = 2 + jax.random.uniform(key_end)
        times = jnp.sort(jax.random.uniform(key_times, (points,))) * end + 1e-6 * jnp.arange(points)  # none twice
        series = IrregularSeries(times, _linear_flow(DECAYING, times, jax.random.normal(key_start, (2,))))
        return SeriesSample(series, series)

    sizes = {"train": train, "test": test, "validation": validation}
    return drawn("decaying_oscillator", draw, **sizes, seed=seed, names=("x", "y"))


def spirals(
    train: int = 800,
    test: int = 200,
    validation: int = 0,
    points: int = 100,
    observed: int = 100,
    noise: float = 0.3,
    seed: int = 0,
) -> SeriesDataset:
    """Stretches of two spirals with noise; the targets are the same stretches without (Chen et al. 2018, section 5.1).

    Of 500 angles from 0 to 6 pi, ``points`` in a row, from a random one on that is not near the ends. Anticlockwise
    r = 0.3 theta around (5, 0), clockwise r = 15 / (6 pi + 1 - theta) around (-5, 0), the angle being 6 pi + 1 - theta.
    Time begins at 0 and runs as theta does. Only ``observed`` of the points, drawn at random, have values.
    """
    angles = jnp.linspace(0.0, 6 * jnp.pi, 500)
    if not 2 <= points <= 200 or not 1 <= observed <= points:
        raise DataError(f"A spiral has 2 to 200 points, all or some of them observed, got {points} and {observed}.")

    def draw(key: Key[Array, ""], label: Int[Array, ""]) -> SeriesSample:
        key_start, key_noise, key_seen = jax.random.split(key, 3)
        first = jax.random.randint(key_start, (), points, 500 - points)
        theta = jax.lax.dynamic_slice_in_dim(angles, first, points)
        back = 6 * jnp.pi + 1 - theta
        angle, radius = jnp.where(label == 0, theta, back), jnp.where(label == 0, 0.3 * theta, 15 / back)
        centre = jnp.where(label == 0, 5.0, -5.0)
        truth = jnp.stack([radius * jnp.cos(angle) + centre, radius * jnp.sin(angle)], axis=-1)
        seen = jax.random.permutation(key_seen, jnp.arange(points) < observed)
        noisy = jnp.where(seen[:, None], truth + noise * jax.random.normal(key_noise, truth.shape), jnp.nan)
        times = angles[:points]
        return SeriesSample(IrregularSeries(times, noisy), IrregularSeries(times, truth))

    sizes = {"train": train, "test": test, "validation": validation}
    return drawn("spirals", draw, **sizes, seed=seed, names=("x", "y"), kinds=2)


def _linear_flow(
    matrix: tuple[tuple[float, float], ...], times: Float[Array, " time"], start: Float[Array, " 2"]
) -> Float[Array, "time 2"]:
    """exp(t A) y(0) at all times for A = [[-d, p], [-q, -d]] with p, q > 0."""
    (d, p), (q, _) = matrix
    frequency, ratio = (-p * q) ** 0.5, (-p / q) ** 0.5
    cosine, sine = jnp.cos(frequency * times), jnp.sin(frequency * times)
    turned = jnp.stack([cosine * start[0] + ratio * sine * start[1], cosine * start[1] - sine / ratio * start[0]], -1)
    return jnp.exp(d * times)[:, None] * turned
