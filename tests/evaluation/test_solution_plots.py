"""Pictures of trained solutions: what is drawn is what was found, and stays blank outside of the domain."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.collections import PathCollection, QuadMesh

from neuralpde.equations import Burgers
from neuralpde.equations.derivatives import laplacian, partial, rate
from neuralpde.equations.symbolic import polynomials
from neuralpde.evaluation import (
    hidden_figure,
    loss_terms,
    residual_map,
    solution_figure,
    solution_figures,
    term_weights,
    unknown_curves,
    unknown_functions,
)
from neuralpde.pinn import Candidate, Collocation, Estimate, HiddenTerm, Initial, Interior, Problem, read_hidden
from neuralpde.pinn.problems import hidden_lotka_volterra
from neuralpde.spaces import Ball, Box, ClosedForm, Field, FunctionSpace

SPACETIME = Box.of(x=(-1.0, 1.0), t=(0.0, 2.0))
HOLE = Box.of(x=(0.0, 2.0), y=(0.0, 1.0)) - Ball((0.5, 0.5), 0.25)


def panels(figure):
    """The axes of the table, without those of colour bars."""
    return [axes for axes in figure.axes if axes.get_subplotspec() is not None]


def mesh(axes) -> np.ndarray:
    """The values of a map, not a number where it is blank."""
    (found,) = [artist for artist in axes.collections if isinstance(artist, QuadMesh)]
    return np.ma.filled(found.get_array(), np.nan)


def centres(axes) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of the cells of a map, to the right and upwards."""
    (found,) = [artist for artist in axes.collections if isinstance(artist, QuadMesh)]
    corners = np.asarray(found.get_coordinates())
    middle = (corners[1:, 1:] + corners[:-1, :-1]) / 2
    return middle[..., 0], middle[..., 1]


def titles(figure) -> list[str]:
    return [axes.get_title() for axes in panels(figure)]


def found(problem, formula, unknowns=None) -> Candidate:
    return Candidate(ClosedForm(formula, problem.space), problem.unknowns if unknowns is None else unknowns)


def oscillation(x):
    return jnp.stack([jnp.cos(x[0]), -jnp.sin(x[0])])


def oscillator(**given) -> Problem:
    """position' = speed, speed' = -k position"""
    law = lambda u, x, k: rate(u)(x) - jnp.stack([u(x)[1], -k * u(x)[0]])
    return Problem(Box.of(t=(0.0, 6.0)), law, [Initial(oscillation)], names=("position", "speed"), **given)


def decay(x):
    return (jnp.sin(3 * x[0]) * jnp.exp(-x[1]))[None]


def test_curves_of_an_ode_lie_over_the_reference_and_their_difference_below():
    problem = oscillator(reference=oscillation, unknowns={"k": 1.0})
    missed = lambda x: 0.01 * jnp.stack([x[0], x[0] ** 2])
    position, speed, below, below_speed = panels(
        solution_figure(problem, found(problem, lambda x: oscillation(x) + missed(x)))
    )
    t = position.lines[0].get_xdata()
    assert 0 < t[0] < 0.01 and 5.99 < t[-1] < 6
    np.testing.assert_allclose(position.lines[1].get_ydata(), np.cos(t), atol=1e-12)
    np.testing.assert_allclose(speed.lines[0].get_ydata(), -np.sin(t) + 0.01 * t**2, atol=1e-12)
    np.testing.assert_allclose(below.lines[0].get_ydata(), 0.01 * t, atol=1e-12)
    np.testing.assert_allclose(below_speed.lines[0].get_ydata(), 0.01 * t**2, atol=1e-12)
    assert (position.get_title(), speed.get_title(), below.get_xlabel()) == ("position", "speed", "t")


def test_many_components_stand_in_bands():
    names = tuple("abcde")
    space = FunctionSpace(Box.of(t=(0.0, 1.0)), names)
    law = lambda u, t: u(t)
    for known, rows in ((ClosedForm(lambda t: jnp.arange(5.0), space), 2), (None, 1)):
        problem = Problem(space.domain, law, reference=known, names=names)
        figure = solution_figure(problem, found(problem, lambda t: jnp.arange(5.0) + t))
        axes = panels(figure)
        assert len(axes) == 5 * rows
        drawn = {a.get_title(): a for a in axes if a.get_title() in names}
        places = [drawn[name].get_subplotspec() for name in names]
        assert [place.colspan.start for place in places] == [0, 1, 2, 3, 0]
        assert [place.rowspan.start for place in places] == [0, 0, 0, 0, rows]
        np.testing.assert_allclose(drawn["e"].lines[0].get_ydata(), 4 + drawn["e"].lines[0].get_xdata(), atol=1e-12)


