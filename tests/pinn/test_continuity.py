"""Interface conditions: zero for functions that are smooth across, the size of the jump for others."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import Burgers
from neuralpde.equations.derivatives import gradient
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
HALVES = Cuts(PLANE, {"x": (1.0,)})
NU = 0.3
BURGERS = Burgers(viscosity=NU)


class Formula(eqx.Module):
    """A stand-in for a network: a sum of 1, x, t, x^2 and x t, of the coordinates of its cell mapped to [-1, 1]."""

    a: jax.Array

    def __call__(self, y):
        return (self.a @ jnp.stack([jnp.ones(()), y[0], y[1], y[0] ** 2, y[0] * y[1]]))[None]


def in_pieces(partition, coefficients):
    """One row of coefficients for each cell."""
    stacked = Stacked(lambda key: Formula(jnp.zeros(5)), len(partition.cells), key=jax.random.key(0))
    stacked = eqx.tree_at(lambda s: s.networks.a, stacked, jnp.asarray(coefficients, float))
    return Piecewise(stacked, partition, FunctionSpace(PLANE))


BROKEN = in_pieces(HALVES, [[1.0, 2.0, 0.0, 3.0, 0.5], [0.0, -1.0, 0.0, 0.5, 0.0]])


def missed(u, *conditions, n=24, domain=PLANE):
    """Residuals of some conditions at the points of the first one, and these."""
    problem = Problem(domain, lambda u, x: 0 * u(x), conditions, names=u.space.names)
    terms = [Term(condition, problem.space, None, n, Uniform()) for condition in problem.conditions[1:]]

    def at_points(key):
        points = terms[0].points(key)
        return [term.residuals(Candidate(u), points) for term in terms], points

    found, points = jax.device_get(jax.jit(at_points)(jax.random.key(0)))
    return *found, points


def sides(x):
    """u, u_x, u_xx and u_t of the broken function at x = 1 from left and right, with s the time from -1 to 1."""
    s = 2 * x[:, 1] - 1
    left = [6 + 0.5 * s, 2 * (2 + 6 + 0.5 * s), 4 * 6 + 0 * s, 0.5 * 2 + 0 * s]
    right = [1.5 + 0 * s, 2 * (-1 - 1.0) + 0 * s, 4 * 1.0 + 0 * s, 0 * s]
    return left, right


MEASURED = {
    "values": (Values(), lambda u, u_x, u_xx, u_t: u),
    "slopes": (NormalDerivatives(), lambda u, u_x, u_xx, u_t: u_x),
    "curvatures": (NormalDerivatives(2), lambda u, u_x, u_xx, u_t: u_xx),
    "fluxes": (NormalFlux(BURGERS), lambda u, u_x, u_xx, u_t: u**2 / 2 - NU * u_x),
    "own_fluxes": (NormalFlux(lambda u, x: gradient(u)(x)), lambda u, u_x, u_xx, u_t: u_x),
    "residuals": (Residual(BURGERS), lambda u, u_x, u_xx, u_t: u_t + u * u_x - NU * u_xx),
    "residual_gradients": (ResidualGradient(lambda u, x: u(x)), lambda u, u_x, u_xx, u_t: np.stack([u_x, u_t])),
}
QUICK = ("values", "fluxes")


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in MEASURED])
def test_each_condition_measures_its_jump(name):
    """In each form, and beside a jump that is known."""
    quantity, by_hand = MEASURED[name]
    forms = [Continuity(quantity, HALVES.interface, form, name=form) for form in ("difference", "average", "each")]
    known = Continuity(quantity, HALVES.interface, jump=lambda x: x[0] + x[1], name="known")
    difference, average, each, beside_known, points = missed(BROKEN, *forms, known)
    np.testing.assert_array_equal(points.x[:, 0], 1)
    a, b = (np.atleast_2d(by_hand(*side)).T for side in sides(points.x))
    np.testing.assert_allclose(difference, a - b, rtol=1e-12)
    np.testing.assert_allclose(average, np.concatenate([a - b, b - a], axis=1) / 2, rtol=1e-12)
    np.testing.assert_allclose(each, np.concatenate([a, b], axis=1), rtol=1e-12)
    np.testing.assert_allclose(beside_known, a - b - points.x.sum(1, keepdims=True), atol=1e-12)


@pytest.mark.slow
def test_pieces_of_one_solution_meet_in_everything():
    """x^2 + x t in six cells of space and time, written in the coordinates of each: no condition sees the cuts."""
    cuts = {"x": (0.5, 1.2), "t": (0.4,)}

    def piece(cell):
        (cx, ct), (hx, ht) = np.mean([cell.lower, cell.upper], axis=0), np.asarray(cell.extents) / 2
        return [cx**2 + cx * ct, 2 * cx * hx + hx * ct, cx * ht, hx**2, hx * ht]

    u = in_pieces(Cuts(PLANE, cuts), [piece(cell) for cell in Cuts(PLANE, cuts).cells])
    continuous = [name for name in VOCABULARY if not name.startswith("zero")]
    conditions = decomposed(Problem(PLANE, BURGERS), cuts, continuous).conditions[1:]
    assert [condition.name for condition in conditions] == continuous
    *found, points = missed(u, *conditions, n=40)
    for residuals in found:
        np.testing.assert_allclose(residuals, 0, atol=1e-12)
    assert {tuple(n) for n in points.normal} == {(1.0, 0.0), (0.0, 1.0)}
    assert points.w @ points.normal[:, 1] == pytest.approx(1 / 2)  # two cuts of length 1, one of length 2


def test_constraints_pass_both_sides_on():
    found, points = missed(Constrained(BROKEN, 0.0, lambda x: x[1]), Continuity(on=HALVES.interface))
    (left, *_), (right, *_) = sides(points.x)
    np.testing.assert_allclose(found[:, 0], points.x[:, 1] * (left - right), rtol=1e-12)


@pytest.mark.slow
def test_pieces_by_signed_distance():
    """A disc in a square: inside of it the first network, outside the last."""
    square, disc = Box.cube(2), Ball((0.5, 0.4), 0.25)
    partition = Shapes(square, (disc,))
    layers = functools.partial(mlp, width=3, depth=1, activation=jnp.tanh)
    u = xpinn(FunctionSpace(square), layers, partition=partition, key=jax.random.key(0))
    found, points = missed(u, Continuity(on=partition.interface), n=40, domain=square)
    from_centre = points.x - np.asarray(disc.centre)
    np.testing.assert_allclose(np.linalg.norm(from_centre, axis=1), 0.25)
    pick = lambda i: jax.tree.map(lambda leaf: leaf[i] if eqx.is_array(leaf) else leaf, u.networks.networks)
    inside, outside = jax.vmap(pick(0))(from_centre / 0.25), jax.vmap(pick(1))(2 * points.x - 1)
    np.testing.assert_allclose(found, inside - outside, rtol=1e-10)


@pytest.mark.slow
def test_components_of_a_candidate_may_be_the_pieces():
    """x^2 and 2 x - t have equal slopes at x = 1."""
    layers = ClosedForm(lambda x: jnp.stack([x[0] ** 2, 2 * x[0] - x[1]]), FunctionSpace(PLANE, ("inner", "outer")))
    condition = Continuity(NormalDerivatives(), HALVES.interface, between=("inner", "outer"))
    np.testing.assert_allclose(missed(layers, condition)[0], 0, atol=1e-14)


@pytest.mark.slow
def test_interfaces_on_a_line_are_points():
    line = Box.of(x=(0.0, 1.0))
    condition = Continuity(on=Cuts(line, {"x": (0.25, 0.5)}).interface)
    points = missed(ClosedForm(lambda x: x, FunctionSpace(line)), condition, domain=line)[1]
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
