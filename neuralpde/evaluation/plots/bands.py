"""Pictures of bands around predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuralpde.spaces import Field

from .drawing import Scale, Units, curve, image
from .style import DIFFERENCE, PREDICTION, SEQUENTIAL, TRUTH, labelled, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def band_figure(
    truth: Field, prediction: Field, half_width: Field, *, title: str | None = None, units: Units = None
) -> Figure:
    """One prediction and its band, a row for each component.

    In one dimension truth, prediction and band share an axes. In two, truth and prediction share one colour scale,
    beside them the half width, and the error over the half width: outside of -1 to 1 the band misses the truth.
    """
    plot, width, columns = (_curves, 7.0, 1) if truth.space.dim == 1 else (_images, 14.0, 4)
    figure = new_figure(width, 3.2 * truth.space.channels)
    axes = figure.subplots(truth.space.channels, columns, squeeze=False)
    for channel, row in enumerate(axes):
        plot(row, truth, prediction, half_width, channel, units)
    if title:
        figure.suptitle(title)
    return figure


def _curves(row, truth: Field, prediction: Field, half_width: Field, channel: int, units: Units) -> None:
    (axes,) = row
    x = np.asarray(truth.on.coords())[:, 0]
    order = np.argsort(x)
    middle, half = (np.asarray(field.values)[order, channel] for field in (prediction, half_width))
    axes.fill_between(x[order], middle - half, middle + half, color=PREDICTION, alpha=0.2, linewidth=0, label="band")
    curve(axes, prediction, channel, color=PREDICTION, label="prediction")
    curve(axes, truth, channel, color=TRUTH, linewidth=1.2, label="truth")
    axes.set_xlabel(labelled(truth.space.domain.names[0], units))
    axes.set_ylabel(labelled(truth.space.names[channel], units))
    axes.legend(loc="best")


def _images(row, truth: Field, prediction: Field, half_width: Field, channel: int, units: Units) -> None:
    values = [np.asarray(field.values)[..., channel] for field in (truth, prediction, half_width)]
    shared = Scale.of(*values[:2])
    error = np.asarray(truth.values) - np.asarray(prediction.values)
    ratio = Field(error / np.asarray(half_width.values), truth.on, truth.space)
    pictures = (
        (truth, shared, "truth"),
        (prediction, shared, "prediction"),
        (half_width, Scale(0.0, float(values[2].max()), SEQUENTIAL), "half width"),
        (ratio, Scale(-1.0, 1.0, DIFFERENCE), "error over half width"),
    )
    for axes, (field, scale, name) in zip(row, pictures, strict=True):
        image(axes, field, channel, scale, name, bar=True)
        axes.set_xlabel(labelled(truth.space.domain.names[0], units))
    row[0].set_ylabel(labelled(truth.space.domain.names[1], units))
    row[0].set_title(f"truth {labelled(truth.space.names[channel], units)}")
