"""Pictures of motions: orbits in phase space, and a learned vector field beside the true one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from .style import FAINT, MAGNITUDE, PREDICTION, SERIES, TRUTH, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Values = Float[np.ndarray, "series time channel"]


@styled
def phase_portrait(truth: Values, answers: Values, *, names: Sequence[str], field=None) -> Figure:
    """Orbits in the plane of the first two channels: truth and answer, a dot where each begins.

    ``field``, a function from points (n, 2) to rates (n, 2), is drawn as streamlines beneath.
    """
    figure = new_figure(5.4, 5.0)
    axes = figure.subplots()
    for i, (orbit, answer) in enumerate(zip(truth, answers, strict=True)):
        labels = ("truth", "answer") if i == 0 else (None, None)
        axes.plot(*orbit[:, :2].T, color=TRUTH, linewidth=1.2, label=labels[0])
        axes.plot(*answer[:, :2].T, color=PREDICTION, linestyle="--", label=labels[1])
        axes.plot(*orbit[0, :2], "o", color=TRUTH, markersize=4)
    if field is not None:
        _streamlines(axes, field)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.legend(loc="best")
    return figure


@styled
def vector_fields_figure(truth, learned, states: Float[np.ndarray, "*many c"], *, names: Sequence[str]) -> Figure:
    """A vector field and the one that was learned, functions from points (n, c) to rates (n, c), where it was learned.

    Streamlines of both in the plane of the first two components, through the median of the others, and the relative
    size of their difference, beneath the ``states`` of training; beside them learned against true rates at the states.
    """
    states = states.reshape(-1, states.shape[-1])
    figure = new_figure(16.5, 4.2)
    *planes, rates = figure.subplots(1, 4, gridspec_kw={"wspace": 0.06})
    for panel, field, title in zip(planes, (truth, learned, None), ("truth", "learned", "difference"), strict=True):
        panel.plot(*states[:, :2].T, ".", color=FAINT, markersize=1.5, alpha=0.5)
        panel.set(title=title, xlabel=names[0], ylabel=names[1])
        panel.grid(False)
        if field is not None:
            _streamlines(panel, field, PREDICTION if title == "learned" else TRUTH, np.median(states, axis=0))
    x, y, points = _plane(planes[2], 60, np.median(states, axis=0))
    true = truth(points)
    scale = np.sqrt(np.mean(np.asarray(truth(states)) ** 2))
    missed = np.linalg.norm(learned(points) - true, axis=-1).reshape(len(y), len(x)) / scale
    drawn = planes[2].pcolormesh(x, y, np.log10(missed + 1e-8), cmap=MAGNITUDE, shading="nearest", zorder=0)
    figure.colorbar(drawn, ax=planes[2], label="log10 of |difference| / rms rate")
    for name, a, b, colour in zip(names, truth(states).T, learned(states).T, cycle(SERIES), strict=False):
        rates.plot(a, b, ".", color=colour, markersize=2, label=f"{name}'")
    rates.axline((0, 0), slope=1, color=TRUTH, linewidth=0.8)
    rates.set(title="at the states", xlabel="true rate", ylabel="learned rate")
    rates.legend(loc="best", markerscale=4)
    return figure


def _streamlines(axes, field, colour=FAINT, middle=(0.0, 0.0), points: int = 24) -> None:
    x, y, grid = _plane(axes, points, middle)
    rates = np.asarray(field(grid)).reshape(len(y), len(x), -1)
    axes.streamplot(x, y, rates[..., 0], rates[..., 1], color=colour, linewidth=0.6, arrowsize=0.7)


def _plane(axes, points: int, middle) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (n, c) of the plane of the first two components that the axes show, and these two."""
    x, y = np.linspace(*axes.get_xlim(), points), np.linspace(*axes.get_ylim(), points)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return x, y, np.concatenate([grid, np.broadcast_to(middle[2:], (len(grid), len(middle) - 2))], axis=1)
