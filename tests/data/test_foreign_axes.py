"""From stored coordinates to the axis of a box: which points they are, and where the ends lie."""

import math

import numpy as np
import pytest

from neuralpde.data import DataError
from neuralpde.data.readers.axes import every, uniform_axis
from neuralpde.spaces import Axis, Box, Grid

BOXES = [(0.0, 1.0), (-2.5, 2.5), (0.0, 2 * math.pi), (-math.pi, math.pi), (0.0, 32.0), (-1.0, 2.0), (0.1, 0.35)]


def coordinates(lower, upper, n, layout):
    i = np.arange(n)
    if layout == "nodes":
        return lower + (upper - lower) * i / (n - 1)
    return lower + (upper - lower) * (i + (0.5 if layout == "cells" else 0.0)) / n


@pytest.mark.parametrize("ends", BOXES)
@pytest.mark.parametrize("layout", ["cells", "nodes", "periodic"])
@pytest.mark.parametrize("n", [7, 64, 1024])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_layout_is_the_one_with_round_ends(ends, layout, n, dtype):
    x = coordinates(*ends, n, layout).astype(dtype)
    axis, found = uniform_axis("x", x, "file")
    assert found == layout and axis.periodic == (layout == "periodic")
    np.testing.assert_allclose([axis.lower, axis.upper], ends, rtol=1e-15, atol=1e-15)


def test_cells_of_a_period_are_told_by_the_conditions():
    x = coordinates(0, 1, 16, "cells")
    assert uniform_axis("x", x, "file", periodic=True) == (Axis("x", 0.0, 1.0, periodic=True), "cells")
    assert uniform_axis("x", x, "file", periodic=False) == (Axis("x", 0.0, 1.0), "cells")


def test_ends_that_are_not_round_stay_as_they_are():
    ends = (0.123456789012345, 1.987654321098765)
    axis, layout = uniform_axis("x", coordinates(*ends, 50, "nodes"), "file", periodic=False, expected="nodes")
    assert layout == "nodes"
    np.testing.assert_allclose([axis.lower, axis.upper], ends, atol=1e-4 * (ends[1] - ends[0]))


@pytest.mark.parametrize(
    "x", [[0.0], [0, 1, 3], [2, 1, 0], [0, 0, 0], [0, np.nan, 2], [[0, 1], [0, 1]], np.cos(np.arange(9))]
)
def test_other_coordinates_are_refused(x):
    with pytest.raises(DataError, match="file has coordinates 'x'"):
        uniform_axis("x", np.asarray(x, float), "file")


@pytest.mark.parametrize(
    ("layout", "n", "stride", "expected"),
    [
        ("cells", 16, 2, "cells"),
        ("cells", 17, 4, "nodes"),  # 0, 4, ..., 16: the same interval for every stride that divides 16
        ("cells", 16, 5, "nodes"),
        ("nodes", 16, 4, "cells"),
        ("nodes", 17, 8, "nodes"),
    ],
)
def test_fewer_points_stay_where_they_are(layout, n, stride, expected):
    grid = Grid(Box.cube(1, -1.0, 1.0), (n,), layout)
    coarse = every(grid, stride)
    assert coarse.layout == (expected,)
    np.testing.assert_allclose(coarse.axis_coords(0), grid.axis_coords(0)[::stride], atol=1e-14)


@pytest.mark.parametrize("layout", ["cells", "periodic"])
@pytest.mark.parametrize("stride", [1, 2, 8])
def test_fewer_points_of_a_period_are_a_period(layout, stride):
    grid = Grid(Box.cube(1, 0.0, 3.0, periodic=True), (16,), layout)
    coarse = every(grid, stride)
    assert coarse.domain.extents == (3.0,) and coarse.domain.periodic == (True,)
    np.testing.assert_allclose(coarse.axis_coords(0), grid.axis_coords(0)[::stride], atol=1e-14)
