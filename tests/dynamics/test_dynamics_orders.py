"""Orders of the schemes of stochastic, controlled and field equations: ``pytest -m slow FILE -s`` prints the table."""

import pytest
from convergence import overall_order, print_orders
from dynamics.cde_convergence import log_ode_rows
from dynamics.field_convergence import field_rows
from dynamics.sde_convergence import sde_rows

pytestmark = pytest.mark.slow

NOISE = 0.25
"""By how much an order that is found from random paths may miss."""


def test_table_of_orders_in_time_is_printed():
    rows = [*sde_rows(), *log_ode_rows(), *field_rows()]
    assert print_orders(rows) == len(rows)
    short = [(rule, where) for rule, where, expected, errors in rows if overall_order(errors) < float(expected) - NOISE]
    assert not short
