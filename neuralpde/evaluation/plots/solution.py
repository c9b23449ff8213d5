"""Pictures of a trained solution beside its reference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Shaped

from neuralpde.pinn import Candidate, Problem

from .drawing import Scale, colour_bar, to_scale
from .sections import TIME, Comparison, Section, compare, plane_aspect, plane_axes, through
from .style import DARK, ERROR, PREDICTION, TRUTH, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import GridSpec, SubplotSpec

CURVE_CELLS, PLANE_CELLS = 512, 256
CURVES_ABREAST = 4
"""At most so many components are drawn beside each other where they are curves."""
TIMES = 4
"""Number of times at which a solution of position and time is drawn as a curve."""


@styled
def solution_figure(problem: Problem, candidate: Candidate) -> Figure:
    """The solution that was found, beside the reference where one is known, for each component.

    Of one coordinate: curves, four beside each other, and prediction - reference below. Of two: maps of prediction and
    reference in one colour scale, and of |prediction - reference| in a logarithmic one; of position and time moreover
    curves at `TIMES` times, the reference dashed. Of more: maps over the first two, through the middle of the others,
    which the title tells. What lies outside of the domain stays blank. With a reference that is a Field on a grid all is
    drawn at points of its grid.
    """
    return (_curves if problem.answer_space.dim == 1 else _maps)(problem, candidate)


def _curves(problem: Problem, candidate: Candidate) -> Figure:
    made = compare(problem, candidate, through(problem.answer_space.domain, CURVE_CELLS, problem.reference))
    names, (x,) = problem.answer_space.names, made.section.axes
    rows = 1 if made.reference is None else 2
    width = min(len(names), CURVES_ABREAST)
    bands = math.ceil(len(names) / width)
    figure = new_figure(5.4 * width, (3.4 + 1.6 * (rows - 1)) * bands)
    table = figure.subplots(rows * bands, width, sharex=True, squeeze=False, height_ratios=(2.2, 1)[:rows] * bands)
    # A column of panels for each component, one band of them below the other; the last band may have some to spare.
    columns = table.reshape(bands, rows, width).swapaxes(1, 2).reshape(-1, rows)
    for axes in columns[len(names) :].flat:
        axes.remove()
    for channel, (name, column) in enumerate(zip(names, columns, strict=False)):
        _pair(column[0], x, made, (slice(None), channel))
        column[0].set_title(name)
        if rows == 2:
            column[1].plot(x, made.error[:, channel], color=ERROR)
            column[1].axhline(0.0, color=TRUTH, linewidth=0.8)
            column[1].set_title("prediction − reference")
            column[1].ticklabel_format(axis="y", scilimits=(-2, 3), useMathText=True)
        column[-1].set_xlabel(problem.answer_space.domain.names[0])
        column[-1].tick_params(labelbottom=True)
    table[0, 0].legend(loc="best")
    return figure


def _maps(problem: Problem, candidate: Candidate) -> Figure:
    """Twelve columns, of which a map takes four where there are three of them, and a curve at a time three."""
    domain, known = problem.answer_space.domain, problem.reference is not None
    made = compare(problem, candidate, through(domain, PLANE_CELLS, problem.reference))
    states = None
    if domain.names[1] == TIME:
        states = compare(problem, candidate, through(domain, PLANE_CELLS, problem.reference, TIMES))
    figure, rows = _table(problem, made, states is not None)
    span = 4 if known else 12
    for channel, name in enumerate(problem.answer_space.names):
        top = channel * (1 if states is None else 2)
        row = [figure.add_subplot(rows[top, at : at + span]) for at in range(0, 12, span)]
        _planes(row, made, channel, name)
        if states is not None:
            _mark_times(row[0], states.section)
            places = [rows[top + 1, 3 * i : 3 * i + 3] for i in range(len(states.section.axes[1]))]
            _states(figure, places, states, channel, name)
    if states is not None and known:
        figure.legend(*figure.axes[-1].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _table(problem: Problem, made: Comparison, in_time: bool) -> tuple[Figure, GridSpec]:
    """A figure and its places: a row of maps a component, and below it one of curves where time is drawn."""
    if in_time:
        width, heights = (9.5 if made.reference is None else 12.6), [2.3, 2.1]
    else:
        width, heights = (
            (5.0 if made.reference is None else 12.6),
            [0.75 + 2.95 / min(3.0, max(0.8, plane_aspect(made.section.domain)))],
        )
    note, channels = made.section.note, len(problem.answer_space.names)
    figure = new_figure(width, channels * sum(heights) + (0.4 if in_time or note else 0.1))
    if note:
        figure.suptitle(f"at {note}", fontweight="bold")
    return figure, figure.add_gridspec(channels * len(heights), 12, height_ratios=heights * channels)


def _planes(row: list[Axes], made: Comparison, channel: int, name: str) -> None:
    prediction = made.prediction[..., channel]
    if made.reference is None:
        draw_plane(row[0], made.section, prediction, Scale.of(prediction), f"prediction: {name}")
        return
    reference, error = made.reference[..., channel], np.abs(made.error[..., channel])
    pair = Scale.of(prediction, reference)
    draw_plane(row[0], made.section, prediction, pair, f"prediction: {name}")
    draw_plane(row[1], made.section, reference, pair, f"reference: {name}")
    largest = float(np.nanmax(error, initial=0.0))
    draw_plane(row[2], made.section, error, Scale.magnitude(error), f"|prediction − reference| ≤ {largest:.2g}")
    for axes in row[1:]:
        axes.set_ylabel("")
        axes.tick_params(labelleft=False)


def _states(figure: Figure, places: list[SubplotSpec], made: Comparison, channel: int, name: str) -> None:
    """One component over position at some times, in one scale."""
    x, times = made.section.axes[:2]
    first = None
    for i, (place, time) in enumerate(zip(places, times, strict=True)):
        axes = figure.add_subplot(place, sharey=first)
        _pair(axes, x, made, (slice(None), i, channel))
        axes.set_title(f"{name} at t = {float(time):.3g}")
        axes.set_xlabel(made.section.domain.names[0])
        axes.tick_params(labelleft=first is None)
        first = first or axes


def _pair(axes: Axes, x: Shaped[np.ndarray, " n"], made: Comparison, where: tuple) -> None:
    """A curve of the prediction, and above it the reference as dashes."""
    axes.plot(x, made.prediction[where], color=PREDICTION, linewidth=2.6, label="prediction")
    if made.reference is not None:
        axes.plot(x, made.reference[where], color=TRUTH, linestyle=(0, (4, 3)), linewidth=1.2, label="reference")


def _mark_times(axes: Axes, section: Section) -> None:
    for time in section.axes[1][1:-1]:
        axes.axvline(float(time), color=DARK, linestyle=":", linewidth=1.0)


def draw_plane(axes: Axes, section: Section, values: Shaped[np.ndarray, "a b"], scale: Scale, title: str) -> None:
    """Draw values over the first two coordinates, time to the right, with their colour bar."""
    names = section.domain.names
    right, up = plane_axes(names)
    drawn = values if right == 1 else values.T
    picture = axes.pcolormesh(
        section.axes[right], section.axes[up], drawn, shading="nearest", rasterized=True, **scale.look
    )
    if right == 0:
        to_scale(axes, plane_aspect(section.domain))
    axes.grid(False)
    axes.locator_params(nbins=4)
    axes.set_title(title)
    axes.set_xlabel(names[right])
    axes.set_ylabel(names[up])
    inches = axes.get_position().width * axes.figure.get_figwidth()
    colour_bar(axes, picture, scale, min(0.05, 0.16 / inches))
