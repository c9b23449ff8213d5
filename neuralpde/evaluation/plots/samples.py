"""Pictures of a dataset: what its samples look like, before anything is learned from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import numpy as np

from neuralpde.spaces import Field, Sample, Trajectory

from .drawing import Scale, Units, aspect, curve, image, pick
from .style import ACCENT, ERROR, INPUT, PREDICTION, SEQUENTIAL, TRUTH, labelled, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = (TRUTH, PREDICTION, ERROR, ACCENT)
_WIDTH, _HEIGHT = 3.0, 2.4  # inches of one picture of a table


@styled
def samples_figure(samples: Sample, *, frames: int = 4, title: str | None = None, units: Units = None) -> Figure:
    """The first of some stacked samples, as their kind asks for.

    Trajectories over one dimension are drawn as images of space and time, a column a component, a row a sample; over
    more dimensions as ``frames`` states of the first sample, equally spaced in time, a row a component. Pairs of
    functions of one variable share one axes for the inputs and one for the targets; pairs of other functions get a
    row a sample. Of three dimensions the middle slice of the last axis is shown. ``units`` maps names of coordinates
    and components to their units.

    Raises ``ValueError`` for points in more than two dimensions and for functions on grids of more than three.
    """
    if isinstance(samples.targets, Trajectory):
        if _dim(samples.targets.field) == 1:
            return _space_time(samples.targets, title, units)
        return _film(samples.targets, frames, title, units)
    inputs, targets = _last(samples.inputs), _last(samples.targets)
    draw = _curves if inputs.space.dim == targets.space.dim == 1 else _pairs
    return draw(inputs, targets, title, units)


def _dim(field: Field) -> int:
    return field.space.dim


def _last(part: Field | Trajectory) -> Field:
    """Stacked fields; of trajectories, their last states."""
    return part if isinstance(part, Field) else jax.tree.map(lambda leaf: leaf[:, -1], part.field)


def _table(rows: int, columns: int, width: float, height: float, title: str | None) -> tuple[Figure, np.ndarray]:
    """A figure and its axes; ``width`` and ``height`` are those of one picture, labels not counted."""
    figure = new_figure(width * columns, height * rows + (0.75 if title else 0.35))
    if title:
        figure.suptitle(title, fontweight="bold")
    return figure, figure.subplots(rows, columns, squeeze=False)


def _height(field: Field) -> float:
    """Of a picture of a planar field; flat domains get flat rows."""
    return 0.7 + 2.0 / min(3.0, max(1.0, aspect(field)))


def _curves(inputs: Field, targets: Field, title: str | None, units: Units) -> Figure:
    """Inputs beside targets, a colour a sample; a column a component of the targets."""
    columns = 1 + targets.space.channels
    figure, table = _table(1, columns, _WIDTH + 0.4, _HEIGHT, title)
    parts = [(inputs, 0), *((targets, channel) for channel in range(targets.space.channels))]
    for axes, (part, channel) in zip(table[0], parts, strict=True):
        for colour, index in zip(_COLOURS, range(len(part.values)), strict=False):
            curve(axes, pick(part, index), channel, color=colour)
        axes.set_xlabel(labelled(part.space.domain.names[0], units))
        axes.set_title(f"{'input' if part is inputs else 'target'}: {labelled(part.space.names[channel], units)}")
    return figure


def _pairs(inputs: Field, targets: Field, title: str | None, units: Units) -> Figure:
    """A row a sample: every component of the input, then every component of the target."""
    parts = [(part, channel) for part in (inputs, targets) for channel in range(part.space.channels)]
    figure, table = _table(len(targets.values), len(parts), _WIDTH, max(map(_height, _planar(inputs, targets))), title)
    for index, row in enumerate(table):
        for axes, (part, channel) in zip(row, parts, strict=True):
            role = "input" if part is inputs else "target"
            name = f"{role}: {labelled(part.space.names[channel], units)}" if index == 0 else ""
            _draw(axes, pick(part, index), channel, name, INPUT if part is inputs else SEQUENTIAL)
            _name_coordinates(axes, part, index == len(table) - 1, channel == 0, units)
    return figure


def _planar(*fields: Field) -> list[Field]:
    return [field for field in fields if _dim(field) > 1]


def _draw(axes: Axes, field: Field, channel: int, name: str, colours: str) -> None:
    if _dim(field) == 1:
        curve(axes, field, channel, color=TRUTH)
        axes.set_title(name)
    else:
        scale = Scale.of(np.asarray(field.values)[..., channel], one_signed=colours)
        image(axes, field, channel, scale, name, bar=True)


def _name_coordinates(axes: Axes, field: Field, lowest: bool, leftmost: bool, units: Units) -> None:
    names = field.space.domain.names
    if lowest:
        axes.set_xlabel(labelled(names[0], units))
    else:
        axes.tick_params(labelbottom=False)
    if _dim(field) > 1 and leftmost:
        axes.set_ylabel(labelled(names[1], units))
    elif _dim(field) > 1:
        axes.tick_params(labelleft=False)


def _space_time(trajectories: Trajectory, title: str | None, units: Units) -> Figure:
    """Position to the right, time upwards; every sample has its own colours."""
    fields, times = trajectories.field, np.asarray(trajectories.times)
    names, count = fields.space.names, len(times)
    figure, table = _table(count, len(names), _WIDTH + 0.6, _HEIGHT, title)
    for index, row in enumerate(table):
        for channel, axes in enumerate(row):
            x, values = _sorted_in_space(fields, index, channel)
            scale = Scale.of(values)
            picture = axes.pcolormesh(
                x, times[index], values, shading="nearest", rasterized=True,
                cmap=scale.colours, vmin=scale.lower, vmax=scale.upper,
            )  # fmt: skip
            axes.figure.colorbar(picture, ax=axes, pad=0.02)
            axes.grid(False)
            axes.set_title(labelled(names[channel], units) if index == 0 else "")
            if index == count - 1:
                axes.set_xlabel(labelled(fields.space.domain.names[0], units))
            if channel == 0:
                axes.set_ylabel(labelled("t", units))
    return figure


def _sorted_in_space(fields: Field, index: int, channel: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions in order and the values (time, position) over them; the points of the first state hold for all."""
    first = jax.tree.map(lambda leaf: leaf[index, 0], fields.on)
    x = np.asarray(first.coords())[:, 0]
    order = np.argsort(x)
    return x[order], np.asarray(fields.values)[index][:, order, channel]


def _film(trajectories: Trajectory, frames: int, title: str | None, units: Units) -> Figure:
    """States of the first sample, a row a component, which has one scale for all its states."""
    states, times = pick(trajectories.field, 0), np.asarray(trajectories.times)[0]
    shown = np.unique(np.linspace(0, len(times) - 1, min(frames, len(times))).round().astype(int)).tolist()
    names = states.space.names
    figure, table = _table(len(names), len(shown), _WIDTH - 0.4, _height(states) - 0.4, title)
    for channel, row in enumerate(table):
        scale = Scale.of(np.asarray(states.values)[shown][..., channel])
        for column, (axes, frame) in enumerate(zip(row, shown, strict=True)):
            when = f"t = {times[frame]:.4g}" if channel == 0 else ""
            image(axes, pick(states, frame), channel, scale, when, bar=column == len(shown) - 1)
            _name_coordinates(axes, states, channel == len(names) - 1, False, units)
        row[0].tick_params(labelleft=True)
        row[0].set_ylabel(labelled(names[channel], units), fontweight="bold")
    return figure