def test_the_residual_of_an_ode_takes_the_unknowns_that_were_found():
    problem = oscillator(unknowns={"k": 1.0})
    candidate = found(problem, oscillation, {"k": 1.5})
    points = {"equation": Collocation(jnp.asarray([[1.0], [2.0]]), jnp.full(2, 0.5))}
    (axes,) = panels(residual_map(problem, candidate, points))
    t = axes.lines[0].get_xdata()
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 0.5 * np.abs(np.cos(t)), atol=1e-12)
    np.testing.assert_array_equal(axes.lines[1].get_xdata(), [1.0, 2.0])
    assert axes.get_yscale() == "log"


def test_a_field_is_compared_with_on_its_grid():
    space = FunctionSpace(SPACETIME)
    grid = SPACETIME.grid(24, 16)
    # Noise between the points cannot be interpolated: the picture must take the values themselves.
    values = np.random.default_rng(0).normal(size=(24, 16, 1))
    problem = Problem(SPACETIME, Burgers(0.1), reference=Field(values, grid, space))
    figure = solution_figure(problem, found(problem, decay))
    prediction, reference, error, *slices = panels(figure)
    x, t = np.asarray(grid.axis_coords(0)), np.asarray(grid.axis_coords(1))
    expected = np.sin(3 * x)[:, None] * np.exp(-t)[None, :]
    np.testing.assert_allclose(mesh(prediction), expected, atol=1e-12)
    np.testing.assert_array_equal(mesh(reference), values[..., 0])
    np.testing.assert_allclose(mesh(error), np.abs(expected - values[..., 0]), atol=1e-12)
    (drawn, known, missed) = (axes.collections[0] for axes in (prediction, reference, error))
    assert drawn.get_clim() == known.get_clim()
    assert missed.norm.vmax == np.abs(expected - values[..., 0]).max()
    assert prediction.get_xlabel() == "t" and prediction.get_ylabel() == "x"
    for axes, index in zip(slices, (0, 5, 10, 15), strict=True):
        np.testing.assert_array_equal(axes.lines[1].get_ydata(), values[:, index, 0])
        np.testing.assert_allclose(axes.lines[0].get_ydata(), expected[:, index], atol=1e-12)
        assert axes.lines[1].get_linestyle() == "--"
        assert axes.get_title() == f"u at t = {t[index]:.3g}"


def test_without_a_reference_there_are_the_map_and_its_slices_from_the_first_to_the_last_time():
    problem = Problem(SPACETIME, Burgers(0.1))
    figure = solution_figure(problem, found(problem, decay))
    plane, *slices = panels(figure)
    t, x = centres(plane)
    np.testing.assert_allclose(mesh(plane), np.sin(3 * x) * np.exp(-t), atol=1e-12)
    assert [axes.get_title() for axes in slices] == [f"u at t = {t}" for t in ("0", "0.667", "1.33", "2")]
    for axes, t in zip(slices, np.linspace(0, 2, 4), strict=True):
        (line,) = axes.lines
        np.testing.assert_allclose(line.get_ydata(), np.sin(3 * line.get_xdata()) * np.exp(-t), atol=1e-12)


