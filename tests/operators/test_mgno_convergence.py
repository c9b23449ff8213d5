"""MgNO in physical units is one operator on all grids: its outputs converge as the grid is refined."""

import pytest
from convergence import observed_order

from .mgno_convergence import WALLS, differences, mgno_rows


@pytest.mark.parametrize("name", WALLS)
def test_outputs_converge_with_order_two(name):
    found = differences(name)
    assert observed_order(found) == pytest.approx(2, abs=0.2)
    assert found[0] < 0.1


def test_kernels_in_grid_units_do_not_converge():
    assert observed_order(differences("cells", physical_scaling=False)) < 0.2


def test_rows_of_the_table_are_those_of_the_tests():
    assert [name for _, name, _, _ in mgno_rows()] == list(WALLS)
