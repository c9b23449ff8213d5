"""Measured orders of convergence, shared by the tests."""

import math
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table


def observed_order(errors: Sequence[float], ratio: float = 2.0) -> float:
    """Order seen over the last refinement by ``ratio``."""
    return math.log(float(errors[-2]) / float(errors[-1])) / math.log(ratio)


def overall_order(errors: Sequence[float]) -> float:
    """Order seen from the coarsest to the finest of successive halvings."""
    return observed_order([errors[0], errors[-1]], 2 ** (len(errors) - 1))


def print_orders(rows: Iterable[tuple[str, str, str | float, Sequence[float]]]) -> int:
    """A table of rule, where, expected order and that found over halvings; how many rows it has."""
    table = Table("rule", "where", "expected", "found", "finest error", title="Measured orders of convergence")
    for rule, where, expected, errors in rows:
        found = "-" if expected == "spectral" else f"{overall_order(errors):.2f}"
        table.add_row(rule, where, str(expected), found, f"{errors[-1]:.1e}")
    Console(width=120).print(table)
    return table.row_count
