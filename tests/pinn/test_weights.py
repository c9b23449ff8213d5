"""Factors of loss terms: each scheme against its formula, written out a second time."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.pinn import (
    Collocation,
    GradientNorms,
    ReLoBRaLo,
    ResidualAttention,
    RisingPenalty,
    SelfAdaptive,
    TangentKernel,
)
from neuralpde.pinn.causal import Causal, causal_weights

pytestmark = pytest.mark.slow  # many small programs, each compiled

SIZES = {"equation": jnp.asarray([0.1, 2.0, 0.4, 1.0]), "initial": jnp.asarray([3.0, 0.5])}
POINTS = {
    "equation": Collocation(jnp.asarray([[0.0, 0.1], [0.0, 0.9], [0.0, 0.4], [0.0, 0.6]]), jnp.full(4, 0.25)),
    "initial": Collocation(jnp.zeros((2, 2)), jnp.asarray([0.7, 0.3])),
}


def view(**known):
    """What a scheme sees, with constant answers."""
    squares = {name: jnp.sum(POINTS[name].w * size**2) for name, size in SIZES.items()}
    answers = {"mean_squares": squares, "sizes": SIZES, "gradient_norms": None, "kernel_means": None, **known}
    functions = {name: lambda *key, answer=answer: answer for name, answer in answers.items()}
    return types.SimpleNamespace(points=POINTS, **functions)


def renewed(scheme, seen, times=1):
    balanced = scheme.start(seen)
    for key in jax.random.split(jax.random.key(0), times):
        balanced = scheme.renew(balanced, seen, key)
    return balanced.factors


@pytest.mark.parametrize("scheme, measure", [(GradientNorms, "gradient_norms"), (TangentKernel, "kernel_means")])
def test_balanced_terms_pull_as_strongly(scheme, measure):
    norms = {"equation": jnp.asarray(10.0), "initial": jnp.asarray(0.2)}
    once = renewed(scheme(momentum=0.9), view(**{measure: norms}))
    np.testing.assert_allclose(list(once.values()), [0.9 + 0.1 * 5.1 / 10, 0.9 + 0.1 * 5.1 / 0.2], rtol=1e-12)
    at_last = renewed(scheme(momentum=0.0), view(**{measure: norms}))
    np.testing.assert_allclose([at_last[name] * norms[name] for name in norms], 5.1, rtol=1e-12)


def test_terms_without_gradient_keep_a_finite_factor():
    norms = {"equation": jnp.asarray(4.0), "initial": jnp.asarray(0.0)}
    np.testing.assert_allclose(
        list(renewed(GradientNorms(momentum=0.0), view(gradient_norms=norms)).values()), [0.5, 1]
    )


def test_relobralo_is_its_recursion():
    scheme = ReLoBRaLo(temperature=0.5, decay=0.8, lookback=0.4)
    losses = np.random.default_rng(0).uniform(0.5, 2, (6, 2))
    seen = [view(mean_squares=dict(zip(SIZES, map(jnp.asarray, row), strict=True))) for row in losses]
    balanced, w = scheme.start(seen[0]), np.ones(2)
    for t, key in enumerate(jax.random.split(jax.random.key(5), 5), start=1):
        balanced = scheme.renew(balanced, seen[t], key)
        b = [np.exp(losses[t] / (0.5 * losses[s])) for s in (0, t - 1)]
        first, last = (2 * e / e.sum() for e in b)
        w = 0.8 * (w if jax.random.bernoulli(key, 0.4) else first) + 0.2 * last
        np.testing.assert_allclose(list(balanced.factors.values()), w, rtol=1e-12)
        assert w.sum() == pytest.approx(2)


def test_attention_gathers_where_residuals_are_large():
    scheme = ResidualAttention(decay=0.5, rate=0.2, start_value=0.1)
    a = np.full(4, 0.1)
    for _ in range(3):
        a = 0.5 * a + 0.2 * np.asarray(SIZES["equation"]) / 2.0
    np.testing.assert_allclose(renewed(scheme, view(), 3)["equation"], a**2, rtol=1e-12)
    # It stays below rate / (1 - decay), which the largest residual reaches.
    assert float(renewed(scheme, view(), 60)["equation"].max()) == pytest.approx(0.4**2, rel=1e-12)


def test_self_adaptive_factors_climb_the_loss():
    scheme = SelfAdaptive(rate=0.05, start_value=1.5)

    def loss(s):
        return sum(jnp.sum(POINTS[name].w * s[name] ** 2 * SIZES[name] ** 2) for name in SIZES)

    s = {name: jnp.full(len(size), 1.5) for name, size in SIZES.items()}
    slopes = jax.grad(loss)(s)
    found = renewed(scheme, view())
    for name, size in SIZES.items():
        np.testing.assert_allclose(found[name], (s[name] + 0.05 * len(size) * slopes[name]) ** 2, rtol=1e-12)


def test_causal_weights_are_those_of_the_triangular_sum():
    losses = np.asarray([0.3, 0.1, 2.0, 0.5])
    earlier = np.tril(np.ones((4, 4)), -1) @ losses
    np.testing.assert_allclose(
        causal_weights(jnp.asarray(losses), 2.0, 0.25), np.exp(-2 * (earlier + 0.25)), rtol=1e-12
    )
    np.testing.assert_array_equal(jax.grad(lambda L: jnp.sum(causal_weights(L, 2.0)))(jnp.asarray(losses)), 0)


def test_points_wait_for_earlier_times():
    """Two halves of time, of points at 0.1, 0.9, 0.4 and 0.6."""
    scheme = Causal(tolerance=0.3, begin=0.0, end=1.0, chunks=2, initial_weight=10.0)
    found = renewed(scheme, view())["equation"]
    initial, first = 10 * (0.7 * 9 + 0.3 * 0.25), (0.1**2 + 0.4**2) / 2
    early, late = np.exp(-0.3 * initial), np.exp(-0.3 * (initial + first))
    np.testing.assert_allclose(found, [early, late, early, late], rtol=1e-12)
    by_the_points = Causal(tolerance=0.3, chunks=2, initial_weight=10.0)
    np.testing.assert_allclose(renewed(by_the_points, view())["equation"], found, rtol=1e-12)
    exact_start = Causal(tolerance=0.3, begin=0.0, end=1.0, chunks=2, initial=None)
    np.testing.assert_allclose(renewed(exact_start, view())["equation"][0], 1.0)


def test_tolerances_rise_when_all_times_are_learned():
    ladder = Causal(tolerance=(1e-9, 0.3, 7.0), chunks=2, initial=None)
    second = Causal(tolerance=0.3, chunks=2, initial=None)
    np.testing.assert_allclose(renewed(ladder, view())["equation"], renewed(second, view())["equation"], rtol=1e-12)
    np.testing.assert_allclose(
        renewed(ladder, view(), times=5)["equation"], renewed(ladder, view())["equation"], rtol=1e-12
    )  # the second does not reach it


def test_a_penalty_rises_to_one_and_leaves_the_others_alone():
    scheme = RisingPenalty(terms=["equation"], begin=1e-4, growth=100.0, every=3)
    for times, factor in ((0, 1e-4), (1, 1e-2), (2, 1.0), (5, 1.0)):
        factors = renewed(scheme, view(), times)
        np.testing.assert_allclose([factors["equation"], factors["initial"]], [factor, 1.0], rtol=1e-12)
    with pytest.raises(ValueError, match="no term boundary; there are equation, initial"):
        RisingPenalty(terms=("boundary",)).start(view())


@pytest.mark.parametrize(
    "make",
    [
        lambda: RisingPenalty(growth=1.0),
        lambda: GradientNorms(every=0),
        lambda: TangentKernel(momentum=1.0),
        lambda: ReLoBRaLo(temperature=0.0),
        lambda: ResidualAttention(rate=0.0),
        lambda: SelfAdaptive(start_value=0.0),
        lambda: Causal(tolerance=1.0, begin=1.0, end=0.0),
    ],
)
def test_unusable_numbers_are_refused(make):
    with pytest.raises(ValueError, match="every"):
        make()
