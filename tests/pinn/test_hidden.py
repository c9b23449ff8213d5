"""Hidden terms of equations: they stand where they are missing, and are read as the formulas that they are."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations.symbolic import SparseFormula, polynomials
from neuralpde.pinn import Candidate, HiddenTerm, Observations, Term, Uniform, read_hidden, visited, with_formula
from neuralpde.pinn.problems import burgers_inverse, hidden_burgers, hidden_lotka_volterra
from neuralpde.spaces import ClosedForm, Field, FunctionSpace

TRANSPORT, HUNTING = "u*u_x", "prey*hunters"


def with_function(problem, function):
    """The unknowns of a problem with another function in its hidden term."""
    return {"hidden": eqx.tree_at(lambda h: h.function, problem.unknowns["hidden"], function)}


def formula(problem, *coefficients):
    """One term in each output."""
    hidden = problem.unknowns["hidden"]
    text = TRANSPORT if TRANSPORT in hidden.dictionary.texts else HUNTING
    places = tuple((o, hidden.dictionary.texts.index(text)) for o in range(len(coefficients)))
    return SparseFormula(jnp.asarray(coefficients), hidden.dictionary, places, hidden.function.space.names)


def cubic(problem):
    """``x^3 + t x``: no product of two of u, u_x and u_xx is another one."""
    return ClosedForm(lambda x: x[:1] ** 3 + x[1] * x[:1], problem.space)


def residuals(problem, candidate, n=64):
    term = Term(problem.conditions[0], FunctionSpace(problem.domain, problem.names), None, n, Uniform())
    points = term.points(jax.random.key(3))
    return np.asarray(jax.jit(term.residuals)(candidate, points)), points


def test_burgers_equation_is_whole_with_its_transport():
    problem = hidden_burgers(viscosity=0.1)
    candidate = Candidate(problem.reference, with_function(problem, formula(problem, 1.0)))
    found, points = residuals(problem, candidate)
    late = np.asarray(points.x)[:, 1] > 0.05  # the formula has no derivative in time at its beginning
    assert np.abs(found[late]).max() < 1e-6
    without, _ = residuals(problem, Candidate(problem.reference, with_function(problem, formula(problem, 0.5))))
    assert np.abs(without[late]).max() > 0.1


def test_the_formula_of_a_hidden_term_is_read_where_the_solution_goes(key):
    problem = hidden_burgers(samples=50)
    candidate = Candidate(cubic(problem), with_function(problem, lambda z: z[:1] * z[1:2]))
    z, values = visited(problem, candidate, "hidden", 500, key)
    np.testing.assert_allclose(values[:, 0], z[:, 0] * z[:, 1], rtol=1e-12)
    x = z[:, 2] / 6
    np.testing.assert_allclose(z[:, 0], x * z[:, 1] - 2 * x**3, atol=1e-12)
    found = read_hidden(problem, candidate, "hidden", key=key)
    assert set(found.formula.terms()["f"]) == {TRANSPORT}
    with pytest.raises(ValueError, match="no hidden term 'transport'; the candidate has hidden"):
        visited(problem, candidate, "transport", 10, key)


def test_hunters_and_prey_are_whole_with_their_interaction(key):
    problem = hidden_lotka_volterra(samples=21)
    reference = problem.reference
    assert isinstance(reference, Field)
    # A second computation of the states: derivatives by differences on the fine grid.
    t, y = np.asarray(reference.on.coords())[:, 0], np.asarray(reference.values)
    rate = (y[2:] - y[:-2]) / (t[2:] - t[:-2])[:, None]
    hidden = jax.vmap(formula(problem, -1.0, 1.0))(reference.values)[1:-1]
    missed = rate - np.asarray([1.5, -3.0]) * y[1:-1] - hidden
    assert np.abs(missed).max() < 0.02 * np.abs(rate).max()
    orbit = ClosedForm(lambda t: jnp.stack([2 + jnp.sin(t[0]), 1.5 + jnp.cos(t[0]) ** 3]), problem.space)
    candidate = Candidate(orbit, with_function(problem, formula(problem, -1.0, 1.0)))
    found = read_hidden(problem, candidate, "hidden", key=key).formula.terms()
    assert list(found) == ["hidden_prey", "hidden_hunters"]
    assert [set(terms) for terms in found.values()] == [{HUNTING}] * 2
    np.testing.assert_allclose([terms[HUNTING] for terms in found.values()], [-1, 1], rtol=1e-10)


def test_a_formula_takes_the_place_of_the_network_with_coefficients_to_be_trained(key):
    problem = hidden_burgers(samples=50)
    candidate = Candidate(cubic(problem), with_function(problem, lambda z: 2 * z[:1] * z[1:2]))
    found = read_hidden(problem, candidate, "hidden", key=key)
    simpler = with_formula(problem, "hidden", found)
    hidden = simpler.unknowns["hidden"]
    assert isinstance(hidden, HiddenTerm) and hidden.dictionary == polynomials(("u", "u_x", "u_xx"), 2)
    np.testing.assert_allclose(hidden.function.coefficients, [2.0], rtol=1e-10)
    again = read_hidden(simpler, Candidate(cubic(problem), simpler.unknowns), "hidden", key=key)
    assert again.formula.expressions() == found.formula.expressions()


@pytest.mark.parametrize(
    "make, deviation",
    [
        (lambda noise: hidden_burgers(samples=900, noise=noise), 0.44),
        (lambda noise: burgers_inverse(points=900, noise=noise), 0.6146),
    ],
)
def test_observations_have_the_noise_that_is_asked_for(make, deviation):
    clean, noisy = (next(c for c in make(noise).conditions if isinstance(c, Observations)) for noise in (0.0, 0.05))
    np.testing.assert_array_equal(clean.x, noisy.x)
    errors = np.asarray(noisy.values - clean.values)
    assert np.std(errors) == pytest.approx(0.05 * deviation, rel=0.15)
    assert abs(np.mean(errors)) < 4 * np.std(errors) / 30


def test_observations_of_burgers_equation_are_where_they_tell_of_the_viscosity():
    (data,) = (c for c in burgers_inverse(points=500, front=0.8).conditions if isinstance(c, Observations))
    x = np.asarray(data.x)
    assert 0.8 <= np.mean((np.abs(x[:, 0]) <= 0.01) & (x[:, 1] >= 0.35)) < 0.83
    (data,) = (c for c in burgers_inverse(points=500, front=0.0).conditions if isinstance(c, Observations))
    assert np.mean(np.abs(np.asarray(data.x)[:, 0]) <= 0.01) < 0.03
