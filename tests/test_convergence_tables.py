"""Measured orders of convergence of every derivative, quadrature and interpolation rule, and of the Darcy solver.

``pytest tests/test_convergence_tables.py -s`` prints them as a table.
"""

import functools

import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order, print_orders
from solvers.elliptic_convergence import darcy_rows

from neuralpde.equations import Darcy
from neuralpde.solvers import solve_elliptic
from neuralpde.spaces import Axis, Box, ClosedForm, Dirichlet, Field, Free, FunctionSpace, Neumann, Periodic, Robin

LENGTH = 1.5
LINE = Box((Axis("x", 0.5, 0.5 + LENGTH),))
RING = Box((Axis("x", 0.5, 0.5 + LENGTH, periodic=True),))


def smooth(x):
    return jnp.exp(jnp.sin(2 * x))


def smooth_1(x):
    return 2 * jnp.cos(2 * x) * smooth(x)


def smooth_2(x):
    return (4 * jnp.cos(2 * x) ** 2 - 4 * jnp.sin(2 * x)) * smooth(x)


ENDS = (0.5, 0.5 + LENGTH)
VALUES = [float(smooth(jnp.asarray(x))) for x in ENDS]
SLOPES = [float(sign * smooth_1(jnp.asarray(x))) for sign, x in zip((-1, 1), ENDS, strict=True)]
WALLS = {
    "free": (Free(), Free()),
    "dirichlet": (Dirichlet(VALUES[0]), Dirichlet(VALUES[1])),
    "neumann": (Neumann(SLOPES[0]), Neumann(SLOPES[1])),
    "robin": tuple(Robin(2.0, 0.5, 2 * v + 0.5 * s) for v, s in zip(VALUES, SLOPES, strict=True)),
    "callable": (Dirichlet(lambda x: smooth(x)), Neumann(lambda x: smooth_1(x))),
}


def field(box, n, layout, walls=None, function=smooth):
    space = FunctionSpace(box, ("u",), None if walls is None else [walls])
    return ClosedForm(function, space).sample(box.grid(n, layout=layout))


@functools.cache
def difference_error(n, layout, walls, order, accuracy):
    u = field(LINE, n, layout, walls)
    exact = (smooth_1, smooth_2)[order - 1](u.on.coords())
    return float(jnp.abs(u.diff(0, order, accuracy).values - exact).max())


def difference_sizes(accuracy, order):
    """Second derivatives of sixth order reach the round-off of the wall closures on the finest grid."""
    return (16, 32, 64) if (accuracy, order) == (6, 2) else SIZES


SIZES = (32, 64, 128)
DIFFERENCES = [
    (accuracy, order, layout, name)
    for accuracy in (2, 4, 6)
    for order in (1, 2)
    for layout in ("nodes", "cells")
    for name in WALLS
]


def wave(x):
    return jnp.exp(jnp.sin(2 * jnp.pi * (x - 0.5) / LENGTH))


@functools.cache
def periodic_difference_error(n, order, accuracy):
    u = field(RING, n, "periodic", function=wave)
    exact = field(RING, 256, "periodic", function=wave).diff(0, order).resample(u.on)
    return float(jnp.abs(u.diff(0, order, accuracy).values - exact.values).max())


@functools.cache
def spectral_error(kind, order):
    """Error of the spectral derivative with 32 points."""
    theta = jnp.pi / LENGTH
    if kind == "chebyshev":
        u = field(LINE, 32, "chebyshev")
        exact = (smooth_1, smooth_2)[order - 1](u.on.coords())
    elif kind == "fourier":
        u = field(RING, 32, "periodic", function=wave)
        exact = field(RING, 256, "periodic", function=wave).diff(0, order).resample(u.on).values
    else:
        kind, layout = kind.split()
        f = {"sine": lambda x: jnp.sin(3 * theta * (x - 0.5)), "cosine": lambda x: jnp.cos(4 * theta * (x - 0.5))}[kind]
        wall = Dirichlet(0.0) if kind == "sine" else Neumann(0.0)
        u = field(LINE, 32, layout, (wall, wall), f)
        k = (3 if kind == "sine" else 4) * theta
        phase = k * (u.on.coords() - 0.5)
        first = k * jnp.cos(phase) if kind == "sine" else -k * jnp.sin(phase)
        exact = first if order == 1 else -(k**2) * u.values
    return float(jnp.abs(u.diff(0, order, "spectral").values - exact).max())


SPECTRAL = ["fourier", "chebyshev", "sine nodes", "sine cells", "cosine nodes", "cosine cells"]


@functools.cache
def quadrature_error(n, layout):
    exact = {"periodic": 1.2660658777520082 * LENGTH}.get(layout)
    if exact is None:
        exact = float(field(LINE, 64, "chebyshev").integral()[0])
    box, function = (RING, wave) if layout == "periodic" else (LINE, smooth)
    return abs(float(field(box, n, layout, function=function).integral()[0]) - exact)


@functools.cache
def interpolation_error(n, layout, method):
    x = jnp.linspace(0.5, 0.5 + LENGTH, 101)[:, None]
    box, function = (RING, wave) if layout == "periodic" else (LINE, smooth)
    return float(jnp.abs(field(box, n, layout, function=function).at(x, method) - function(x)).max())