def test_pictures_are_blank_outside_of_the_domain_and_of_the_part_where_an_equation_holds():
    saddle = lambda x: (x[0] ** 2 - x[1] ** 2)[None]
    law = lambda u, x: laplacian(u, (0, 1))(x)
    left = Interior(law, on=HOLE & Box.of(x=(0.0, 1.0), y=(0.0, 1.0)), name="left")
    problem = Problem(HOLE, law, [left], reference=saddle)
    candidate = found(problem, lambda x: saddle(x) + x[0] ** 3)
    prediction, reference, error = panels(solution_figure(problem, candidate))
    x, y = centres(error)
    hole = np.hypot(x - 0.5, y - 0.5) > 0.25
    for axes, expected in (
        (prediction, x**2 - y**2 + x**3),
        (reference, x**2 - y**2),
        (error, x**3),
    ):
        np.testing.assert_allclose(mesh(axes), np.where(hole, expected, np.nan), atol=1e-12)
    whole, half = panels(residual_map(problem, candidate))
    x, y = centres(whole)
    hole = np.hypot(x - 0.5, y - 0.5) > 0.25
    np.testing.assert_allclose(mesh(whole), np.where(hole, 6 * x, np.nan), rtol=1e-9)
    np.testing.assert_allclose(mesh(half), np.where(hole & (x < 1), 6 * x, np.nan), rtol=1e-9)
    assert titles(whole.figure) == ["|residual| of equation", "|residual| of left"]


def test_points_of_a_batch_lie_on_the_map_of_the_residual_with_time_to_the_right():
    problem = Problem(SPACETIME, Interior(lambda u, x: rate(u)(x) - partial(u, 0, 2)(x), gradients=0.1))
    x = jnp.asarray([[-0.5, 0.25], [0.5, 1.5]])
    (axes,) = panels(residual_map(problem, found(problem, decay), {"equation": Collocation(x, jnp.full(2, 0.5))}))
    (dots,) = [artist for artist in axes.collections if isinstance(artist, PathCollection)]
    np.testing.assert_array_equal(dots.get_offsets(), x[:, ::-1])
    time, place = centres(axes)
    # u_t - u_xx = (9 - 1) u, without the derivatives of the residual that training looks at.
    np.testing.assert_allclose(mesh(axes), 8 * np.abs(np.sin(3 * place)) * np.exp(-time), atol=1e-12)


def test_of_more_coordinates_the_middle_of_the_others_is_drawn_and_named():
    box = Box.of(x=(0.0, 1.0), y=(0.0, 1.0), t=(0.0, 3.0))
    formula = lambda x: jnp.stack([x[0] * x[2] * x[3], x[1]])
    law = lambda u, x, nu: rate(u)(x) - nu * x[0] * jnp.asarray([2.0, 0.0])
    problem = Problem(box, law, family=Box.of(nu=(1.0, 2.0)), names=("u", "v"))
    candidate = found(problem, formula)
    figure = solution_figure(problem, candidate)
    assert figure.get_suptitle() == "at t = 1.5, nu = 1.5"
    u, v = panels(figure)
    x, y = centres(u)
    np.testing.assert_allclose(mesh(u), 2.25 * x, atol=1e-12)
    np.testing.assert_allclose(mesh(v), y, atol=1e-12)
    (axes,) = panels(residual_map(problem, candidate))
    (dots,) = axes.collections
    sizes = np.asarray(dots.get_array())
    # |nu x - 2 nu x| = nu x at points of all parameters, the largest on top.
    nu = sizes / np.asarray(dots.get_offsets())[:, 0]
    assert 1 <= nu.min() < 1.05 and 1.95 < nu.max() <= 2
    assert np.all(np.diff(sizes) >= 0)
    assert axes.get_title() == "|residual| of equation, all t, all nu"


def records(steps: int = 4):
    made = [
        {
            "step": step,
            "train/loss": 1.0,
            "train/equation_loss": 1 / step,
            "train/initial_loss": 1 / step**2,
            "train/initial_weight": 10.0 * step,
            "train/k": 2 - 1 / step,
        }
        for step in range(1, steps + 1)
    ]
    made[-1]["validation/relative_l2"] = 0.25
    return made


def test_curves_of_terms_weights_and_unknowns_are_those_of_the_records():
    step = np.arange(1, 5)
    equation, initial, error = panels(loss_terms(records()))[0].lines
    np.testing.assert_allclose(equation.get_xydata(), np.stack([step, 1 / step], 1))
    np.testing.assert_allclose(initial.get_xydata(), np.stack([step, 1 / step**2], 1))
    np.testing.assert_allclose(error.get_xydata(), [[4, 0.25]])
    assert [line.get_label() for line in (equation, initial)] == ["equation", "initial"]
    (weight,) = panels(term_weights(records()))[0].lines
    np.testing.assert_allclose(weight.get_ydata(), 10.0 * step)
    (axes,) = panels(unknown_curves(records(), ["k"]))
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 2 - 1 / step)
    assert axes.get_title(loc="left") == "k = 1.75"


