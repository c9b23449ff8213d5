"""MgNO in physical units is one operator on all grids: its outputs converge as the grid is refined."""

import numpy as np
import pytest
from convergence import observed_order

from neuralpde.data import Dataset
from neuralpde.evaluation import evaluate_operator
from neuralpde.nn import Standardize
from neuralpde.operators import MgNO, Normalized
from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace, Sample
from neuralpde.training import OperatorTask, adamw, fit

from .mgno_convergence import WALLS, differences, mgno_rows

LINE = Box.cube(1)
MEDIUM, PRESSURE = FunctionSpace(LINE, ("log a",)), FunctionSpace(LINE, ("u",), Dirichlet())


@pytest.mark.parametrize("name", [n if n == "cells" else pytest.param(n, marks=pytest.mark.slow) for n in WALLS])
def test_outputs_converge_with_order_two(name):
    found = differences(name)
    assert observed_order(found) == pytest.approx(2, abs=0.2)
    assert found[-1] < 0.01


def test_kernels_in_grid_units_do_not_converge():
    assert observed_order(differences("cells", physical_scaling=False)) < 0.2


@pytest.mark.slow
def test_rows_of_the_table_are_those_of_the_tests():
    assert [name for _, name, _, _ in mgno_rows()] == list(WALLS)


def darcy_in_one_dimension(count, sizes, seed):
    """Media log a = sum of 64 random cosines, and -(a u')' = 1, u(0) = u(1) = 0 solved by quadrature on 4096 cells.

    The flux is c - x, and c follows from u(1) = 0.
    """
    random, k, m = np.random.default_rng(seed), np.arange(1, 65), 4096
    x = (np.arange(m) + 0.5) / m
    amplitude = 81 / (9 + (np.pi * k) ** 2) ** 1.5
    g = (amplitude * random.normal(size=(count, 64))) @ np.cos(np.pi * np.outer(k, x))
    c = (x * np.exp(-g)).sum(1) / np.exp(-g).sum(1)
    slope = (c[:, None] - x) * np.exp(-g) / m
    u = np.cumsum(slope, 1) - slope / 2
    found = {}
    for n in sizes:
        r = m // n
        at_centres = (g[:, r // 2 - 1 :: r] + g[:, r // 2 :: r]) / 2
        fields = at_centres, u.reshape(count, n, r).mean(2)
        places = zip(fields, (MEDIUM, PRESSURE), strict=True)
        found[str(n)] = Sample(*(Field.stack(v[..., None], LINE.grid(n), space) for v, space in places), {})
    return found


@pytest.mark.slow
@pytest.mark.parametrize("physical_scaling", [True, False])
def test_error_on_other_grids_is_that_on_the_grid_of_training(physical_scaling, key):
    train = darcy_in_one_dimension(1024, [64], seed=0)["64"]
    data = Dataset("darcy", train, None, darcy_in_one_dimension(128, [64, 32, 128, 256], seed=1), {})
    options = {"width": 12, "depth": 3, "levels": 6, "physical_scaling": physical_scaling}
    model = Normalized(
        MgNO(MEDIUM, PRESSURE, **options, on=data.on, key=key),
        Standardize.fit(train.inputs),
        Standardize.fit(train.targets),
    )
    task = OperatorTask(data, batch_size=16)
    schedule = {"steps": 700, "evaluate_every": 700, "steps_per_call": 1}
    fitted = fit(model, task, adamw(700, 4e-3), **schedule, key=key, progress=False)
    errors = evaluate_operator(fitted.model, data)
    trained = errors["test/relative_l2"]
    ratios = [errors[f"test/relative_l2@{n}"] / trained for n in (32, 128, 256)]
    assert trained < 0.04
    assert max(ratios) < 1.1 if physical_scaling else min(ratios) > 3