INTERPOLATION = [
    (method, layout) for method in ("nearest", "linear", "cubic") for layout in ("nodes", "cells", "periodic")
]
EXPECTED = {"nearest": 1, "linear": 2, "cubic": 4}


@functools.cache
def darcy_error(n):
    """Manufactured pressure sin(pi x) sin(2 pi y) with the coefficient 1 + x + y^2."""
    box = Box.cube(2)
    grid = box.grid(n)
    space = FunctionSpace(box, ("u",), Dirichlet(0.0))

    def exact(x):
        return (jnp.sin(jnp.pi * x[0]) * jnp.sin(2 * jnp.pi * x[1]))[None]

    def coefficient(x):
        return (1 + x[0] + x[1] ** 2)[None]

    a = ClosedForm(coefficient, FunctionSpace(box, ("a",)))
    residual = Darcy(a, 0.0).residual
    source = ClosedForm(lambda x: residual(exact, x), FunctionSpace(box, ("f",)))
    u = solve_elliptic(Darcy(a, source), space, grid).field
    return float(jnp.abs(u.values - ClosedForm(exact, space).sample(grid).values).max())


def rows():
    for accuracy, order, layout, name in DIFFERENCES:
        errors = [difference_error(n, layout, WALLS[name], order, accuracy) for n in difference_sizes(accuracy, order)]
        yield f"difference, derivative {order}", f"{layout}, {name}", str(accuracy), errors
    for accuracy in (2, 4, 6):
        errors = [periodic_difference_error(n, 1, accuracy) for n in SIZES]
        yield "difference, derivative 1", "periodic", str(accuracy), errors
    for kind in SPECTRAL:
        yield "spectral, derivative 1, n = 32", kind, "spectral", [spectral_error(kind, 1)]
    for layout, expected in (("nodes", "2"), ("cells", "2"), ("periodic", "spectral"), ("chebyshev", "spectral")):
        yield "quadrature", layout, expected, [quadrature_error(n, layout) for n in SIZES]
    for method, layout in INTERPOLATION:
        errors = [interpolation_error(n, layout, method) for n in SIZES]
        yield f"interpolation, {method}", layout, str(EXPECTED[method]), errors
    yield "Darcy, finite volumes", "product of sines", "2", [darcy_error(n) for n in (16, 32, 64)]
    yield from darcy_rows()


def test_table_of_orders_is_printed():
    assert print_orders(rows()) == len(DIFFERENCES) + 3 + len(SPECTRAL) + 4 + len(INTERPOLATION) + 1 + len(darcy_rows())


@pytest.mark.parametrize("accuracy, order, layout, name", DIFFERENCES)
def test_differences_keep_their_order_up_to_the_wall(accuracy, order, layout, name):
    errors = [difference_error(n, layout, WALLS[name], order, accuracy) for n in difference_sizes(accuracy, order)]
    # Over both refinements: next to a wall, leading terms of different sign make single ones erratic.
    assert observed_order([errors[0], errors[-1]], SIZES[-1] / SIZES[0]) > accuracy - 0.5


@pytest.mark.parametrize("accuracy", [2, 4, 6])
@pytest.mark.parametrize("order", [1, 2])
def test_periodic_differences_have_their_order(accuracy, order):
    errors = [periodic_difference_error(n, order, accuracy) for n in SIZES]
    assert observed_order(errors) > accuracy - 0.1


@pytest.mark.parametrize("kind", SPECTRAL)
@pytest.mark.parametrize("order", [1, 2])
def test_spectral_derivatives_are_accurate_to_round_off(kind, order):
    assert spectral_error(kind, order) < 1e-8


@pytest.mark.parametrize("layout", ["nodes", "cells"])
def test_quadrature_rules_have_order_two(layout):
    assert observed_order([quadrature_error(n, layout) for n in SIZES]) == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("layout", ["periodic", "chebyshev"])
def test_spectral_quadrature_is_accurate_to_round_off(layout):
    assert quadrature_error(32, layout) < 1e-12


@pytest.mark.parametrize("method, layout", INTERPOLATION)
def test_interpolation_has_its_order(method, layout):
    errors = [interpolation_error(n, layout, method) for n in SIZES]
    assert observed_order(errors) > EXPECTED[method] - 0.35


@pytest.mark.parametrize("layout", ["periodic", "chebyshev"])
def test_series_interpolation_is_accurate_to_round_off(layout):
    assert interpolation_error(32, layout, None) < 1e-11


def test_darcy_solver_has_order_two():
    assert observed_order([darcy_error(n) for n in (16, 32, 64)]) == pytest.approx(2, abs=0.15)


def test_odd_derivative_of_the_alternating_mode_vanishes():
    u = Field(jnp.asarray([1.0, -1.0] * 8)[:, None], RING.grid(16), FunctionSpace(RING))
    np.testing.assert_allclose(u.diff(0).values, 0, atol=1e-12)
    assert isinstance(u.space.boundary[0][0], Periodic)
