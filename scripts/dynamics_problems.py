"""The four problems of ``bench_dynamics.py``: what both sides learn from, at which sizes, and how steps are timed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

PROBLEMS = ("ode", "latent_ode", "cde", "latent_sde")
PEERS = {"ode": "torchdiffeq", "latent_ode": "torchdiffeq", "cde": "torchcde", "latent_sde": "torchsde"}
STEPS = {"ode": 500, "latent_ode": 300, "cde": 100, "latent_sde": 200}
GOALS = {"ode": 0.1, "latent_ode": 12.0, "cde": 0.35, "latent_sde": 400.0}
RATES = {"ode": 0.05, "latent_ode": 1e-2, "cde": 1e-2, "latent_sde": 1e-2}
WINDOW = 20
LATENT, HIDDEN, WIDTH = 4, 25, 32
SDE = {"latent": 4, "context": 64, "hidden": 128, "noise": 0.1}


def data(problem: str) -> tuple[np.ndarray, ...]:
    """What both sides learn from: times, and values or values with labels."""
    rng = np.random.default_rng(0)
    if problem == "ode":
        times, a = np.linspace(0.0, 1.5, 30), np.array([[-0.1, 2.0], [-2.0, -0.1]])
        return times, _integrated(lambda y: y**3 @ a, np.array([[2.0, 0.0]]), times)[0]
    if problem == "latent_ode":
        times, a = np.linspace(0.0, 3.0, 20), np.array([[-0.1, 1.3], [-1.0, -0.1]])
        return times, _integrated(lambda y: y @ a.T, rng.standard_normal((256, 2)), times)
    if problem == "cde":
        times, a = np.linspace(0.0, 4 * np.pi, 100), np.array([[-0.3, 2.0], [-2.0, -0.3]])
        angle = rng.uniform(0, 2 * np.pi, 256)
        values = _integrated(lambda y: y @ a.T, np.stack([np.cos(angle), np.sin(angle)], 1), times)
        values[:128, :, 0] *= -1
        values = np.concatenate([np.broadcast_to(times[:, None], (256, 100, 1)), values], -1)
        return times, values, (np.arange(256) < 128).astype(float)
    times = np.linspace(0.0, 1.0, 50)
    return times, _lorenz(rng, 512, times)


def _integrated(rate: Callable, y: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Runge and Kutta's method, 20 steps between two times: (sample, time, c)."""
    states = [y]
    for h in np.diff(times) / 20:
        for _ in range(20):
            k1 = rate(y)
            k2 = rate(y + h / 2 * k1)
            k3 = rate(y + h / 2 * k2)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + rate(y + h * k3))
        states.append(y)
    return np.stack(states, 1)


def _lorenz(rng: np.random.Generator, count: int, times: np.ndarray) -> np.ndarray:
    """Normalised paths with a little noise (Li et al., AISTATS 2020)."""
    y, states, parts = rng.standard_normal((count, 3)), [], 20
    for h in np.diff(times, prepend=times[0] - 1e-9) / parts:
        for _ in range(parts):
            x1, x2, x3 = y.T
            drift = np.stack([10 * (x2 - x1), x1 * (28 - x3) - x2, x1 * x2 - 8 / 3 * x3], 1)
            y = y + h * drift + np.sqrt(h) * np.array([0.1, 0.28, 0.3]) * y * rng.standard_normal(y.shape)
        states.append(y)
    values = np.stack(states, 1)
    values = (values - values.mean((0, 1))) / values.std((0, 1))
    return values + 0.01 * rng.standard_normal(values.shape)


def batches(problem: str, count: int, steps: int) -> np.ndarray:
    """Indices of each step's samples, (step, batch); of the spiral there is one."""
    size = {"ode": 1, "latent_ode": 64, "cde": 32, "latent_sde": 128}[problem]
    return np.random.default_rng(1).integers(0, count, (steps, size))


def timed(advance: Callable[[int], float], problem: str, steps: int) -> dict[str, float]:
    """The first step apart; median time of the others, the loss at the end, and the time until it was good."""
    start = time.perf_counter()
    losses, ends = [advance(0)], [time.perf_counter()]
    for i in range(1, steps):
        losses.append(advance(i))
        ends.append(time.perf_counter())
    window = min(WINDOW, steps)
    smooth = np.convolve(losses, np.ones(window) / window, "valid")
    good = np.flatnonzero(smooth < GOALS[problem])
    reached = ends[good[0] + window - 1] - ends[0] if len(good) else float("nan")
    return {
        "first step": ends[0] - start,
        "step": statistics.median(np.diff(ends)),
        "steps per second": (steps - 1) / (ends[-1] - ends[0]),
        "time to the loss": reached,
        "loss at the end": float(smooth[-1]),
    }
