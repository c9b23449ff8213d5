"""``neuralpde models``: what each model configuration is, how large it is, and what one sample costs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .catalogue import conf_folder, options
from .refusal import UsageError, suggestion

if TYPE_CHECKING:
    from rich.table import Table

    from .model_cost import ModelCost

USAGE = "`neuralpde models [NAME ...] [--size=64] [--dim=2] [--quick] [--json]`"


@dataclasses.dataclass(frozen=True)
class Request:
    """A command line: which models, on a grid of how many points an axis and how many axes, and how to print."""

    names: tuple[str, ...]
    size: int = 64
    dim: int = 2
    quick: bool = False
    as_json: bool = False


def models(arguments: Sequence[str]) -> None:
    """Print a row for each configuration of ``conf/model/``, or for those named.

    Memory and operations are XLA's analysis of the compiled forward pass of one function with one component on a grid
    of ``--size`` cells an axis in float32; ``--quick`` leaves them out, which compiles nothing. ``--json`` prints a
    list of objects instead of a table. Raises `UsageError` for unknown names and flags.
    """
    request = parsed(arguments)
    from rich.console import Console

    from .model_cost import model_cost

    status = Console(stderr=True)
    rows = []
    for name in request.names:
        with status.status(f"{name} ..."):
            rows.append(model_cost(name, request.size, request.dim, compiled=not request.quick))
    if request.as_json:
        print(json.dumps([dataclasses.asdict(row) for row in rows], indent=2))
    else:
        Console().print(table(rows, request))


def parsed(arguments: Sequence[str]) -> Request:
    """The command line as a `Request`."""
    known = options(conf_folder())["model"]
    names = [a for a in arguments if not a.startswith("-")]
    for name in names:
        if name not in known:
            raise UsageError(f"There is no model {name!r}. {suggestion(name, known, 'models')}")
    numbers = {"--size": 64, "--dim": 2}
    switches = {"--quick": False, "--json": False}
    for flag in (a for a in arguments if a.startswith("-")):
        name, _, value = flag.partition("=")
        if name in numbers and value.isdigit() and int(value) > 0:
            numbers[name] = int(value)
        elif flag in switches:
            switches[flag] = True
        else:
            raise UsageError(f"`neuralpde models` cannot read {flag!r}; it is used as {USAGE}.")
    if numbers["--dim"] > 3:
        raise UsageError(f"`neuralpde models` measures in 1 to 3 dimensions, got --dim={numbers['--dim']}.")
    return Request(tuple(names or known), numbers["--size"], numbers["--dim"], switches["--quick"], switches["--json"])


def table(rows: Sequence[ModelCost], request: Request) -> Table:
    """The rows for people."""
    from rich.table import Table

    shape = "x".join([str(request.size)] * request.dim)
    shown = Table(title=f"Models; cost of one sample on {shape} cells", title_justify="left", box=None, pad_edge=False)
    for heading, justify in (
        ("model", "left"),
        ("family", "left"),
        ("parameters", "right"),
        ("inputs", "left"),
        ("convergent", "left"),
        ("memory", "right"),
        ("FLOPs", "right"),
        ("citation", "left"),
    ):
        shown.add_column(heading, justify=justify)
    for row in rows:
        memory, flops = quantity(row.memory, "B"), quantity(row.flops, "")
        parameters = "-" if row.parameters is None else f"{row.parameters:,}"
        convergent = "yes" if row.discretisation_convergent else "no"
        note = f"{row.citation} ({row.note})" if row.note else row.citation
        shown.add_row(row.name, row.family, parameters, row.places, convergent, memory, flops, note)
    return shown


def quantity(value: float | None, unit: str) -> str:
    """``1.2 GB``: a number to three digits with its prefix."""
    if value is None:
        return "-"
    for prefix in ("", "k", "M", "G", "T"):
        if value < 1000 or prefix == "T":
            return f"{value:.3g} {prefix}{unit}".rstrip()
        value /= 1000
    return ""
