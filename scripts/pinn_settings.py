"""What the sides of ``bench_pinn.py`` share: problems, networks, numbers of points and of steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

RATE = 1e-3
"""Of Adam."""
VISCOSITY = 0.01 / np.pi
REYNOLDS = 100.0
WIDTH, DEPTH = 20, 3
LEVELS = (1e-2, 1e-3, 1e-4)
"""Relative L2 errors whose time is told."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """Points in the domain, on its walls and at the beginning; of ``components`` the error is told."""

    title: str
    points: int
    boundary: int
    initial: int
    outputs: int
    components: int


SETTINGS = {
    "burgers": Setting("Burgers, viscosity 0.01/pi", 2540, 80, 160, 1, 1),
    "allen_cahn": Setting("Allen-Cahn, diffusivity 1e-4", 2540, 80, 160, 1, 1),
    "cavity": Setting("Driven cavity, Re = 100", 2540, 240, 0, 3, 2),
}

Trace = list[tuple[int, float, float]]
"""Steps, seconds of training until then, and the error."""


def relative_l2(found: np.ndarray, values: np.ndarray) -> float:
    """Over all points and components."""
    return float(np.linalg.norm(found[:, : values.shape[1]] - values) / np.linalg.norm(values))


def traced(
    chunks: Sequence[int],
    train: Callable[[int], float],
    predict: Callable[[np.ndarray], np.ndarray],
    held_out: tuple[np.ndarray, np.ndarray],
) -> Trace:
    """Train in chunks of steps, ``train(steps) -> seconds``, and measure after each, until the last level is reached."""
    points, values = held_out
    done, seconds, trace = 0, 0.0, []
    for count in chunks:
        seconds += train(count)
        done += count
        trace.append((done, seconds, relative_l2(predict(points), values)))
        if trace[-1][2] < LEVELS[-1]:
            break
    return trace
