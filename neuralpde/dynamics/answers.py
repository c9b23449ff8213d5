"""What models say of series, and what saying it took."""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Array, Float

from neuralpde.spaces import ControlPath, IrregularSeries

from .solved import Cost


class Answered(NamedTuple):
    """An answer, and the cost of the solve behind it; None where nothing was solved."""

    values: Float[Array, "*answer"]
    cost: Cost | None


def answered(model: Any, series: IrregularSeries | ControlPath, **given: Any) -> Answered:
    """``model(series, **given)`` with its cost, which models that solve an equation tell by a method of this name."""
    if hasattr(model, "answered"):
        return model.answered(series, **given)
    return Answered(model(series, **given), None)
