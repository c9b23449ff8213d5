"""Boundary and initial values that hold for every parameter of the network."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.operators import DeepONet, ExactConditions, MIONet, MultiONet, StackedDeepONet
from neuralpde.spaces import Ball, Box, Dirichlet, Field, Free, FunctionSpace, Neumann, Periodic, Points

from .conftest import BOX, SOURCE, TARGET, noise, smooth

SIZE = {"width": 8, "depth": 1}
FAMILY = {
    "deeponet": functools.partial(DeepONet, basis=5),
    "stacked": functools.partial(StackedDeepONet, basis=5),
    "mionet": functools.partial(MIONet, basis=5),
    "multionet": functools.partial(MultiONet, last=1),
}


def model_for(target, key, conditions=ExactConditions, kind="deeponet", source=SOURCE, on=None):
    on = BOX.grid(4) if on is None else on
    return FAMILY[kind](source, target, conditions=conditions, on=on, key=key, **SIZE)


@pytest.mark.parametrize("kind", FAMILY)
def test_homogeneous_values_on_all_sides(kind, key):
    model = model_for(TARGET, key, kind=kind)
    walls, _ = BOX.boundary.sample(key, 50)
    u = noise(BOX.grid(4))
    np.testing.assert_allclose(model(u, Points(walls, BOX)).values, 0.0, atol=1e-15)
    inside = model(u, BOX.grid(5))
    assert float(jnp.abs(inside.values).min()) > 0
    np.testing.assert_allclose(model.as_function(u)(jnp.asarray([0.3, 0.7])), inside.values[1, 3], atol=1e-12)


def test_value_inside_is_the_raw_one_times_the_product_of_bubbles(key):
    model, raw = model_for(TARGET, key), model_for(TARGET, key, conditions=None)
    u, grid = noise(BOX.grid(4)), BOX.grid(6, layout="nodes")
    x, y = jnp.moveaxis(grid.coords(), -1, 0)
    phi = 16 * x * (1 - x) * y * (1 - y)
    np.testing.assert_allclose(model(u, grid).values, phi[..., None] * raw(u, grid).values, atol=1e-14)


def test_given_values_that_differ_from_side_to_side(key):
    """g is the trace of one function on three sides; on the fourth nothing is asked."""
    box = Box.of(x=(-1.0, 2.0), y=(0.0, 0.5))
    g = Dirichlet(lambda x: jnp.stack([jnp.sin(3 * x[0]) + x[0] * x[1] ** 2, jnp.exp(x[1]) * x[0]]))
    target = FunctionSpace(box, ("u", "v"), [(g, g), (Free(), g)])
    source = FunctionSpace(box, ("a",))
    model = model_for(target, key, source=source, on=box.grid(4))
    u = noise(box.grid(4), source)
    for axis, end in (("x", "lower"), ("x", "upper"), ("y", "upper")):
        x, _ = box.side(axis, end).sample(key, 20)
        np.testing.assert_allclose(model(u, Points(x, box)).values, jax.vmap(g.g)(x), atol=1e-13)
    free, _ = box.side("y", "lower").sample(key, 20)
    assert float(jnp.abs(model(u, Points(free, box)).values - jax.vmap(g.g)(free)).max()) > 1e-2


def test_values_on_a_disc(key):
    disc = Ball((0.0, 0.0), 2.0)
    g = Dirichlet(lambda x: x[:1] ** 2)
    source, target = FunctionSpace(disc, ("a",)), FunctionSpace(disc, ("u",), g)
    sensors = Points.random(disc, 9, key=key)
    model = model_for(target, key, source=source, on=sensors)
    x, _ = disc.boundary.sample(key, 12)
    u = Field(jnp.ones((9, 1)), sensors, source)
    np.testing.assert_allclose(model(u, Points(x, disc)).values, x[:, :1] ** 2, atol=1e-12)


TIME = Box.of(periodic=["x"], x=(0.0, 1.0), t=(0.0, 2.0))
LINE = Box(TIME.axes[:1])


def test_zero_initial_value_is_the_output_times_t(key):
    space = FunctionSpace(LINE, ("u",))
    make = lambda conditions: model_for(
        FunctionSpace(TIME, ("s",)), key, conditions=conditions, source=space, on=LINE.grid(4)
    )
    u, grid = noise(LINE.grid(4), space), TIME.grid(4, 5, layout=("periodic", "nodes"))
    raw, exact = (make(c)(u, grid).values for c in (None, functools.partial(ExactConditions, initial=0.0)))
    np.testing.assert_allclose(exact, raw * grid.coords()[..., 1:] / 2, atol=1e-14)


@pytest.mark.parametrize("extended", [False, True])
def test_input_as_initial_value(extended, key):
    domain = TIME if extended else LINE
    space, target = FunctionSpace(domain, ("u",)), FunctionSpace(TIME, ("s",), [Periodic(), Free()])
    grid = TIME.grid(8, 5, layout=("periodic", "nodes"))
    u0 = jnp.sin(2 * jnp.pi * grid.coords()[..., :1])
    u = Field(u0, grid, space) if extended else Field(u0[:, 0], LINE.grid(8), space)
    model = model_for(target, key, functools.partial(ExactConditions, initial="input"), source=space, on=u.on)
    values = model(u, grid).values
    np.testing.assert_allclose(values[:, 0], u0[:, 0], atol=1e-13)
    assert float(jnp.abs(values[:, 1] - u0[:, 1]).max()) > 1e-3
    batch = jax.tree.map(lambda v: jnp.stack([v, 2 * v]), u)
    np.testing.assert_allclose(jax.vmap(lambda v: model(v, grid))(batch).values[1, :, 0], 2 * u0[:, 0], atol=1e-13)


def test_initial_and_boundary_values_that_agree_in_the_corners(key):
    box = Box.of(x=(0.0, 1.0), t=(0.0, 1.0))
    line = Box(box.axes[:1])
    start = lambda x: jnp.cos(x[:1])
    target = FunctionSpace(box, ("s",), [(Dirichlet(lambda x: 1 + x[1:]), Dirichlet(float(jnp.cos(1.0)))), Free()])
    source = FunctionSpace(line, ("a",))
    model = model_for(target, key, functools.partial(ExactConditions, initial=start), source=source, on=line.grid(4))
    grid = box.grid(7, layout="nodes")
    values = model(smooth_line(line.grid(4), source), grid).values[..., 0]
    x = grid.axis_coords(0)
    np.testing.assert_allclose(values[:, 0], jnp.cos(x), atol=1e-14)
    np.testing.assert_allclose(values[0], 1 + x, atol=1e-14)
    np.testing.assert_allclose(values[-1], jnp.cos(1.0), atol=1e-14)


def smooth_line(on, space):
    return Field(jnp.exp(on.coords()), on, space)


def test_conditions_survive_differentiation(key):
    function = model_for(TARGET, key).as_function(smooth(BOX.grid(4)))
    # Along the wall x = 0 the function is constant, across it it is not.
    gradient = jax.jacfwd(function)(jnp.asarray([0.0, 0.4]))[0]
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
