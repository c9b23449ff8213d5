"""Pictures of rollouts: error and correlation over time, states beside the truth, spectra at chosen times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import numpy as np

from neuralpde.spaces import Field

from ..community import pearson_correlation
from ..metrics import RELATIVE_L2, is_uniform_grid
from ..rollout import THRESHOLDS, Rollouts, errors_of_states
from ..spectrum import energy_spectrum
from .drawing import Scale, Units, aspect, image, pick
from .style import DARK, DIFFERENCE, PREDICTION, TRUTH, labelled, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = 4
"""Number of times at which states and spectra are drawn."""


def rollout_figures(made: Rollouts, *, units: Units = None) -> dict[str, Figure]:
    """``error_growth``, ``rollout`` (the median sample; one to three dimensions, on grids) and ``rollout_spectra`` (on
    uniform grids), by the names of their files."""
    field = made.truth.field
    figures = {"error_growth": error_growth(made)}
    if is_uniform_grid(field.on):
        figures["rollout"] = rollout_panel(made, units=units)
        figures["rollout_spectra"] = rollout_spectra(made, units=units)
    return figures


@styled
def error_growth(made: Rollouts) -> Figure:
    """Relative L2 error of each state over time, mean and range of the samples, beside that of one step from the truth;
    below, the mean correlation with the truth."""
    figure = new_figure(7.2, 5.0)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    times = elapsed(made)
    rolled = errors_of_states(RELATIVE_L2, made.prediction, made.truth)
    upper.fill_between(times, rolled.min(0), rolled.max(0), color=PREDICTION, alpha=0.15, linewidth=0)
    upper.semilogy(times, rolled.mean(0), color=PREDICTION, label="rollout")
    stepped = errors_of_states(RELATIVE_L2, made.one_step, made.truth).mean(0)
    upper.semilogy(times, stepped, color=DARK, linestyle="--", label="one step from the truth")
    upper.set_ylabel("relative L2 error")
    upper.legend(loc="lower right")
    lower.plot(times, pearson_correlation(made.prediction, made.truth).mean(0), color=PREDICTION)
    for threshold in THRESHOLDS:
        lower.axhline(threshold, color=DARK, linewidth=0.8, linestyle=":")
    lower.set_ylim(top=1.02)
    lower.set_ylabel("correlation")
    lower.set_xlabel("time since the last given state")
    return figure


@styled
def rollout_panel(made: Rollouts, *, channel: int = 0, units: Units = None) -> Figure:
    """Truth, prediction and their difference of the median sample: over space and time in one dimension, else at
    `SHOWN` times."""
    index = median_sample(made)
    truth, prediction = pick(made.truth.field, index), pick(made.prediction.field, index)
    difference = jax.tree.map(lambda p, t: p - t, prediction, truth)
    times = elapsed(made, index)
    name = labelled(truth.space.names[channel], units)
    scale = Scale.of(*(np.asarray(part.values)[..., channel] for part in (truth, prediction)))
    apart = Scale.symmetric(np.asarray(difference.values)[..., channel], colours=DIFFERENCE)
    rows = [("truth", truth, scale), ("prediction", prediction, scale), ("prediction − truth", difference, apart)]
    if truth.space.dim == 1:
        figure = new_figure(8.0, 5.4)
        for axes, (title, part, colours) in zip(figure.subplots(3, 1, sharex=True), rows, strict=True):
            _space_time(axes, part, channel, times, colours, f"{title}: {name}", units)
        axes.set_xlabel("time since the last given state")
        return figure
    frames = shown_frames(len(times))
    figure = new_figure(2.6 * len(frames), 3 * (0.7 + 2.0 / min(3.0, max(1.0, aspect(truth)))))
    table = figure.subplots(3, len(frames), squeeze=False)
    for axes_of_row, (title, part, colours) in zip(table, rows, strict=True):
        for axes, frame in zip(axes_of_row, frames, strict=True):
            when = f"t = {times[frame]:.4g}" if title == "truth" else ""
            image(axes, pick(part, frame), channel, colours, when, bar=frame == frames[-1])
            axes.tick_params(labelleft=False, labelbottom=False)
        axes_of_row[0].set_ylabel(f"{title}: {name}")
    return figure


@styled
def rollout_spectra(made: Rollouts, *, units: Units = None) -> Figure:
    """Energy spectra of truth and prediction, mean over samples, at `SHOWN` times."""
    frames = shown_frames(made.truth.times.shape[1])
    figure = new_figure(3.2 * len(frames), 3.2)
    unit = (units or {}).get(made.truth.field.space.domain.names[0], "")
    for axes, frame in zip(figure.subplots(1, len(frames), sharey=True, squeeze=False)[0], frames, strict=True):
        for part, label, colour, style in (
            (made.truth, "truth", TRUTH, "-"),
            (made.prediction, "prediction", PREDICTION, "--"),
        ):
            _spectrum(axes, jax.tree.map(lambda leaf: leaf[:, frame], part.field), label, colour, style)  # noqa: B023
        axes.set_title(f"t = {elapsed(made)[frame]:.4g}")
        axes.set_xlabel(f"wavenumber [rad/{unit}]" if unit else "wavenumber")
        axes.set_yscale("log")
        axes.set_xscale("log")
    figure.axes[0].set_ylabel("energy a shell")
    figure.axes[0].legend(loc="lower left")
    return figure


def elapsed(made: Rollouts, index: int = 0) -> np.ndarray:
    """Times of the predicted states of a sample since the last given one."""
    return np.asarray(made.truth.times[index]) - made.start[index]


def median_sample(made: Rollouts) -> int:
    """The sample of the median error, mean over its steps."""
    errors = errors_of_states(RELATIVE_L2, made.prediction, made.truth).mean(axis=1)
    return int(np.argsort(errors)[(len(errors) - 1) // 2])


def shown_frames(count: int) -> list[int]:
    """`SHOWN` of ``count`` states, equally spaced, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(SHOWN, count)).round().astype(int)).tolist()


def _space_time(axes: Axes, states: Field, channel: int, times: np.ndarray, scale: Scale, title: str, units: Units):
    x = np.asarray(states.on.coords())[:, 0]
    picture = axes.pcolormesh(
        times, x, np.asarray(states.values)[..., channel].T, shading="nearest", rasterized=True,
        cmap=scale.colours, vmin=scale.lower, vmax=scale.upper,
    )  # fmt: skip
    axes.figure.colorbar(picture, ax=axes, pad=0.01)
    axes.grid(False)
    axes.set_title(title)
    axes.set_ylabel(labelled(states.space.domain.names[0], units))


def _spectrum(axes: Axes, fields: Field, label: str, colour: str, style: str):
    spectrum = energy_spectrum(fields)
    shown = (spectrum.wavenumber > 0) & (spectrum.wavenumber <= spectrum.complete) & (spectrum.energy > 0)
    axes.plot(spectrum.wavenumber[shown], spectrum.energy[shown], style, color=colour, label=label)
