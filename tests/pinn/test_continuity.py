"""Interface conditions: zero for functions that are smooth across, the size of the jump for others."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import Burgers
from neuralpde.equations.derivatives import gradient, partial
from neuralpde.nn import Stacked, mlp
from neuralpde.pinn import (
    Candidate,
    Constrained,
    Continuity,
    Cuts,
    NormalDerivatives,
    NormalFlux,
    Piecewise,
    Problem,
    Residual,
    ResidualGradient,
    Shapes,
    Term,
    Uniform,
    Values,
    decomposed,
    xpinn,
)
from neuralpde.pinn.decomposition import VOCABULARY
from neuralpde.pinn.problems import burgers, poisson
from neuralpde.spaces import Ball, Box, ClosedForm, FunctionSpace

PLANE = Box.of(x=(0.0, 2.0), t=(0.0, 1.0))
NU = 0.3


class Formula(eqx.Module):
    """A stand-in for a network: ``a + b x + c x^2 + d x t`` of the coordinates of its cell mapped to [-1, 1]."""

    a: jax.Array

    def __call__(self, y):
        return (self.a @ jnp.asarray([1.0, y[0], y[0] ** 2, y[0] * y[1]]))[None]


def in_pieces(partition, coefficients):
    """One row of coefficients of 1, x, x^2, x t, in the coordinates of the cell, for each cell."""
    stacked = Stacked(lambda key: Formula(jnp.zeros(4)), len(partition.cells), key=jax.random.key(0))
    stacked = eqx.tree_at(lambda s: s.networks.a, stacked, jnp.asarray(coefficients, float))
    return Piecewise(stacked, partition, FunctionSpace(PLANE))


def missed(condition, u, n=24, domain=PLANE):
    problem = Problem(domain, lambda u, x: 0 * u(x), [condition])
    term = Term(problem.conditions[1], problem.space, None, n, Uniform())

    def both(key):
        points = term.points(key)
        return term.residuals(Candidate(u), points), points

    return jax.device_get(jax.jit(both)(jax.random.key(0)))


HALVES = Cuts(PLANE, {"x": (1.0,)})
BROKEN = in_pieces(HALVES, [[1.0, 2.0, 3.0, 0.5], [0.0, -1.0, 0.5, 0.0]])


def sides(x):
    """u, u_x, u_xx, u_t and u_xt of the broken function at x = 1 from left and right, by hand."""
    s = 2 * x[:, 1] - 1
    left = [6 + 0.5 * s, 2 * (2 + 6 + 0.5 * s), 4 * 6 + 0 * s, 0.5 * 2 + 0 * s]
    right = [1.5 + 0 * s, 2 * (-1 - 1.0) + 0 * s, 4 * 1.0 + 0 * s, 0 * s]
    return left, right


def law(u, x):
    return partial(u, 1)(x) + u(x) * partial(u, 0)(x) - NU * partial(u, 0, 2)(x)


def by_hand(name, x):
    def quantity(side):
        u, u_x, u_xx, u_t = side
        return {
            "values": u,
            "slopes": u_x,
            "curvatures": u_xx,
            "fluxes": u**2 / 2 - NU * u_x,
            "residuals": u_t + u * u_x - NU * u_xx,
        }[name]

    left, right = sides(x)
    return quantity(left), quantity(right)


@pytest.mark.parametrize("name", ["values", "slopes", "curvatures", "fluxes", "residuals"])
def test_each_condition_measures_its_jump(name):
    burgers = Burgers(viscosity=NU)
    quantity = {
        "values": Values(),
        "slopes": NormalDerivatives(),
        "curvatures": NormalDerivatives(2),
        "fluxes": NormalFlux(burgers),
        "residuals": Residual(burgers),
    }[name]
    found, points = missed(Continuity(quantity, HALVES.interface), BROKEN)
    np.testing.assert_array_equal(points.x[:, 0], 1)
    a, b = by_hand(name, points.x)
    np.testing.assert_allclose(found[:, 0], a - b, rtol=1e-12)
    found, _ = missed(Continuity(quantity, HALVES.interface, form="average"), BROKEN)
    np.testing.assert_allclose(found, np.stack([(a - b) / 2, (b - a) / 2], axis=1), rtol=1e-12)
    found, _ = missed(Continuity(quantity, HALVES.interface, form="each"), BROKEN)
    np.testing.assert_allclose(found, np.stack([a, b], axis=1), rtol=1e-12)


def test_gradients_of_the_residual_on_both_sides():
    """Of r = u: u_x and u_t from both sides."""
    found, points = missed(Continuity(ResidualGradient(lambda u, x: u(x)), HALVES.interface, form="each"), BROKEN)
    (_, left, _, rate), (_, right, _, _) = sides(points.x)
    np.testing.assert_allclose(found, np.stack([left, rate, right, 0 * rate], axis=1), rtol=1e-12)


def test_a_known_jump_is_met_and_a_flux_is_a_function():
    flux = NormalFlux(lambda u, x: gradient(u)(x))
    found, _ = missed(Continuity(flux, HALVES.interface, jump=lambda x: 20 + (2 * x[1] - 1)), BROKEN)
    np.testing.assert_allclose(found, 0, atol=1e-12)


def test_smooth_functions_have_no_jumps_in_space_and_time():
    """x^2 t in six cells, at all interfaces of space and of time, for every condition there is."""
    cuts = {"x": (0.5, 1.2), "t": (0.4,)}
    problem = Problem(PLANE, Burgers(viscosity=NU))
    conditions = decomposed(problem, cuts, [*VOCABULARY]).conditions[1:]
    assert [c.name for c in conditions] == [*VOCABULARY]
    exact = ClosedForm(lambda x: x[:1] ** 2 * x[1:], FunctionSpace(PLANE))
    for condition in conditions:
        if condition.form != "each":
            found, points = missed(condition, exact, n=12)
            np.testing.assert_allclose(found, 0, atol=1e-14)
    assert {tuple(n) for n in points.normal} == {(1.0, 0.0), (0.0, 1.0)}
    share = points.w @ (points.normal[:, 1] == 1)
    assert share == pytest.approx(2 / 4)  # two cuts of length 1 and one of length 2


def test_pieces_that_continue_each_other_meet():
    """2 y^2 + y with y = 2 x - 1 is 10 + 9 z + 2 z^2 with z = 2 x - 3."""
    u = in_pieces(HALVES, [[0, 1, 2, 0], [10, 9, 2, 0]])
    for quantity in (Values(), NormalDerivatives(), NormalDerivatives(2), Residual(law), ResidualGradient(law)):
        np.testing.assert_allclose(missed(Continuity(quantity, HALVES.interface), u, n=4)[0], 0, atol=1e-12)


def test_constraints_pass_both_sides_on():
    held = Constrained(BROKEN, 0.0, lambda x: x[1])
    found, points = missed(Continuity(on=HALVES.interface), held)
    a, b = by_hand("values", points.x)
    np.testing.assert_allclose(found[:, 0], points.x[:, 1] * (a - b), rtol=1e-12)


def test_pieces_by_signed_distance():
    """A disc in a square: inside of it the first network, outside the last."""
    square, disc = Box.cube(2), Ball((0.5, 0.4), 0.25)
    partition = Shapes(square, (disc,))
    layers = functools.partial(mlp, width=3, depth=1, activation=jnp.tanh)
    u = xpinn(FunctionSpace(square), layers, partition=partition, key=jax.random.key(0))
    found, points = missed(Continuity(on=partition.interface), u, n=40, domain=square)
    np.testing.assert_allclose(np.linalg.norm(points.x - np.asarray(disc.centre), axis=1), 0.25)
    pick = lambda i: jax.tree.map(lambda leaf: leaf[i] if eqx.is_array(leaf) else leaf, u.networks.networks)
    inside = jax.vmap(pick(0))((points.x - np.asarray(disc.centre)) / 0.25)
    outside = jax.vmap(pick(1))(2 * points.x - 1)
    np.testing.assert_allclose(found, inside - outside, rtol=1e-10)


def test_components_of_a_candidate_may_be_the_pieces():
    layers = ClosedForm(lambda x: jnp.stack([x[0] ** 2, 2 * x[0] - x[1]]), FunctionSpace(PLANE, ("inner", "outer")))
    condition = Continuity(NormalDerivatives(), HALVES.interface, between=("inner", "outer"))
    problem = Problem(PLANE, lambda u, x: u(x)[:1], [condition], names=("inner", "outer"))
    term = Term(problem.conditions[1], problem.space, None, 8, Uniform())
    found = jax.jit(lambda key: term.residuals(Candidate(layers), term.points(key)))(jax.random.key(0))
    np.testing.assert_allclose(found, 0, atol=1e-14)


def test_interfaces_on_a_line_are_points():
    line = Box.of(x=(0.0, 1.0))
    points = missed(
        Continuity(on=Cuts(line, {"x": (0.25, 0.5)}).interface),
        ClosedForm(lambda x: x, FunctionSpace(line)),
        domain=line,
    )[1]
    np.testing.assert_array_equal(np.sort(points.x[:, 0]), [0.25, 0.5])


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: decomposed(poisson(), {"x1": (0.5,)}, ["fluxes"]), "conservation law"),
        (lambda: decomposed(burgers(), {"x": (0.5,)}, ["jumps"]), "No interface condition is called jumps"),
        (lambda: Continuity(on=None), "None where there is one cell"),
        (lambda: Continuity(on=HALVES.interface, form="weak"), "difference, average, each"),
        (lambda: Continuity(on=HALVES.interface, between=("a", ("b", "c"))), "as many components"),
    ],
)
def test_conditions_without_meaning_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_a_problem_that_is_not_cut_is_the_same():
    problem = burgers()
    assert decomposed(problem) is problem
