"""How one function is drawn: as a curve, as an image, or as coloured points."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import jax
import numpy as np

from neuralpde.spaces import Field, Grid

from .style import DIVERGING, SEQUENTIAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Units = Mapping[str, str] | None


@dataclasses.dataclass(frozen=True)
class Scale:
    """Colour map and limits that several pictures share."""

    lower: float
    upper: float
    colours: str

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
    colours = {"cmap": scale.colours, "vmin": scale.lower, "vmax": scale.upper}
    x, y, values, where = plane(field, channel)
    if isinstance(field.on, Grid):
        picture = axes.pcolormesh(x, y, values.T, shading="nearest", rasterized=True, **colours)
    else:
        size = min(40.0, max(2.0, 12000 / len(x)))
        picture = axes.scatter(x, y, c=values, s=size, linewidths=0, **colours)
    if 2 / 3 <= aspect(field) <= 4:
        axes.set_aspect("equal")
    axes.grid(False)
    axes.locator_params(nbins=3)
    axes.set_title(f"{title}\n{where}" if where else title)
    if bar:
        bar_axes = axes.inset_axes((1.04, 0.0, 0.05, 1.0))
        colour_bar = axes.figure.colorbar(picture, cax=bar_axes)
        colour_bar.formatter.set_powerlimits((-2, 3))
        colour_bar.formatter.set_useMathText(True)
        bar_axes.yaxis.set_offset_position("left")


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
