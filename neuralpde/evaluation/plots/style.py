"""The look that all pictures share, and how they become files.

Figures are made without pyplot: they belong to nobody's global list, need no display, and are freed like any
object.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRUTH, PREDICTION, ERROR, ACCENT = "#1b1b1b", "#0072b2", "#d55e00", "#009e73"
DARK, FAINT = "#6a6a6a", "#9a9a9a"
"""Colours of lines: greys and the colour-blind safe palette of Okabe and Ito."""

SERIES = (PREDICTION, ERROR, ACCENT, "#cc79a7", "#e69f00", "#56b4e9")
"""Colours of several curves in one axes."""

SEQUENTIAL, INPUT, DIVERGING, DIFFERENCE, MAGNITUDE = "viridis", "cividis", "RdBu_r", "PuOr_r", "magma"
"""Colour maps: of fields of one sign, of inputs, of signed fields, of errors, of sizes on a logarithmic scale."""

_RC: dict[Any, Any] = {
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#444444",
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Run a drawing function under the shared style, leaving matplotlib's settings as they were."""

    @functools.wraps(draw)
    def wrapped(*args, **kwargs):
        import matplotlib

        with matplotlib.rc_context(_RC):
            return draw(*args, **kwargs)

    return wrapped


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches, with room kept for labels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def labelled(name: str, units: Mapping[str, str] | None) -> str:
    """``pressure [Pa]``, or the bare name where no unit is known."""
    unit = (units or {}).get(name)
    return f"{name} [{unit}]" if unit else name


def to_png(figure: Figure, dpi: int = 150) -> bytes:
    """The figure as PNG bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def save_figures(folder: str | Path, figures: Mapping[str, Figure], dpi: int = 150) -> dict[str, Path]:
    """Write each figure to ``folder/<name>.png``, whole or not at all; the paths by name."""
    return {
        name: write_atomically(Path(folder) / f"{name}.png", to_png(figure, dpi)) for name, figure in figures.items()
    }
