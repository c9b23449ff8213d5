"""Problems: unknowns, families, ordinary and integro-differential equations, by residuals of exact solutions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import Burgers, Diffusion, ForcedRiccati, ReactionDiffusion
from neuralpde.equations.derivatives import partial
from neuralpde.pinn import (
    Boundary,
    Candidate,
    Initial,
    Interior,
    Joined,
    Observations,
    Positive,
    Problem,
    Term,
    Uniform,
    integral,
)
from neuralpde.spaces import Box, ClosedForm, Dirichlet, FunctionSpace

LINE_AND_TIME = Box.of(x=(0.0, 1.0), t=(0.0, 1.0))


def lacks(problem, candidate, n=20):
    """Residuals of all conditions, by name."""
    space = FunctionSpace(problem.domain, problem.names)
    terms = [Term(condition, space, problem.family, n, Uniform()) for condition in problem.conditions]

    def found(key):
        return {
            name: (term.residuals(candidate, points := term.points(key)), points)
            for name, term in zip(problem.labels, terms, strict=True)
        }

    return jax.device_get(jax.jit(found)(jax.random.key(0)))


def test_unknown_numbers_take_the_place_of_parameters():
    diffusion = Diffusion(diffusivity=9.0)
    decaying = lambda x: (jnp.sin(x[0]) * jnp.exp(-0.3 * x[1]))[None]
    problem = Problem(LINE_AND_TIME, diffusion, [], unknowns={"diffusivity": 9.0})
    u = ClosedForm(decaying, problem.space)
    assert np.abs(lacks(problem, problem.candidate(u))["equation"][0]).max() > 1
    np.testing.assert_allclose(lacks(problem, Candidate(u, {"diffusivity": 0.3}))["equation"][0], 0, atol=1e-14)
    positive = Positive(0.3)
    np.testing.assert_allclose(lacks(problem, Candidate(u, {"diffusivity": positive}))["equation"][0], 0, atol=1e-14)
    slope = jax.grad(lambda v: v.value)(positive)
    assert float(slope.raw) == pytest.approx(0.3)  # a step of a per cent, whatever the size


def test_unknown_functions_may_have_fewer_coordinates():
    """s_t = D s_xx + x (1 - x) + ... with s = t x (1 - x): the source is a function of x alone."""
    equation = ReactionDiffusion(source=0.0, diffusion=0.0, rate=0.0)
    bump = ClosedForm(lambda x: x * (1 - x), FunctionSpace(Box.of(x=(0.0, 1.0)), ("source",)))
    problem = Problem(LINE_AND_TIME, equation, [], unknowns={"source": bump})
    s = ClosedForm(lambda x: (x[1] * x[0] * (1 - x[0]))[None], problem.space)
    np.testing.assert_allclose(lacks(problem, problem.candidate(s))["equation"][0], 0, atol=1e-14)
    elsewhere = ClosedForm(lambda x: x, FunctionSpace(Box.of(z=(0.0, 1.0))))
    with pytest.raises(ValueError, match="no meaning on a domain with the axes"):
        lacks(problem, Candidate(s, {"source": elsewhere}))


def test_laws_written_as_functions_ask_for_unknowns_by_name():
    law = lambda u, x, speed: partial(u, 1)(x) + speed * partial(u, 0)(x)
    sides = [
        Boundary(lambda u, x, n, level: u(x) - level * jnp.sin(x[0] - 2 * x[1]), name="walls"),
        Boundary(Dirichlet(lambda x, level: level * jnp.sin(x[0] - 2 * x[1])), name="values"),
        Initial(lambda x, level: level * jnp.sin(x[0])),
        Observations(jnp.ones((1, 2)), jnp.sin(-1.0)[None], operator=lambda u, x, level: u(x) / level),
    ]
    problem = Problem(LINE_AND_TIME, law, sides, unknowns={"speed": 2.0, "level": 3.0})
    u = ClosedForm(lambda x: 3 * jnp.sin(x[:1] - 2 * x[1:]), problem.space)
    for found, _ in lacks(problem, problem.candidate(u)).values():
        np.testing.assert_allclose(found, 0, atol=1e-14)
    assert np.abs(lacks(problem, Candidate(u, {"speed": 2.0, "level": 2.9}))["initial"][0]).max() > 0.01


def test_unknowns_that_nobody_asks_for_are_refused():
    with pytest.raises(ValueError, match=r"Nobody asks for 'viscosty'; .* ask for viscosity"):
        Problem(LINE_AND_TIME, Burgers(0.1), [], unknowns={"viscosty": 1.0})
    with pytest.raises(ValueError, match="positive number"):
        Positive(-1.0)


def test_family_is_solved_for_all_parameters():
    """The heat equation for all diffusivities: u(x, t, diffusivity)."""
    family = Box.of(diffusivity=(0.1, 2.0))
    begins = Initial(lambda x: jnp.sin(x[0]))
    walls = Boundary(Dirichlet(lambda x, diffusivity: jnp.sin(x[0]) * jnp.exp(-diffusivity * x[1])))
    problem = Problem(LINE_AND_TIME, Diffusion(0.0), [begins, walls], family=family)
    assert problem.space.domain.names == ("x", "t", "diffusivity")
    u = ClosedForm(lambda z: (jnp.sin(z[0]) * jnp.exp(-z[2] * z[1]))[None], problem.space)
    found = lacks(problem, problem.candidate(u), n=200)
    for residuals, points in found.values():
        np.testing.assert_allclose(residuals, 0, atol=1e-14)
        assert points.x.shape == (200, 3)
        assert points.x[:, 2].min() < 0.2 and points.x[:, 2].max() > 1.9
    with pytest.raises(ValueError, match="Nobody asks for 'viscosity'"):
        Problem(LINE_AND_TIME, Diffusion(0.0), [], family=Box.of(viscosity=(0.1, 1.0)))


def test_ordinary_differential_equation_begins_once():
    problem = Problem(Box.of(t=(0.0, 1.0)), ForcedRiccati(forcing=4.0), [Initial(0.0)])
    found = lacks(problem, problem.candidate(ForcedRiccati(forcing=4.0).exact()))
    np.testing.assert_allclose(found["equation"][0], 0, atol=1e-13)
    assert found["initial"][0].shape == (1, 1) and found["initial"][0][0, 0] == 0


def test_integro_differential_equation():
    """Volterra's u' = 1 - integral_0^t u(s) ds with u(0) = 0 has the solution sin(t)."""
    law = lambda u, t: partial(u, 0)(t) - 1 + integral(lambda s: u(s[None]), 0.0, t[0])
    problem = Problem(Box.of(t=(0.0, 3.0)), law, [Initial(0.0)])
    found = lacks(problem, problem.candidate(ClosedForm(jnp.sin, problem.space)))
    np.testing.assert_allclose(found["equation"][0], 0, atol=1e-13)


def test_quadrature_is_exact_for_polynomials_and_differentiable_in_its_bounds():
    power = lambda t: integral(lambda s: s**7, 0.5, t, nodes=4)
    assert float(power(2.0)) == pytest.approx((2**8 - 0.5**8) / 8, rel=1e-13)
    assert float(jax.grad(power)(2.0)) == pytest.approx(2**7, rel=1e-12)
    fewer = integral(lambda s: s**7, 0.5, 2.0, nodes=3)
    assert abs(float(fewer) / float(power(2.0)) - 1) > 1e-6
    with pytest.raises(ValueError, match="at least one node"):
        integral(lambda s: s, 0.0, 1.0, nodes=0)


def test_functions_side_by_side():
    space = FunctionSpace(LINE_AND_TIME, ("a",))
    both = Joined(ClosedForm(lambda x: x[:1], space), ClosedForm(lambda x: x[1:], space.renamed("b")))
    assert both.space.names == ("a", "b")
    np.testing.assert_array_equal(both(jnp.asarray([0.25, 0.75])), [0.25, 0.75])
    with pytest.raises(ValueError, match="one domain"):
        Joined(both, ClosedForm(lambda x: x, FunctionSpace(Box.cube(1), ("c",))))


def test_conditions_of_one_kind_are_counted():
    walls = [Boundary(Dirichlet(0.0), on=("x", end)) for end in ("lower", "upper")]
    problem = Problem(LINE_AND_TIME, Burgers(0.1), [*walls, Interior(lambda u, x: u(x), name="sink")])
    assert problem.labels == ("equation", "boundary", "boundary_2", "sink")