def test_a_long_run_has_windowed_means_above_its_single_steps():
    raw, mean = panels(loss_terms(records(600)))[0].lines[:2]
    assert (len(raw.get_ydata()), len(mean.get_ydata())) == (600, 200)
    np.testing.assert_allclose(mean.get_ydata(), raw.get_ydata().reshape(200, 3).mean(axis=1))


def test_the_pictures_of_a_run_are_those_that_apply():
    problem = oscillator(reference=oscillation, unknowns={"k": 1.0})
    figures = solution_figures(problem, found(problem, oscillation), records())
    assert list(figures) == ["solution", "residual_map", "unknowns", "loss_terms", "term_weights"]
    assert set(titles(figures["solution"])) == {"position", "speed", "prediction − reference"}


def test_terms_are_drawn_in_the_order_of_the_conditions():
    lines = panels(loss_terms(records(), order=("initial", "absent", "equation")))[0].lines
    assert [line.get_label() for line in lines[:2]] == ["initial", "equation"]


def test_the_interval_of_an_unknown_is_a_band():
    (axes,) = panels(unknown_curves(records(), ["k"], {"k": Estimate(1.75, 0.1, 1.5, 2.125)}))
    (band,) = axes.patches
    assert band.get_y() == 1.5 and band.get_y() + band.get_height() == 2.125
    assert axes.get_title(loc="left") == "k = 1.75, between 1.5 and 2.125"


def test_unknown_functions_are_curves_and_maps():
    line, plane = Box.of(x=(0.0, 2.0)), Box.of(x=(0.0, 2.0), y=(0.0, 1.0))
    law = lambda u, x, a, b: u(x) * a(x) + b(x)[0]
    bent = ClosedForm(lambda x: x**2, FunctionSpace(line, ("a",)))
    two = ClosedForm(lambda x: jnp.stack([x[0] * x[1], x[1]]), FunctionSpace(plane, ("b", "c")))
    problem = Problem(plane, law, unknowns={"a": bent, "b": two})
    candidate = found(problem, lambda x: x[:1])
    figure = unknown_functions(candidate)
    curve, first, second = (axes for axes in panels(figure) if axes.get_visible())
    x = curve.lines[0].get_xdata()
    np.testing.assert_allclose(curve.lines[0].get_ydata(), x**2, atol=1e-12)
    for axes, formula in ((first, lambda x, y: x * y), (second, lambda x, y: y)):
        np.testing.assert_allclose(mesh(axes), formula(*centres(axes)), atol=1e-12)
    assert [axes.get_title() for axes in (curve, first, second)] == ["a", "b: b", "b: c"]
    assert "unknown_functions" in solution_figures(problem, candidate)


def test_a_hidden_term_lies_over_its_formula():
    problem = hidden_lotka_volterra(samples=5)
    orbit = ClosedForm(lambda t: jnp.stack([2 + jnp.sin(t[0]), 1 + jnp.cos(t[0]) ** 3]), problem.space)
    hidden = HiddenTerm(
        lambda z: jnp.stack([z[0] * z[1], z[0] ** 3]), problem.unknowns["hidden"].inputs, polynomials(("x", "y"), 2)
    )
    candidate = Candidate(orbit, {"hidden": hidden})
    formulas = {"hidden": read_hidden(problem, candidate, "hidden", key=jax.random.key(0))}
    exact, other = panels(hidden_figure(problem, candidate, formulas))
    written, learned = exact.lines[1].get_data()
    np.testing.assert_allclose(learned, written, rtol=1e-9)
    assert exact.get_title() == "f_1 = 1*x*y" and np.abs(np.subtract(*other.lines[1].get_data())).max() > 1e-3


@pytest.mark.parametrize("wrong", [0.0, 0.5])
def test_an_error_that_is_constant_or_zero_has_a_scale(wrong):
    problem = Problem(HOLE, lambda u, x: u(x), reference=lambda x: x[:1])
    error = panels(solution_figure(problem, found(problem, lambda x: x[:1] + wrong)))[2]
    assert np.nanmax(mesh(error)) == pytest.approx(wrong)
    assert 0 < error.collections[0].norm.vmin < error.collections[0].norm.vmax
    error.figure.canvas.draw()
