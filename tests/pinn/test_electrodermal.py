"""Conductance and emotions: the law holds for what was made up, classes are learned from labels, and the law helps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.nn import mlp
from neuralpde.pinn import Candidate, Labels, Problem, Sobol, Term, problems
from neuralpde.pinn.problems.electrodermal import BASELINE, DECAY, DRIVES, EMOTIONS, divided, recorded_sessions
from neuralpde.spaces import ClosedForm, FunctionSpace, Neural
from neuralpde.training import ResidualTask, fit, levenberg_marquardt

TRUTH = {"alpha": DECAY, **{f"beta_{name}": drive for name, drive in zip(EMOTIONS, DRIVES, strict=True)}}


def test_made_up_sessions_obey_the_law_and_are_what_is_observed():
    problem = problems.electrodermal(sessions=20, noise=0.0)
    exact = problem.reference
    scores = ClosedForm(lambda x: exact(x).at[1:].set(jnp.log(exact(x)[1:])), exact.space)
    candidate = Candidate(scores, TRUTH)
    space = FunctionSpace(problem.domain, problem.names)
    for label, condition in zip(problem.labels, problem.conditions, strict=True):
        term = Term(condition, space, None, 200, Sobol())
        residuals = term.residuals(candidate, term.points(jax.random.key(0)))
        if label != "labels":
            np.testing.assert_allclose(residuals, 0, atol=1e-12)
    x = jnp.asarray([0.2, -0.4, 0.9, 0.1, 0.7])
    np.testing.assert_allclose(problem.answer(scores)(x), exact(x), rtol=1e-12)
    np.testing.assert_allclose(exact(x.at[-1].set(0.0))[0], BASELINE)
    np.testing.assert_allclose(exact(x)[1:].sum(), 1.0)


def test_no_session_is_both_learned_from_and_asked_about():
    recorded = recorded_sessions(23, 3, 0.1, seed=1)
    asked = []
    for fold in range(5):
        train, test = divided(recorded, fold, 5)
        assert len(train.reports) + len(test.reports) == 23
        assert not set(map(tuple, train.reports)) & set(map(tuple, test.reports))
        asked += list(map(tuple, test.reports))
    assert sorted(asked) == sorted(map(tuple, recorded.reports))


def test_the_residual_of_labels_is_the_root_of_the_cross_entropy():
    x, labels = np.array([[0.1], [0.7]]), np.array([1, 0])
    condition = Labels(x, labels, of=("a", "b"))
    points = condition.sample(5, Sobol(), jax.random.key(0))
    u = lambda x: jnp.stack([3 * x[0], 1 - x[0]])
    residual = jax.vmap(lambda point: condition.residual(u, point, {}))(points)[:, 0]
    scores = np.stack([3 * x[:, 0], 1 - x[:, 0]], axis=1)
    expected = np.log(np.exp(scores).sum(1)) - scores[np.arange(2), labels]
    np.testing.assert_allclose(residual**2, expected, rtol=1e-9)
    first = jax.tree.map(lambda leaf: leaf[0], points)
    root = lambda size: condition.residual(lambda x: size * jnp.asarray([-1.0, 1.0]), first, {})[0]
    assert np.isfinite(jax.grad(root)(1e3))


@pytest.mark.parametrize(
    ("labels", "of", "words"),
    [
        ([0, 2], ("a", "b"), "between 0 and 1"),
        ([0.0, 1.0], ("a", "b"), "whole numbers"),
        ([0, 0], ("a",), "two or more"),
        ([0], ("a", "b"), "same n"),
    ],
)
def test_wrong_labels_are_refused(labels, of, words):
    with pytest.raises(ValueError, match=words):
        Labels(np.zeros((2, 1)), np.array(labels), of=of)


@pytest.mark.slow
def test_the_law_between_the_tasks_helps_on_unseen_sessions_and_its_numbers_are_found():
    problem = problems.electrodermal()
    _, unseen = divided(recorded_sessions(100, 20, 0.05, seed=0), 0, 5)
    session = np.repeat(unseen.reports, 20, axis=0), np.tile(unseen.times, len(unseen.reports))[:, None]
    at = jnp.asarray(np.concatenate(session, axis=1))

    def trained(posed: Problem, weights: dict[str, float]) -> Candidate:
        network = mlp(5, 4, width=16, depth=2, activation=jnp.tanh, key=jax.random.key(0))
        task = ResidualTask(posed, 1000, resample_every=None, weights=weights)
        options = {"steps_per_call": 10, "key": jax.random.key(1), "progress": False}
        candidate = posed.candidate(Neural(network, posed.space))
        return fit(candidate, task, levenberg_marquardt(60), steps=60, **options).best_model

    def missed(candidate: Candidate) -> float:
        """Root mean square of the error of the conductance."""
        answer, exact = (jax.vmap(u)(at) for u in (problem.answer(candidate.u), problem.reference))
        return float(jnp.sqrt(jnp.mean((answer - exact)[:, 0] ** 2)))

    with jax.enable_x64(True):
        together = trained(problem, {"data": 100.0, "equation": 10.0, "labels": 0.3})
        _, observed, labels = problem.stated
        without = Problem(problem.domain, observed, [labels], names=problem.names)
        assert missed(together) < 0.5 * missed(trained(without, {"data": 100.0, "labels": 0.3}))
        chances = jax.vmap(problem.answer(together.u))(at[::20])[:, 1:]
        likeliest = jax.vmap(problem.reference)(at[::20])[:, 1:].argmax(1)
        assert float((chances.argmax(1) == likeliest).mean()) > 0.8
        found = {name: float(getattr(v, "value", v)) for name, v in together.unknowns.items()}
    assert found == pytest.approx(TRUTH, rel=0.15)
