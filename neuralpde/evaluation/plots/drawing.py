"""How one function is drawn: as a curve, as an image, or as coloured points."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from neuralpde.spaces import Field, Grid

from .style import DIVERGING, MAGNITUDE, SEQUENTIAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Units = Mapping[str, str] | None

DECADES = 4
"""How far down a scale of sizes reaches."""


@dataclasses.dataclass(frozen=True)
class Scale:
    """Colour map and limits that several pictures share; ``log``: colours follow the logarithm."""

    lower: float
    upper: float
    colours: str
    log: bool = False

    @classmethod
    def of(cls, *values: np.ndarray, one_signed: str = SEQUENTIAL) -> Scale:
        """Limits of all values together; symmetric about zero, in a diverging map, where they change sign."""
        finite = np.concatenate([np.ravel(v)[np.isfinite(np.ravel(v))] for v in values])
        lower, upper = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        # A sign change by round-off, or a small undershoot of a positive field, is no reason to diverge.
        if min(-lower, upper) > 0.1 * max(-lower, upper):
            return cls.symmetric(*values)
        return cls(lower, upper, one_signed)

    @classmethod
    def symmetric(cls, *values: np.ndarray, colours: str = DIVERGING) -> Scale:
        """Limits centred at zero."""
        finite = np.concatenate([np.ravel(v)[np.isfinite(np.ravel(v))] for v in values])
        largest = float(np.max(np.abs(finite), initial=0.0)) or 1.0
        return cls(-largest, largest, colours)

    @classmethod
    def magnitude(cls, *values: np.ndarray) -> Scale:
        """The upper `DECADES` of sizes, on a logarithmic scale; what is smaller has the colour of the lower end."""
        finite = np.concatenate([np.ravel(v)[np.isfinite(np.ravel(v))] for v in values])
        largest = float(np.max(finite, initial=0.0)) or 1.0
        smallest = float(np.min(finite[finite > 0], initial=largest))
        # A constant size still spans a decade.
        return cls(min(max(smallest, largest / 10**DECADES), largest / 10), largest, MAGNITUDE, log=True)

    @property
    def look(self) -> dict[str, Any]:
        """How matplotlib is told."""
        if not self.log:
            return {"cmap": self.colours, "vmin": self.lower, "vmax": self.upper}
        from matplotlib.colors import LogNorm

        return {"cmap": self.colours, "norm": LogNorm(self.lower, self.upper, clip=True)}


def pick(stacked: Field, index: int) -> Field:
    """One function of many."""
    return jax.tree.map(lambda array: array[index], stacked)


def curve(axes: Axes, field: Field, channel: int, **line):
    """Draw a component of a function of one variable."""
    x = np.asarray(field.on.coords())[:, 0]
    order = np.argsort(x)
    axes.plot(x[order], np.asarray(field.values)[order, channel], **line)


def image(axes: Axes, field: Field, channel: int, scale: Scale, title: str, bar: bool = False):
    """Draw a plane of the field, with its colour bar beside it where one is wanted."""
    x, y, values, where = plane(field, channel)
    if isinstance(field.on, Grid):
        picture = axes.pcolormesh(x, y, values.T, shading="nearest", rasterized=True, **scale.look)
    else:
        size = min(40.0, max(2.0, 12000 / len(x)))
        picture = axes.scatter(x, y, c=values, s=size, linewidths=0, **scale.look)
    to_scale(axes, aspect(field))
    axes.grid(False)
    axes.locator_params(nbins=3)
    axes.set_title(f"{title}\n{where}" if where else title)
    if bar:
        colour_bar(axes, picture, scale)


def to_scale(axes: Axes, ratio: float):
    """Lengths alike on both axes, unless the picture would be a narrow strip; ``ratio``: width over height."""
    if 2 / 3 <= ratio <= 4:
        axes.set_aspect("equal")


def colour_bar(axes: Axes, picture: Any, scale: Scale, width: float = 0.05):
    """The colours of a picture and what they mean, at its right; ``width`` as a share of that of the picture."""
    bar_axes = axes.inset_axes((1.0 + 0.8 * width, 0.0, width, 1.0))
    bar = axes.figure.colorbar(picture, cax=bar_axes)
    if not scale.log:
        bar.formatter.set_powerlimits((-2, 3))
        bar.formatter.set_useMathText(True)
        bar_axes.yaxis.set_offset_position("left")


def noisy_line(axes: Axes, steps: np.ndarray, values: np.ndarray, *, faint: str, **line):
    """A series of single steps, if there is one; a long one faintly, in the colour ``faint``, with its mean over windows
    of one two-hundredth above it."""
    window = len(steps) // 200
    if window > 1:
        axes.plot(steps, values, color=faint, linewidth=0.5, alpha=0.5)
        steps, values = _window_means(steps, window), _window_means(values, window)
    if len(steps):
        axes.plot(steps, values, **line)


def _window_means(values: np.ndarray, window: int) -> np.ndarray:
    """Means over consecutive windows; what is left at the start, shorter than one, is dropped."""
    return values[len(values) % window :].reshape(-1, window).mean(axis=1)


def aspect(field: Field) -> float:
    """Width over height of the plane that is shown."""
    width, height = field.space.domain.bounds.extents[:2]
    return width / height


def plane(field: Field, channel: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    """Two coordinates, the values over them, and a note on where a plane through a volume lies."""
    values = np.asarray(field.values)[..., channel]
    if not isinstance(field.on, Grid):
        if field.space.dim != 2:
            raise ValueError("Pictures of points are drawn in the plane; resample the field to a grid first.")
        x = np.asarray(field.on.coords())
        return x[:, 0], x[:, 1], values, ""
    axes = [np.asarray(field.on.axis_coords(i)) for i in range(field.space.dim)]
    if len(axes) == 2:
        return axes[0], axes[1], values, ""
    middle = len(axes[2]) // 2
    return (
        axes[0],
        axes[1],
        values[:, :, middle],
        f"{field.space.domain.names[2]} = {axes[2][middle]:.3g}",
    )
