"""Pictures of functions that were inferred: coefficients over their coordinates, hidden terms beside their formulas."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING

import jax
import numpy as np

from neuralpde.equations.symbolic import FoundFormula
from neuralpde.pinn import Candidate, Problem, visited
from neuralpde.spaces import AbstractFunction

from .drawing import Scale
from .sections import evaluate, plane_aspect, plane_axes, through
from .solution import CURVE_CELLS, PLANE_CELLS, draw_plane
from .style import SERIES, TRUTH, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLACES = 1000
"""Number of places at which a hidden term is drawn."""


def functions(candidate: Candidate) -> dict[str, AbstractFunction]:
    """The unknowns of a candidate that are functions of coordinates."""
    return {name: f for name, f in candidate.unknowns.items() if isinstance(f, AbstractFunction)}


@styled
def unknown_functions(candidate: Candidate) -> Figure:
    """The functions that were found beside the solution, a row each and a picture a component.

    Of one coordinate a curve, of two a map; of more a map over the first two, through the middle of the others.
    """
    found = functions(candidate)
    columns = max(len(f.space.names) for f in found.values())
    heights = [_height(f) for f in found.values()]
    figure = new_figure(5.4 * columns, sum(heights))
    rows = figure.subplots(len(found), columns, squeeze=False, height_ratios=heights)
    for row, (name, f), colour in zip(rows, found.items(), cycle(SERIES), strict=False):
        domain, several = f.space.domain, len(f.space.names) > 1
        section = through(domain, CURVE_CELLS if domain.dim == 1 else PLANE_CELLS)
        values = section.values(f)
        for channel, (axes, component) in enumerate(zip(row, f.space.names, strict=False)):
            title = f"{name}: {component}" if several else name
            if domain.dim == 1:
                axes.plot(section.axes[0], values[:, channel], color=colour)
                axes.set_title(title)
                axes.set_xlabel(domain.names[0])
            else:
                title += f" at {section.note}" if section.note else ""
                draw_plane(axes, section, values[..., channel], Scale.of(values[..., channel]), title)
        for axes in row[len(f.space.names) :]:
            axes.set_visible(False)
    return figure


@styled
def hidden_figure(problem: Problem, candidate: Candidate, formulas: Mapping[str, FoundFormula]) -> Figure:
    """Values of hidden terms over those of their formulas, at places that the solution visits; on the line they agree."""
    panels = [(name, o) for name, found in formulas.items() for o in range(len(found.formula.outputs))]
    figure = new_figure(5.0 * len(panels), 4.4)
    for axes, (name, output), colour in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels, cycle(SERIES), strict=False
    ):
        formula = formulas[name].formula
        z, values = visited(problem, candidate, name, PLACES, jax.random.key(0))
        learned, written = np.asarray(values)[:, output], np.asarray(evaluate(formula, z))[:, output]
        ends = [min(learned.min(), written.min()), max(learned.max(), written.max())]
        axes.plot(ends, ends, color=TRUTH, linewidth=0.9)
        axes.plot(written, learned, ".", color=colour, markersize=3.0, alpha=0.6)
        label, text = formula.outputs[output], list(formula.expressions().values())[output]
        axes.set_title(f"{label} = {text}", wrap=True)
        axes.set_xlabel("formula")
        axes.set_ylabel("network")
    return figure


def _height(f: AbstractFunction) -> float:
    domain = f.space.domain
    flat = domain.dim == 1 or plane_axes(domain.names) != (0, 1)
    return 3.2 if flat else 0.75 + 3.4 / min(3.0, max(1.0, plane_aspect(domain)))
