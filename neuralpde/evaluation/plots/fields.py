"""Pictures of fields: input, truth, prediction and error side by side."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Shaped

from neuralpde.spaces import Field

from .drawing import Scale, Units, aspect, curve, image, pick, plane
from .style import DIFFERENCE, ERROR, INPUT, PREDICTION, TRUTH, labelled, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def field_panel(
    inputs: Field, truth: Field, prediction: Field, *, title: str | None = None, units: Units = None
) -> Figure:
    """One sample, a row for each component of the output.

    In one dimension truth and prediction share an axes; in two they share one colour scale; of three
    dimensions the middle slice of the last axis is shown. ``units`` maps names of coordinates and components
    to their units.
    """
    rows = [_Row(inputs, truth, prediction, channel) for channel in range(truth.space.channels)]
    return _figure(rows, title, units)


@styled
def ranked_panel(
    inputs: Field,
    truth: Field,
    prediction: Field,
    errors: Shaped[np.ndarray, " sample"],
    *,
    error_name: str = "relative L2",
    channel: int = 0,
    title: str | None = None,
    units: Units = None,
) -> Figure:
    """The best, the median and the worst sample of stacked fields, ranked by ``errors``, a row each."""
    order = np.argsort(np.asarray(errors), kind="stable")
    rows = []
    for name, rank in (("best", 0), ("median", (len(order) - 1) // 2), ("worst", len(order) - 1)):
        index = int(order[rank])
        label = f"{name}\n{error_name} {float(errors[index]):.2e}"
        rows.append(_Row(pick(inputs, index), pick(truth, index), pick(prediction, index), channel, label))
    return _figure(rows, title, units)


@dataclasses.dataclass(frozen=True)
class _Row:
    """What one row of a panel shows; ``label`` stands at its left."""

    inputs: Field
    truth: Field
    prediction: Field
    channel: int
    label: str = ""


def _figure(rows: Sequence[_Row], title: str | None, units: Units) -> Figure:
    truth = rows[0].truth
    curves = truth.space.dim == 1
    columns = 3 if curves else 4
    # Flat domains get flat rows; the room for titles and labels does not shrink with them.
    height = 2.0 if curves else 0.7 + 2.2 / min(3.0, max(1.0, aspect(truth)))
    figure = new_figure(3.3 * columns, height * len(rows) + (0.75 if title else 0.35))
    if title:
        figure.suptitle(title, fontweight="bold")
    table = figure.subplots(len(rows), columns, squeeze=False)
    for axes, row in zip(table, rows, strict=True):
        draw_input = _curve_of_input if row.inputs.space.dim == 1 else _image_of_input
        draw_input(axes[0], row, units)
        (_compare_curves if curves else _compare_images)(axes[1:], row, units)
        if row.label:
            axes[0].annotate(
                row.label,
                (-0.42, 0.5),
                xycoords="axes fraction",
                rotation=90,
                ha="center",
                va="center",
                fontweight="bold",
                color="#333333",
            )
    _label_outside(table, rows[0], units)
    return figure


def _label_outside(table: np.ndarray, row: _Row, units: Units):
    """Names of coordinates along the left and lower edge only, where all rows and columns share them."""
    planar = [field.space.dim > 1 for field in (row.inputs, row.truth)]
    same_domain = row.inputs.space.domain == row.truth.space.domain
    for i, axes_of_row in enumerate(table):
        for j, axes in enumerate(axes_of_row):
            field = row.inputs if j == 0 else row.truth
            names = field.space.domain.names
            if i == len(table) - 1:
                axes.set_xlabel(labelled(names[0], units))
            elif planar[j > 0]:
                axes.tick_params(labelbottom=False)
            if planar[j > 0] and (j == 0 or (j == 1 and not same_domain)):
                axes.set_ylabel(labelled(names[1], units))
            elif planar[j > 0]:
                axes.tick_params(labelleft=False)


def _curve_of_input(axes: Axes, row: _Row, units: Units):
    channel = min(row.channel, row.inputs.space.channels - 1)
    curve(axes, row.inputs, channel, color=TRUTH)
    axes.set_title(f"input: {labelled(row.inputs.space.names[channel], units)}")


def _image_of_input(axes: Axes, row: _Row, units: Units):
    channel = min(row.channel, row.inputs.space.channels - 1)
    scale = Scale.of(plane(row.inputs, channel)[2], one_signed=INPUT)
    name = labelled(row.inputs.space.names[channel], units)
    image(axes, row.inputs, channel, scale, f"input: {name}", bar=True)


def _compare_curves(axes: Sequence[Axes], row: _Row, units: Units):
    name = labelled(row.truth.space.names[row.channel], units)
    curve(axes[0], row.truth, row.channel, color=TRUTH, label="truth")
    curve(axes[0], row.prediction, row.channel, color=PREDICTION, linestyle="--", label="prediction")
    axes[0].set_title(name)
    if axes[0].get_subplotspec().is_first_row():
        axes[0].legend(loc="best")
    error = _difference(row.prediction, row.truth)
    curve(axes[1], error, row.channel, color=ERROR)
    axes[1].axhline(0.0, color=TRUTH, linewidth=0.8)
    largest = Scale.symmetric(np.asarray(error.values)[..., row.channel]).upper
    axes[1].set_ylim(-1.1 * largest, 1.1 * largest)
    axes[1].set_title("prediction − truth")
    axes[1].ticklabel_format(axis="y", scilimits=(-2, 3), useMathText=True)


def _compare_images(axes: Sequence[Axes], row: _Row, units: Units):
    name = labelled(row.truth.space.names[row.channel], units)
    planes = [plane(field, row.channel)[2] for field in (row.truth, row.prediction)]
    pair = Scale.of(*planes)
    image(axes[0], row.truth, row.channel, pair, f"truth: {name}")
    image(axes[1], row.prediction, row.channel, pair, f"prediction: {name}", bar=True)
    error = _difference(row.prediction, row.truth)
    scale = Scale.symmetric(plane(error, row.channel)[2], colours=DIFFERENCE)
    image(axes[2], error, row.channel, scale, "prediction − truth", bar=True)


def _difference(prediction: Field, truth: Field) -> Field:
    return truth.with_values(prediction.values - truth.values)
