"""Measured orders of convergence of every solver, in one table.

``pytest tests/solvers/test_table_of_orders.py -m slow -s`` prints it; the orders themselves are asserted beside each
solver's other tests.
"""

import pytest
from convergence import observed_order
from equations.particle_convergence import particle_rows
from rich.console import Console
from rich.table import Table
from solvers.collocation_convergence import collocation_rows
from solvers.conservation_convergence import conservation_rows
from solvers.dynamics_convergence import flow_rows, line_rows, slow_flow_rows
from solvers.elliptic_convergence import darcy_rows
from solvers.spectral_convergence import spectral_rows
from solvers.sphere_convergence import sphere_rows
from solvers.wave_convergence import wave_rows

pytestmark = pytest.mark.slow


def test_orders_of_solvers_are_printed():
    rows = [*spectral_rows(), *conservation_rows(slow=True), *flow_rows(), *slow_flow_rows(), *line_rows()]
    rows += [*darcy_rows(), *collocation_rows(), *particle_rows(), *sphere_rows(), *wave_rows()]
    table = Table("rule", "problem", "expected", "found", "finest error", title="Measured orders of solvers")
    short = []
    for rule, problem, expected, errors, *ratio in rows:
        found = observed_order(errors, *ratio)
        shown = "-" if expected == "exponential" else f"{found:.2f}"
        table.add_row(rule, problem, expected, shown, f"{errors[-1]:.1e}")
        if found < _least(expected):
            short.append((rule, problem, found))
    Console(width=120).print(table)
    assert not short


def _least(expected: str) -> float:
    """The order that a measured one must reach."""
    if expected == "exponential":
        return 4.0  # more than any order of the others, from one grid to the next
    # Shocks converge with an order below one: each wave that is smeared out has its own.
    return 0.65 if expected == "1" else float(expected) - 0.35
