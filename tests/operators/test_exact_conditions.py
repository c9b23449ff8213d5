"""Boundary and initial values that hold for every parameter of the network."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import Standardize
from neuralpde.operators import DeepONet, ExactConditions, MIONet, MultiONet, Normalized, StackedDeepONet
from neuralpde.spaces import Ball, Box, Dirichlet, Field, Free, FunctionSpace, Neumann, Periodic, Points

from .conftest import BOX, SOURCE, TARGET
from .drawn import at_point, batch_on_grid, drawn, function, on_grid, on_points

SIZE, SENSORS = {"width": 8, "depth": 1}, BOX.grid(4)
FAMILY = {
    "deeponet": functools.partial(DeepONet, basis=5),
    "stacked": functools.partial(StackedDeepONet, basis=5),
    "mionet": functools.partial(MIONet, basis=5),
    "multionet": functools.partial(MultiONet, last=1),
}


def model_for(target, conditions=ExactConditions, kind="deeponet", source=SOURCE, on=SENSORS):
    return drawn(lambda k: FAMILY[kind](source, target, conditions=conditions, on=on, key=k, **SIZE))


@pytest.mark.parametrize("kind", FAMILY)
def test_homogeneous_values_on_all_sides(kind):
    model = model_for(TARGET, kind=kind)
    walls = np.array([[0.0, 0.3], [1.0, 0.8], [0.2, 0.0], [0.6, 1.0], [1.0, 1.0]])
    inside = np.array([[0.3, 0.7]])
    u = function(SENSORS, SOURCE)
    values = on_points(model, u, np.concatenate([walls, inside]))
    np.testing.assert_array_equal(values[:5], 0.0)
    assert abs(float(values[5, 0])) > 1e-3
    np.testing.assert_allclose(at_point(model, u, inside[0]), values[5], atol=1e-13)


def test_value_inside_is_the_raw_one_times_the_product_of_bubbles():
    model, raw = model_for(TARGET), model_for(TARGET, conditions=None)
    u, grid = function(SENSORS, SOURCE), BOX.grid(6, layout="nodes")
    x, y = np.moveaxis(np.asarray(grid.coords()), -1, 0)
    phi = 16 * x * (1 - x) * y * (1 - y)
    np.testing.assert_allclose(on_grid(model, u, grid), phi[..., None] * on_grid(raw, u, grid), atol=1e-13)


def test_given_values_that_differ_from_side_to_side():
    """g is the trace of one function on three sides; on the fourth nothing is asked."""
    box = Box.of(x=(-1.0, 2.0), y=(0.0, 0.5))
    g = Dirichlet(lambda x: jnp.stack([jnp.sin(3 * x[0]) + x[0] * x[1] ** 2, jnp.exp(x[1]) * x[0]]))
    target = FunctionSpace(box, ("u", "v"), [(g, g), (Free(), g)])
    source = FunctionSpace(box, ("a",))
    model = model_for(target, source=source, on=box.grid(4))
    x = np.array([[-1.0, 0.2], [2.0, 0.4], [0.3, 0.5], [1.7, 0.5], [0.3, 0.0]])
    exact = np.stack([np.sin(3 * x[:, 0]) + x[:, 0] * x[:, 1] ** 2, np.exp(x[:, 1]) * x[:, 0]], axis=-1)
    values = on_points(model, function(box.grid(4), source), x)
    np.testing.assert_allclose(values[:4], exact[:4], atol=1e-13)
    assert np.abs(values[4] - exact[4]).min() > 1e-3


def test_values_on_a_disc():
    disc = Ball((0.0, 0.0), 2.0)
    g = Dirichlet(lambda x: x[:1] ** 2)
    source, target = FunctionSpace(disc, ("a",)), FunctionSpace(disc, ("u",), g)
    sensors = Points(np.random.default_rng(0).normal(size=(9, 2)) / 4, disc)
    model = model_for(target, source=source, on=sensors)
    angle = np.linspace(0.0, 6.0, 7)
    x = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    values = on_points(model, Field(np.ones((9, 1)), sensors, source), np.concatenate([x, [[0.5, 0.5]]]))
    np.testing.assert_allclose(values[:7], x[:, :1] ** 2, atol=1e-12)
    assert abs(float(values[7, 0]) - 0.25) > 1e-3


TIME = Box.of(periodic=["x"], x=(0.0, 1.0), t=(0.0, 2.0))
LINE = Box(TIME.axes[:1])


def test_zero_initial_value_is_the_output_times_t():
    space, target = FunctionSpace(LINE, ("u",)), FunctionSpace(TIME, ("s",))
    u, grid = function(LINE.grid(4), space), TIME.grid(4, 5, layout=("periodic", "nodes"))
    started = functools.partial(ExactConditions, initial=0.0)
    raw, exact = (
        on_grid(model_for(target, conditions, source=space, on=u.on), u, grid) for conditions in (None, started)
    )
    np.testing.assert_allclose(exact, raw * grid.coords()[..., 1:] / 2, atol=1e-13)


@pytest.mark.parametrize("extended", [False, True])
def test_input_as_initial_value(extended):
    space = FunctionSpace(TIME if extended else LINE, ("u",))
    target = FunctionSpace(TIME, ("s",), [Periodic(), Free()])
    grid = TIME.grid(8, 5, layout=("periodic", "nodes"))
    u0 = np.sin(2 * np.pi * np.asarray(grid.coords())[..., :1])
    on, values = (grid, u0) if extended else (LINE.grid(8), u0[:, 0])
    model = model_for(target, functools.partial(ExactConditions, initial="input"), source=space, on=on)
    outputs = batch_on_grid(model, Field.stack(np.stack([values, 2 * values]), on, space), grid)
    np.testing.assert_allclose(outputs[0, :, 0], u0[:, 0], atol=1e-13)
    np.testing.assert_allclose(outputs[1, :, 0], 2 * u0[:, 0], atol=1e-13)
    assert float(jnp.abs(outputs[0, :, 1] - u0[:, 1]).max()) > 1e-3


def test_initial_and_boundary_values_that_agree_in_the_corners():
    box = Box.of(x=(0.0, 1.0), t=(0.0, 1.0))
    line = Box(box.axes[:1])
    start = lambda x: jnp.cos(x[:1])
    target = FunctionSpace(box, ("s",), [(Dirichlet(lambda x: 1 + x[1:]), Dirichlet(math.cos(1.0))), Free()])
    source = FunctionSpace(line, ("a",))
    model = model_for(target, functools.partial(ExactConditions, initial=start), source=source, on=line.grid(4))
    values = on_grid(model, function(line.grid(4), source), box.grid(7, layout="nodes"))[..., 0]
    x = np.linspace(0.0, 1.0, 7)
    np.testing.assert_allclose(values[:, 0], np.cos(x), atol=1e-14)
    np.testing.assert_allclose(values[0], 1 + x, atol=1e-14)
    np.testing.assert_allclose(values[-1], math.cos(1.0), atol=1e-14)
    assert np.abs(values[1:-1, 1:] - (np.cos(x)[1:-1, None] + x[1:])).max() > 1e-3


def test_conditions_are_there_for_derivatives_too():
    """Along the wall x = 0 the function is constant, across it it is not."""
    model, u = model_for(TARGET), function(SENSORS, SOURCE)
    gradient = jax.jit(jax.jacfwd(model.as_function(u)))(np.array([0.0, 0.4]))[0]
    assert abs(float(gradient[1])) < 1e-14 < abs(float(gradient[0]))


@pytest.mark.parametrize(
    ("space", "initial", "says"),
    [
        (FunctionSpace(BOX, ("u",), Neumann(0.0)), None, "loss"),
        (FunctionSpace(BOX, ("u",)), None, "no Dirichlet"),
        (FunctionSpace(BOX, ("u",), Dirichlet(0.0)), 0.0, "axis 't'"),
    ],
)
def test_what_cannot_be_met_is_refused(space, initial, says):
    with pytest.raises(ValueError, match=says):
        ExactConditions(space, initial)


def test_normalised_outputs_are_refused():
    normalizer = Standardize(jnp.ones(1), jnp.ones(1))
    with pytest.raises(ValueError, match="physical units"):
        Normalized(model_for(TARGET), None, normalizer)
    assert Normalized(model_for(TARGET), normalizer).target == TARGET
