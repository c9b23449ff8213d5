"""Bandits over subsets: their belief against formulas, and less and less regret."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import extreme_learning_machine
from neuralpde.pinn import (
    Bandit,
    Sobol,
    SubsetKernel,
    interface_reward,
    play,
    play_in_phases,
    solve_heads,
    xpinn,
)
from neuralpde.pinn.decomposition.surrogate import Seen, evidence, posterior
from neuralpde.pinn.problems import poisson


def wanted(context, subset):
    """Which conditions help depends on the context, and two of them only together."""
    s, c = np.asarray(subset, float), float(context[0])
    return s[0] - 0.8 * s[3] + 1.5 * c * s[1] - 1.2 * c * s[2] + 0.6 * s[0] * s[1]


SUBSETS = [np.asarray(s) for s in itertools.product([False, True], repeat=4)]


def regrets(rule, rounds=60):
    rng = np.random.default_rng(1)
    contexts = jnp.asarray(rng.uniform(-1, 1, (rounds, 1)))
    noisy = lambda context, subset: wanted(context, subset) + 0.05 * rng.standard_normal()
    bandit = Bandit(4, 1, rule=rule, room=rounds)
    bandit, tried = play(bandit, noisy, contexts, jax.random.key(2))
    best = np.asarray([max(wanted(c, s) for s in SUBSETS) for c, _, _ in tried])
    by_chance = np.mean([[wanted(c, s) for s in SUBSETS] for c, _, _ in tried])
    return bandit, best - [wanted(c, s) for c, s, _ in tried], best.mean() - by_chance


@pytest.mark.parametrize("rule", ["ucb", pytest.param("thompson", marks=pytest.mark.slow)])
def test_regret_grows_slower_than_the_number_of_rounds(rule):
    bandit, regret, by_chance = regrets(rule)
    assert regret[-20:].mean() < 0.25 * regret[:20].mean()
    assert regret[-20:].mean() < 0.1 * by_chance
    for c in (-0.8, 0.8):
        found = wanted([c], bandit.best(jnp.asarray([c])))
        assert found > max(wanted([c], s) for s in SUBSETS) - 0.1 * by_chance


def test_belief_is_that_of_a_gaussian_process():
    """Against the formulas with the inverse matrix, with room for more rewards than were seen."""
    rng = np.random.default_rng(0)
    kernel = SubsetKernel(variance=1.3, length=0.7, coupling=2.0, noise=0.05)
    c, s, y = rng.uniform(-1, 1, (5, 2)), rng.integers(0, 2, (5, 3)).astype(bool), rng.standard_normal(5)
    seen = Seen.nothing(9, 2, 3)
    for row in zip(c, s, y, strict=True):
        seen = seen.with_one_more(*map(jnp.asarray, row))

    def k(c, s, c_, s_):
        overlap = (s[:, None] == s_[None]).mean(-1)
        return 1.3 * np.exp(-((c[:, None] - c_[None]) ** 2).sum(-1) / 0.98 + 2 * (overlap - 1))

    at, of = rng.uniform(-1, 1, (4, 2)), rng.integers(0, 2, (4, 3)).astype(bool)
    z = (y - y.mean()) / y.std()
    K, across = k(c, s, c, s) + (0.05 + 1e-6) * np.eye(5), k(at, of, c, s)
    mean, covariance = posterior(kernel, seen, jnp.asarray(at), jnp.asarray(of))
    np.testing.assert_allclose(mean, y.mean() + y.std() * across @ np.linalg.solve(K, z), rtol=1e-10)
    expected = y.var() * (k(at, of, at, of) - across @ np.linalg.solve(K, across.T))
    np.testing.assert_allclose(covariance, expected, rtol=1e-9)
    likelihood = -0.5 * z @ np.linalg.solve(K, z) - 0.5 * np.linalg.slogdet(K)[1]
    np.testing.assert_allclose(evidence(kernel, seen), likelihood, rtol=1e-10)


def test_the_second_phase_knows_what_became_of_the_first():
    """Its reward is largest for the subset that the first phase did not take."""
    begin = lambda context, subset: (np.asarray(subset), float(np.asarray(subset)[0]))
    end = lambda state, context, subset: float(np.mean(state != np.asarray(subset)))
    first, second = Bandit(2, 1, room=24, refit=0), Bandit(2, 1 + 2 + 1, room=24, refit=0)
    contexts = [jnp.asarray([0.1 * (i % 5)]) for i in range(24)]
    _, _, tried = play_in_phases(first, second, begin, end, contexts, jax.random.key(0))
    assert np.mean([final for *_, final in tried[-8:]]) > 0.9 and np.mean([t[2] for t in tried[-8:]]) > 0.9


def test_unusable_bandits_are_refused():
    with pytest.raises(ValueError, match="ucb, thompson"):
        Bandit(3, 1, rule="greedy")
    with pytest.raises(ValueError, match="1 to 12"):
        Bandit(13, 1)


@pytest.mark.slow
def test_the_reward_of_interface_conditions_is_how_exact_the_solution_is(key):
    """Solutions by least squares in two pieces: with values and slopes they are one, with one of these they are not."""
    cuts = {"x1": (0.5,)}
    layers = functools.partial(extreme_learning_machine, width=40, scale=1.0)

    def solve(problem):
        u = xpinn(problem.space, layers, cuts=cuts, key=key)
        return solve_heads(problem.candidate(u), problem, 300, 60, sampler=Sobol(), key=key)

    reward = interface_reward(lambda context: poisson(), solve, cuts, ["values", "slopes"])
    both, one = (reward(jnp.zeros(1), jnp.asarray(subset)) for subset in ([True, True], [True, False]))
    assert both > one + 3
