"""A rollout as a moving picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neuralpde.spaces import Field

from ..files import write_atomically
from ..rollout import Rollouts
from .drawing import Scale, Units, aspect, curve, image, pick
from .rollout import elapsed, median_sample
from .style import PREDICTION, TRUTH, labelled, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FRAMES = 60
"""Most frames of a film; longer rollouts are thinned."""


def save_film(
    path: str | Path, made: Rollouts, *, channel: int = 0, units: Units = None, seconds: float = 6.0, dpi: int = 70
) -> Path:
    """Write truth and prediction of the median sample as an animated GIF, whole or not at all.

    Curves over one coordinate, images side by side over two or three (the middle slice of the last axis).
    """
    from PIL import Image

    index = median_sample(made)
    truth, prediction = pick(made.truth.field, index), pick(made.prediction.field, index)
    times = elapsed(made, index)
    frames = np.unique(np.linspace(0, len(times) - 1, min(FRAMES, len(times))).round().astype(int)).tolist()
    scale = Scale.of(*(np.asarray(part.values)[..., channel] for part in (truth, prediction)))
    pictures = []
    for frame in frames:
        figure = _frame(pick(truth, frame), pick(prediction, frame), channel, scale, float(times[frame]), units)
        pictures.append(Image.fromarray(_pixels(figure, dpi)).quantize(128))
    buffer = io.BytesIO()
    pictures[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 * seconds / len(frames)),
        loop=0,
    )
    return write_atomically(path, buffer.getvalue())


@styled
def _frame(truth: Field, prediction: Field, channel: int, scale: Scale, time: float, units: Units) -> Figure:
    name = f"{labelled(truth.space.names[channel], units)}, t = {time:.4g}"
    if truth.space.dim == 1:
        figure = new_figure(6.4, 3.2)
        axes = figure.subplots()
        curve(axes, truth, channel, color=TRUTH, label="truth")
        curve(axes, prediction, channel, color=PREDICTION, linestyle="--", label="prediction")
        room = 0.05 * (scale.upper - scale.lower)
        axes.set_ylim(scale.lower - room, scale.upper + room)
        axes.set_xlabel(labelled(truth.space.domain.names[0], units))
        axes.legend(loc="upper right")
        axes.set_title(name)
        return figure
    figure = new_figure(7.4, 0.9 + 3.2 / min(3.0, max(1.0, aspect(truth))))
    for axes, part, title in zip(figure.subplots(1, 2), (truth, prediction), ("truth", "prediction"), strict=True):
        image(axes, part, channel, scale, title, bar=part is prediction)
    figure.suptitle(name)
    return figure


def _pixels(figure: Figure, dpi: int) -> np.ndarray:
    """The figure as an array (height, width, 3)."""
    figure.set_dpi(dpi)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
