"""``neuralpde inspect``: what a data file holds, as a page of text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .refusal import UsageError
from .show import check_picture, draw

if TYPE_CHECKING:
    from neuralpde.data import Inspection, PartReport

_UNITS = ("B", "kB", "MB", "GB", "TB")


PICTURE = "--picture"


def inspect(arguments: Sequence[str]) -> None:
    """Print what each of the files holds, and with ``--picture PNG`` draw the first samples of one file.

    Raises `UsageError` where no file is named, or another flag.
    """
    paths, picture = _parsed(arguments)
    from rich.console import Console

    from neuralpde.data import first_samples, inspect_file

    console = Console(highlight=False, soft_wrap=True)
    for path in paths:
        for line in lines(inspect_file(path)):
            console.print(line, markup=False)
    if picture is not None:
        draw(first_samples(paths[0], count=3), picture, Path(paths[0]).name)
        console.print(f"{'picture':<11}{picture}", markup=False)


def _parsed(arguments: Sequence[str]) -> tuple[list[str], Path | None]:
    """The files, and where to draw."""
    paths, picture = list(arguments), None
    if PICTURE in paths:
        place = paths.index(PICTURE)
        values = paths[place + 1 : place + 2]
        del paths[place : place + 2]
        if not values or len(paths) != 1:
            raise UsageError(f"Draw one file at a time: `neuralpde inspect FILE {PICTURE} FILE.png`.")
        picture = Path(values[0])
        check_picture(picture)
    if not paths:
        raise UsageError("`neuralpde inspect` needs a file: `neuralpde inspect FILE`.")
    for path in paths:
        if path.startswith("-"):
            raise UsageError(f"`neuralpde inspect` takes files and {PICTURE}, got {path!r}.")
    return paths, picture


def lines(found: Inspection) -> list[str]:
    """The report as lines of text."""
    rows = [("file", found.path), ("layout", found.schema), ("size", _size(found.bytes)), ("sha256", found.sha256)]
    rows += [("samples", str(found.samples))]
    if found.splits:
        rows += [("splits", ", ".join(found.splits))]
    if found.times is not None:
        rows += [("times", f"{found.times[0]:g} to {found.times[1]:g}")]
    for part in found.parts:
        rows += _part_rows(part)
    for name, value in found.parameters.items():
        numbers = value if isinstance(value, tuple) else (value,)
        shown = ", ".join(f"{number:g}" for number in numbers[:4]) + (", ..." if len(numbers) > 4 else "")
        rows += [("parameter", f"{name} = {shown} (first sample)")]
    return [f"{label:<11}{text}" for label, text in rows]


def _part_rows(part: PartReport) -> list[tuple[str, str]]:
    named = [f"{name} [{unit}]" if unit else name for name, unit in zip(part.names, part.units, strict=True)]
    shape = " x ".join(map(str, part.shape))
    rows = [(part.role, f"{part.kind.lower()} of {', '.join(named)}: {shape}, {part.dtype}")]
    for axis in part.axes:
        sides = axis.boundary[0] if axis.boundary[0] == axis.boundary[1] else " / ".join(axis.boundary)
        rows += [("", f"{axis.name} in [{axis.lower:g}, {axis.upper:g}], {axis.points} {axis.layout}, {sides}")]
    return rows


def _size(count: float) -> str:
    """Bytes for people."""
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            return f"{count:.3g} {unit}"
        count /= 1000
    return ""
