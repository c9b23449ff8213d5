"""What solving costs while a model of differential equations is trained, from the records of ``metrics.jsonl``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..history import Record, series
from .drawing import noisy_line
from .style import ACCENT, DARK, ERROR, FAINT, PREDICTION, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COUNTS = {"evaluations": PREDICTION, "accepted_steps": ACCENT, "rejected_steps": ERROR}


@styled
def cost_curve(records: Sequence[Record], *, split: str, loss: str = "train/loss") -> Figure:
    """Evaluations of the vector field and steps of a solve, mean over the held-out ``split``, beneath the training loss."""
    figure = new_figure(7.2, 5.0)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    steps, losses = series(records, loss)
    noisy_line(upper, steps, losses, faint=FAINT, color=DARK, linewidth=1.4)
    upper.set_yscale("log" if losses.size and losses.min() > 0 else "linear")
    upper.set_ylabel("training loss")
    for name, colour in COUNTS.items():
        counted = series(records, f"{split}/{name}")
        if len(counted[0]):
            lower.plot(*counted, "o-", color=colour, markersize=4, label=name.replace("_", " "))
    lower.set_ylim(bottom=0)
    lower.set_ylabel("number a solve")
    lower.set_xlabel("step")
    lower.legend(loc="best")
    return figure


def split_of_cost(records: Sequence[Record]) -> str | None:
    """The split whose cost the records tell, None where they tell none."""
    counted = lambda split: any(f"{split}/accepted_steps" in record for record in records)
    return next((split for split in ("validation", "test") if counted(split)), None)
