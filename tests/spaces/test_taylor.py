"""Taylor series of functions and layers: coefficients against contour integrals and nested forward differentiation."""

import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from neuralpde.nn import gelu, mlp, tanh_sin
from neuralpde.spaces import (
    Box,
    ClosedForm,
    Directions,
    FunctionSpace,
    Neural,
    Order,
    TaylorSeries,
    concatenate,
    propagate,
)

ELEMENTWISE = {
    "tanh": (jnp.tanh, np.tanh),
    "sin": (jnp.sin, np.sin),
    "cos": (jnp.cos, np.cos),
    "exp": (jnp.exp, np.exp),
    "log": (jnp.log, np.log),
    "sqrt": (jnp.sqrt, np.sqrt),
    "square": (jnp.square, np.square),
    "sigmoid": (jax.nn.sigmoid, lambda z: 1 / (1 + np.exp(-z))),
    "silu": (jax.nn.silu, lambda z: z / (1 + np.exp(-z))),
    "gelu": (gelu, lambda z: z * (1 + scipy.special.erf(z / math.sqrt(2))) / 2),
    "gelu of tanh": (jax.nn.gelu, lambda z: z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))) / 2),
    "without a rule": (tanh_sin, lambda z: np.tanh(np.sin(np.pi * (z + 1))) + z),
}


class Polymorphic(eqx.Module):
    """A formula that serves values and series alike, and says so."""

    formula: Callable

    def __call__(self, x):
        return self.formula(x)

    propagate = __call__


def contour_coefficients(f, curve, orders, radius=0.25, points=128):
    """Coefficients of f(curve(t)) by Cauchy's integrals on a circle, a trapezium rule that converges geometrically."""
    t = radius * np.exp(2j * np.pi * np.arange(points) / points)
    values = np.stack([f(curve(z)) for z in t])
    modes = np.fft.fft(values, axis=0)[: orders + 1].real / points
    return modes / radius ** np.arange(orders + 1)[:, None]


@eqx.filter_jit
def coefficients(f, *x, orders=6):
    """Those of f(x_0 + x_1 t + ...), degree 0 to ``orders``."""
    given = dict(enumerate(x))
    y = propagate(f, TaylorSeries(x[0], lambda order: None if order.degree >= len(x) else given[order.degree][None]))
    found = [y.coefficient(Order(Directions(jnp.ones((1, 1))), degree)) for degree in range(1, orders + 1)]
    return jnp.stack([y.value, *(jnp.zeros_like(y.value) if c is None else c[0] for c in found)])


@eqx.filter_jit
def along(f, x, vectors, degree, weights=None, summed=False):
    """One coefficient of f on lines through x."""
    return propagate(f, TaylorSeries.point(x)).coefficient(Order(Directions(vectors, weights), degree, summed))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_series_are_the_contour_integrals(name):
    f, complex_f = ELEMENTWISE[name]
    start, slope, bend = np.asarray([0.6, 1.1]), np.asarray([0.8, -0.5]), np.asarray([0.3, 0.7])
    expected = contour_coefficients(complex_f, lambda t: start + slope * t + bend * t**2, 6)
    found = coefficients(f, jnp.asarray(start), jnp.asarray(slope), jnp.asarray(bend))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


def test_arithmetic_of_series_is_that_of_values():
    a, b = np.asarray([0.7, 1.2]), np.asarray([2.0, -1.5])
    W = np.asarray([[1.0, 2.0], [0.5, -1.0], [3.0, 0.2]])

    def formula(x, matmul):
        y = matmul(x)
        z = (1 - y) / (3.0 + y * y) - 2.0 / (y**3 + 9) + y / 4
        return z * x[0] + (-z) ** 2 - x[1]

    found = coefficients(Polymorphic(lambda x: formula(x, lambda v: W @ v)), jnp.asarray(a), jnp.asarray(b))
    expected = contour_coefficients(lambda v: formula(v, lambda u: W @ u), lambda t: a + b * t, 6)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


def test_a_number_multiplies_a_vector_along_each_direction(key):
    """As many directions as components: a distance function times a solution must not mix the two axes."""
    u = mlp(2, 2, width=5, depth=1, activation=jnp.tanh, key=key)
    bubble = lambda x: x[0] * (1 - x[1]) * propagate(u, x)
    x, vectors = jnp.asarray([0.3, 0.4]), jnp.asarray([[1.0, 0.5], [-0.2, 2.0]])
    for degree, summed in ((1, False), (3, False), (2, True)):
        found = along(Polymorphic(bubble), x, vectors, degree, summed=summed)
        np.testing.assert_allclose(found, along(bubble, x, vectors, degree, summed=summed), atol=1e-12)


def nested(f, x, v, order):
    for _ in range(order):
        f = lambda y, f=f: jax.jvp(f, (y,), (v,))[1]
    return f(x)


