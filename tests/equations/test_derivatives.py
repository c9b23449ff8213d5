"""Derivatives that residuals are written with: exact values, nested differentiation, and the work they take."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import Burgers, KuramotoSivashinsky
from neuralpde.equations.derivatives import (
    biharmonic,
    directional,
    expanded,
    fourth_order_directions,
    gradient,
    laplacian,
    partial,
    rate,
)
from neuralpde.nn import mlp
from neuralpde.spaces import Box, FunctionSpace, Neural

X = jnp.asarray([0.3, -0.2, 0.7])


def opaque(u):
    """The same function without rules of its layers."""
    return lambda x: u(x)


def wave(x):
    """sin(a x) exp(b y) cos(c t), and its square's first factor."""
    return jnp.stack([jnp.sin(2 * x[0]) * jnp.exp(0.5 * x[1]) * jnp.cos(3 * x[2]), x[0] ** 4 * x[1]])


@pytest.fixture
def net(key):
    return mlp(3, 2, width=6, depth=2, activation=jnp.tanh, key=key)


def test_derivatives_of_a_closed_form():
    @jax.jit
    def found(x):
        u = expanded(wave, x)
        high = [partial(u, 0, k)(x) for k in range(7)]
        return u(x), high, gradient(u)(x), rate(u)(x), laplacian(u)(x), biharmonic(u)(x), laplacian(u, (0, 2))(x)

    x, y, t = np.asarray(X)
    w = lambda k: 2**k * math.sin(2 * x + k * math.pi / 2) * math.exp(y / 2) * math.cos(3 * t)
    quartic = [x**4, 4 * x**3, 12 * x**2, 24 * x, 24, 0, 0]
    value, high, slopes, speed, curvature, bent, waved = found(X)
    np.testing.assert_allclose(value, [w(0), x**4 * y], rtol=1e-13)
    np.testing.assert_allclose(high, [[w(k), quartic[k] * y] for k in range(7)], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(slopes, [[w(1), 4 * x**3 * y], [w(0) / 2, x**4]], rtol=1e-12)
    np.testing.assert_allclose(speed, [-3 * math.tan(3 * t) * w(0), 0], rtol=1e-12)
    np.testing.assert_allclose(curvature, [(0.25 - 4) * w(0), 12 * x**2 * y], rtol=1e-12)
    np.testing.assert_allclose(bent, [(0.25 - 4) ** 2 * w(0), 24 * y], rtol=1e-12)
    np.testing.assert_allclose(waved, [-13 * w(0), 12 * x**2 * y], rtol=1e-12)


def test_rules_of_layers_agree_with_nested_differentiation(net):
    """Values, and gradients in the parameters of a sum of all derivatives."""

    def all_of(u, x):
        parts = [partial(u, 0, k)(x) for k in (1, 3)] + [laplacian(u)(x), biharmonic(u)(x), rate(u)(x), *gradient(u)(x)]
        return jnp.stack(parts)

    weights = jnp.cos(jnp.arange(14.0)).reshape(7, 2)

    @eqx.filter_jit
    def value_and_gradient(net, make):
        loss = lambda net: (jnp.sum(weights * all_of(make(net), X)), all_of(make(net), X))
        (_, values), slope = eqx.filter_value_and_grad(loss, has_aux=True)(net)
        return values, jax.tree.leaves(slope)

    ours, exact = (value_and_gradient(net, make) for make in (lambda net: expanded(net, X), opaque))
    np.testing.assert_allclose(ours[0], exact[0], rtol=1e-10, atol=1e-10)
    for a, b in zip(ours[1], exact[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


def test_derivatives_of_derivatives(net):
    """Of the functions that the operators return, in any order, at a point that is remembered or not."""

    @jax.jit
    def found(x):
        u = expanded(net, x)
        return partial(partial(u, 0), 1)(x), laplacian(laplacian(net))(x), biharmonic(net)(x), jax.hessian(u)(x)

    mixed, twice, bent, hessian = found(X)
    np.testing.assert_allclose(mixed, hessian[:, 0, 1], atol=1e-12)
    np.testing.assert_allclose(bent, twice, atol=1e-10)


@pytest.mark.parametrize("dim", [2, 3, 4, 6])
def test_fourth_derivatives_along_few_lines_are_the_biharmonic_operator(dim):
    vectors, weights = fourth_order_directions(dim)
    assert len(weights) == {2: 3, 3: 6}.get(dim, dim**2)
    tensor = np.einsum("d,di,dj,dk,dl->ijkl", weights, *[vectors] * 4)
    delta = np.eye(dim)
    pairs = [np.einsum(f"{a},{b}->ijkl", delta, delta) for a, b in (("ij", "kl"), ("ik", "jl"), ("il", "jk"))]
    np.testing.assert_allclose(tensor, sum(pairs) / 3, atol=1e-14)


def test_directional_derivatives_are_weighted_sums(net):
    vectors, weights = jnp.asarray([[1.0, 2.0, 0.0], [0.0, -1.0, 0.5]]), jnp.asarray([2.0, -3.0])
    hessian = jax.hessian(net)(X)
    expected = jnp.einsum("d,di,dj,cij->c", weights, vectors, vectors, hessian)
    np.testing.assert_allclose(directional(net, vectors, 2, weights)(X), expected, atol=1e-12)
    np.testing.assert_allclose(directional(net, vectors, 1)(X), jax.jacfwd(net)(X) @ vectors.sum(0), atol=1e-12)


def test_a_linear_function_has_no_second_derivatives(key):
    u = eqx.nn.Linear(3, 2, key=key)
    np.testing.assert_array_equal(laplacian(u)(X), np.zeros(2))
    np.testing.assert_array_equal(partial(u, 1, 3)(X), np.zeros(2))


def test_what_is_known_at_a_point_stays_in_its_trace(net):
    """In a branch, which is a trace of its own, and at another point, a remembered function is just the function."""

    @jax.jit
    def found(x):
        u = expanded(net, x)
        branch = jax.lax.cond(x[0] > 0, lambda: laplacian(u)(x), lambda: u(x))
        return branch, laplacian(u)(x), partial(u, 0)(2 * x), expanded(u, x) is u

    branch, outside, elsewhere, same = found(X)
    np.testing.assert_allclose(branch, outside, atol=1e-14)
    np.testing.assert_allclose(elsewhere, partial(net, 0)(2 * X), atol=1e-14)
    assert same


def flops(f, *arguments):
    return jax.jit(f).lower(*arguments).compile().cost_analysis()["flops"]


BOX = Box.of(x=(-1.0, 1.0), t=(0.0, 1.0))


@pytest.mark.parametrize(
    ("equation", "vectors"), [(Burgers(0.01), 4), (KuramotoSivashinsky(), 6)], ids=["u_xx", "u_xxxx"]
)
@pytest.mark.parametrize("trained", [False, True])
def test_a_residual_pays_for_each_coefficient_once(equation, vectors, trained, key):
    """u, u_t, u_x, u_xx (.., u_xxxx) are 4 (6) vectors through each layer: each a forward pass, three with gradients."""
    width, depth, points = 128, 3, 16
    net = mlp(2, 1, width=width, depth=depth, activation=jnp.tanh, key=key)
    parameters, static = eqx.partition(net, eqx.is_inexact_array)
    x = BOX.sample(key, points)

    def loss(parameters):
        u = Neural(eqx.combine(parameters, static), FunctionSpace(BOX))
        residual = jax.vmap(lambda y: equation.residual(expanded(u, y), y))(x)
        return jnp.mean(residual**2)

    products = 2 * points * (depth - 1) * width**2 * vectors * (3 if trained else 1)
    assert 1 <= flops(jax.grad(loss) if trained else loss, parameters) / products < 1.2
