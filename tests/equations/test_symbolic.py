"""Formulas from values: terms that are there are found, others are not, and what is found is written as it is computed."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations.symbolic import (
    Dictionary,
    DictionaryTerm,
    SparseFormula,
    find_formula,
    polynomials,
    pruned,
    search_by_pysr,
    sparse_regression,
    thresholded_least_squares,
    to_sympy,
)

NAMES = ("u", "u_x", "u_xx")


def states(n=400, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 3)) * np.asarray([1.0, 50.0, 0.01])


def test_polynomials_are_all_products_up_to_a_degree():
    dictionary = polynomials(("a", "b"), 3)
    assert dictionary.texts == ("1", "a", "b", "a**2", "a*b", "b**2", "a**3", "a**2*b", "a*b**2", "b**3")
    z = jnp.asarray([2.0, -3.0])
    written = [eval(text, {"a": 2.0, "b": -3.0}) for text in dictionary.texts]
    np.testing.assert_allclose(dictionary(z), written, rtol=1e-15)
    assert len(polynomials(NAMES, 3, constant=False).texts) == 19
    with pytest.raises(ValueError, match="degree of at least 1"):
        polynomials(NAMES, 0)
    with pytest.raises(ValueError, match="terms that differ"):
        dictionary.extended(DictionaryTerm("a*b", lambda z: z[0] * z[1]))


@pytest.mark.parametrize("choice", ["bic", "cross_validation"])
def test_terms_and_coefficients_are_found_exactly_whatever_the_units(choice):
    z = states()
    values = np.stack([z[:, 0] * z[:, 1] - 0.3 * z[:, 2], 2.0 + 0 * z[:, 0]], axis=1)
    for scale in (1.0, 1e8):
        found = find_formula(
            z, scale * values, polynomials(NAMES, 3), outputs=("f", "g"), choice=choice
        ).formula.terms()
        assert {name: set(terms) for name, terms in found.items()} == {"f": {"u*u_x", "u_xx"}, "g": {"1"}}
        np.testing.assert_allclose(list(found["f"].values()), [-0.3 * scale, scale], rtol=1e-10)
        assert found["g"]["1"] == pytest.approx(2 * scale)


def test_terms_are_found_in_noise_and_their_deviations_are_those_of_repeated_draws():
    z = states(300)
    clean, dictionary = 0.5 * z[:, 0] - z[:, 0] * z[:, 1], polynomials(NAMES, 2)
    drawn = [
        find_formula(z, (clean + 1.0 * np.random.default_rng(seed).normal(size=300))[:, None], dictionary)
        for seed in range(60)
    ]
    right = [found for found in drawn if {"u", "u*u_x"} <= set(found.formula.terms()["f"])]
    assert len(right) == 60
    # With log(300) a parameter, of eight superfluous terms one gets in with a probability of about 0.13.
    assert sum(len(found.formula.coefficients) > 2 for found in drawn) < 20
    exact = [found for found in drawn if len(found.formula.coefficients) == 2]
    u = np.asarray([found.formula.terms()["f"]["u"] for found in exact])
    told = np.mean([found.fits["f"].deviations[1] for found in exact])
    assert abs(u.mean() - 0.5) < 4 * told / np.sqrt(len(u)) and 0.7 < u.std() / told < 1.4


def test_values_that_are_not_independent_count_for_fewer():
    """A smooth error, such as that of a network, is fitted by small terms unless the values count for what they are."""
    z = np.linspace(-1, 1, 4000)[:, None]
    values = z**2 + 0.02 * np.sin(20 * z)
    dictionary = polynomials(("u",), 8)
    assert len(find_formula(z, values, dictionary).formula.coefficients) > 1
    found = find_formula(z, values, dictionary, independent=20)
    assert set(found.formula.terms()["f"]) == {"u**2"}
    # The same information: as many times the variance as there are fewer values.
    other = sparse_regression(z**2, values[:, 0], independent=1000)
    ratio = found.fits["f"].deviations[2] / other.deviations[0]
    assert ratio == pytest.approx(np.sqrt(999 / 19), rel=1e-6)


def test_columns_are_left_out_by_their_part_of_the_target():
    matrix = np.stack([np.ones(10), np.linspace(-1, 1, 10), np.zeros(10)], axis=1)
    target = matrix @ np.asarray([3.0, 0.1, 7.0])
    assert thresholded_least_squares(matrix, target, 0.01).tolist() == [True, True, False]
    assert thresholded_least_squares(matrix, target, 0.1).tolist() == [True, False, False]
    assert not thresholded_least_squares(matrix, target, 2.0).any()
    assert sparse_regression(matrix, 0 * target).support == ()


def test_a_formula_is_computed_as_it_is_written_and_can_be_trained():
    sine = DictionaryTerm("sin(u)", lambda z: jnp.sin(z[0]))
    dictionary = polynomials(("u", "v"), 2).extended(sine)
    formula = SparseFormula(jnp.asarray([2.0, -0.5, 1.25]), dictionary, ((0, 4), (0, 6), (1, 0)), ("f", "g"))
    assert str(formula) == "f = 2*u*v - 0.5*sin(u)\ng = 1.25"
    z = jnp.asarray([0.7, -1.1])
    written = [eval(text, {"u": 0.7, "v": -1.1, "sin": np.sin}) for text in formula.expressions().values()]
    np.testing.assert_allclose(formula(z), written, rtol=1e-14)
    slope = jax.grad(lambda formula: formula(z)[0])(formula)
    np.testing.assert_allclose(slope.coefficients, [-0.77, np.sin(0.7), 0.0], rtol=1e-14)
    nothing = SparseFormula(jnp.zeros(0), Dictionary(("u", "v"), (sine,)), (), ("f",))
    assert nothing.expressions() == {"f": "0"} and float(nothing(z)[0]) == 0


def test_pruning_is_backward_elimination_by_least_squares():
    """Of a linear regression: the same terms, and the same coefficients, as fitting all subsets again."""
    random = np.random.default_rng(4)
    u = random.normal(size=200)
    z = np.stack([u, -9 * u + 0.3 * random.normal(size=200), random.normal(size=200)], axis=1)  # two nearly equal ones
    dictionary = polynomials(("a", "b", "c"), 1)
    matrix = np.asarray(jax.vmap(dictionary)(jnp.asarray(z)))
    values = 0.7 * z[:, 2] + 0.1 * random.normal(size=200)
    inverse = np.linalg.inv(matrix.T @ matrix)
    formula = SparseFormula(
        jnp.asarray(inverse @ matrix.T @ values), dictionary, ((0, 0), (0, 1), (0, 2), (0, 3)), ("f",)
    )
    found = pruned(formula, 0.1**2 * inverse, 200)
    assert found.places == ((0, 3),)
    alone = z[:, 2] @ values / (z[:, 2] @ z[:, 2])
    np.testing.assert_allclose(found.coefficients, [alone], rtol=1e-10)
    certain = pruned(formula, 1e-16 * inverse, 200)
    assert certain.places == formula.places
    np.testing.assert_array_equal(certain.coefficients, formula.coefficients)


def test_expressions_of_sympy_have_all_digits():
    sympy = pytest.importorskip("sympy")
    formula = SparseFormula(jnp.asarray([1 / 3, -2.0]), polynomials(("u", "u_x")), ((0, 4), (0, 0)), ("f",))
    (found,) = to_sympy(formula).values()
    u, u_x = sympy.symbols("u u_x")
    assert float(sympy.diff(found, u).subs(u_x, 1)) == pytest.approx(1 / 3, rel=1e-15)


def test_what_is_not_installed_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pysr", None)
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(ValueError, match=r"neuralpde\[symbolic\]"):
        search_by_pysr(np.zeros((3, 1)), np.zeros((3, 1)), ("u",))
    with pytest.raises(ValueError, match=r"formula.expressions\(\)"):
        to_sympy(SparseFormula(jnp.zeros(0), polynomials(("u",)), (), ("f",)))


@pytest.mark.parametrize(
    "matrix, options, said",
    [
        (np.ones((2, 3)), {}, "as many rows as columns"),
        (np.full((4, 1), np.nan), {}, "finite numbers"),
        (np.ones((4, 1)), {"choice": "aic"}, "'bic' or 'cross_validation'"),
        (np.ones((4, 1)), {"independent": 5}, "between 1 and the 4 rows"),
    ],
)
def test_unusable_arguments_are_refused(matrix, options, said):
    with pytest.raises(ValueError, match=said):
        sparse_regression(matrix, np.ones(len(matrix)), **options)
