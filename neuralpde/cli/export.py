"""``neuralpde export``: the operator of a run as a file that runs without this package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .refusal import UsageError, suggestion

OPTIONS = {"batch": "any", "checkpoint": "best", "resolution": None}
USAGE = "`neuralpde export RUN FILE [batch=any|none|NUMBER] [resolution=NUMBER] [checkpoint=best|last]`"


def export(arguments: Sequence[str]) -> Path:
    """Write the operator of the run folder RUN to FILE, with the batch in front and on the grids of its dataset.

    ``resolution`` is the number of points an axis of another grid for input and output. Raises `UsageError` for
    arguments that make no sense.
    """
    places = [argument for argument in arguments if "=" not in argument]
    options = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    if len(places) != 2:
        raise UsageError(f"`neuralpde export` needs the folder of a run and a file: {USAGE}.")
    for name in options:
        if name not in OPTIONS:
            raise UsageError(f"`neuralpde export` has no option {name!r}. {suggestion(name, OPTIONS, 'options')}")
    batch, checkpoint, resolution = ({**OPTIONS, **options}[name] for name in OPTIONS)

    from neuralpde.interop import export as export_operator

    from .operator import load_run, places_of_run

    folder, file = map(Path, places)
    operator = load_run(folder, checkpoint)
    on, at = places_of_run(folder)
    if resolution is not None:
        on, at = (place.with_shape(_number("resolution", resolution)) for place in (on, at))
    size = {"any": "b", "none": None}[batch] if batch in ("any", "none") else _number("batch", batch)
    written = export_operator(operator, file, on=on, at=at, batch=size)
    print(f"exported: {written}")
    return written


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"{name}={text} is no number of at least 1: {USAGE}.")
    return int(text)
