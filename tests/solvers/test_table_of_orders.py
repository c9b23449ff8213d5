"""Measured orders of convergence of every solver of evolution equations and of waves, in one table.

``pytest tests/solvers/test_table_of_orders.py -m slow -s`` prints it; the orders themselves are asserted beside each
solver's other tests.
"""

import pytest
from convergence import observed_order
from rich.console import Console
from rich.table import Table
from solvers.conservation_convergence import conservation_rows
from solvers.dynamics_convergence import flow_rows, line_rows, slow_flow_rows
from solvers.spectral_convergence import spectral_rows
from solvers.wave_convergence import wave_rows

pytestmark = pytest.mark.slow


def test_orders_of_solvers_are_printed():
    rows = [
        *spectral_rows(),
        *conservation_rows(slow=True),
        *flow_rows(),
        *slow_flow_rows(),
        *line_rows(),
        *wave_rows(),
    ]
    table = Table("rule", "problem", "expected", "found", "finest error", title="Measured orders of solvers")
    short = []
    for rule, problem, expected, errors in rows:
        found = observed_order(errors)
        table.add_row(rule, problem, expected, f"{found:.2f}", f"{errors[-1]:.1e}")
        # Shocks converge with an order below one: each wave that is smeared out has its own.
        if found < (0.65 if expected == "1" else float(expected) - 0.35):
            short.append((rule, problem, found))
    Console(width=120).print(table)
    assert not short