@pytest.mark.parametrize("activation", [jnp.tanh, jnp.sin])
def test_a_network_has_the_derivatives_of_nested_differentiation(activation, key):
    net = mlp(3, 2, width=7, depth=2, activation=activation, key=key)
    x, v = jax.random.normal(key, (2, 3))
    expected = jax.jit(lambda x: [nested(net, x, v, n) / math.factorial(n) for n in range(7)])(x)
    np.testing.assert_allclose(coefficients(net, x, v), expected, rtol=1e-10, atol=1e-10)


def test_sums_of_directions_are_sums_of_terms(key):
    net = mlp(3, 2, width=6, depth=2, activation=jnp.tanh, key=key)
    vectors, weights = jax.random.normal(key, (4, 3)), jnp.asarray([1.0, -2.0, 0.5, 3.0])
    x = jnp.asarray([0.1, -0.4, 0.8])
    for degree in (1, 2, 4):
        each = along(net, x, vectors, degree)
        for w in (None, weights):
            summed = along(net, x, vectors, degree, w, summed=True)
            np.testing.assert_allclose(summed, (jnp.ones(4) if w is None else w) @ each, atol=1e-12)


def test_any_function_takes_part_in_a_network(key):
    """Layers without rules, layers of equinox, and a network of its own with learned activations."""
    keys = jax.random.split(key, 3)
    net = eqx.nn.Sequential(
        [
            eqx.nn.Lambda(lambda x: jnp.concatenate([x, x[:1] * x[1:]])),
            eqx.nn.Linear(3, 4, key=keys[0]),
            eqx.nn.Lambda(jnp.tanh),
            eqx.nn.Identity(),
            eqx.nn.MLP(4, 3, 5, 1, eqx.nn.PReLU(0.1), key=keys[1]),
        ]
    )
    x, vectors = jnp.asarray([0.4, 0.9]), jnp.asarray([[1.0, 0.3], [0.0, -1.0]])
    for degree in (1, 3):
        exact = jax.jit(lambda x, n=degree: [nested(net, x, v, n) / math.factorial(n) for v in vectors])(x)
        np.testing.assert_allclose(along(net, x, vectors, degree), exact, atol=1e-12)
        np.testing.assert_allclose(along(net, x, vectors, degree, summed=True), sum(exact), atol=1e-12)


def test_neural_functions_have_derivatives_in_the_units_of_their_domain(key):
    box = Box.of(x=(1.0, 4.0), t=(0.0, 0.5))
    u = Neural(mlp(2, 1, width=6, depth=2, activation=jnp.tanh, key=key), FunctionSpace(box))
    x, v = jnp.asarray([2.2, 0.1]), jnp.asarray([1.0, 0.0])
    exact = jax.jit(lambda x: nested(lambda y: u.network(box.normalize(y)), x, v, 2))(x)
    np.testing.assert_allclose(2 * along(u, x, v[None], 2)[0], exact, atol=1e-12)


def test_single_precision_stays(key):
    """Numbers in the formulas of layers do not widen it where double precision is switched on."""
    net = jax.tree.map(
        lambda leaf: leaf.astype("float32") if eqx.is_array(leaf) else leaf, mlp(2, 1, width=3, depth=1, key=key)
    )
    x = jnp.asarray([0.1, 0.2], "float32")
    series = 1 - 2.0 / (3 + propagate(net, TaylorSeries.point(x)) ** 2)
    assert series.dtype == series.coefficient(Order(Directions(jnp.eye(2)), 2, True)).dtype == jnp.float32


def test_vectors_are_joined_with_constants(key):
    x = TaylorSeries.point(jnp.asarray([0.3, 0.7]))
    joined = concatenate([x[:1], jnp.ones(2), x[1:] * x[1:]])
    np.testing.assert_allclose(joined.value, [0.3, 1, 1, 0.49])
    directions = Directions(jnp.asarray([[1.0, 2.0]]))
    np.testing.assert_allclose(joined.coefficient(Order(directions, 1)), [[1, 0, 0, 2.8]])
    np.testing.assert_allclose(joined.coefficient(Order(directions, 2)), [[0, 0, 0, 4]])
    assert joined.coefficient(Order(directions, 3)) is None
    np.testing.assert_allclose(concatenate([jnp.ones(1), jnp.zeros(1)]), [1, 0])


def test_powers_that_are_not_positive_are_refused():
    with pytest.raises(ValueError, match="positive integer powers here, got 0"):
        TaylorSeries.point(jnp.ones(2)) ** 0


def test_a_closed_form_is_differentiated_as_it_stands():
    u = ClosedForm(lambda x: jnp.sin(3 * x[:1]) * x[1:], FunctionSpace(Box.cube(2)))
    expected = [[-4.5 * math.sin(0.6) * 0.5], [0.0]]
    np.testing.assert_allclose(along(u, jnp.asarray([0.2, 0.5]), jnp.eye(2), 2), expected, atol=1e-13)
