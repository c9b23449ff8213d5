"""Stages: windows of time that begin where the last one ended, and curricula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import KortewegDeVries
from neuralpde.equations.derivatives import partial
from neuralpde.pinn import (
    Begins,
    Candidate,
    Initial,
    Problem,
    Started,
    Uniform,
    curriculum,
    march,
    problems,
    window,
    windows,
)
from neuralpde.spaces import Box, ClosedForm, FunctionSpace

pytestmark = pytest.mark.slow  # many small programs, each compiled


def test_windows_cover_time():
    stages = windows(Box.of(x=(0.0, 1.0), t=(1.0, 3.0)), 4, beyond=0.5)
    assert [stage.lower[1] for stage in stages] == [1.0, 1.5, 2.0, 2.5]
    np.testing.assert_allclose([stage.upper[1] for stage in stages], [1.75, 2.25, 2.75, 3.0])
    assert all(stage.axes[0] == stages[0].axes[0] for stage in stages)
    with pytest.raises(ValueError, match="need an axis 't'"):
        windows(Box.cube(1), 2)


def test_march_hands_on_what_was_found():
    """u' = u: each window is solved exactly from the value at its own beginning."""

    def solve(problem):
        begin = problem.domain.lower[0]
        value = problem.conditions[1].value
        start = value(jnp.asarray([begin])) if callable(value) else jnp.asarray([value])
        return Candidate(ClosedForm(lambda t: start * jnp.exp(t - begin), problem.space))

    make = lambda domain, begin: Problem(domain, lambda u, t: u(t), [Initial(begin)])
    found = march(make, windows(Box.of(t=(0.0, 2.0)), 4, beyond=0.1), 3.0, solve)
    t = jnp.linspace(0, 2, 21)[:, None]
    np.testing.assert_allclose(jax.jit(jax.vmap(found))(t), 3 * np.exp(t), rtol=1e-13)
    assert found.space.domain == Box.of(t=(0.0, 2.0)) and len(found.pieces) == 4


@pytest.mark.parametrize(
    "hard, snapshot, close", [(True, None, 1e-12), (False, None, 1e-12), (True, 28, 1e-9), (False, 28, 1e-9)]
)
def test_a_window_begins_where_the_last_one_ended(hard, snapshot, close):
    """A wave in its second window, of which its exact solution was the first: value and rate are those of the solution."""
    wave = problems.wave(hard=hard)
    part = window(wave, windows(wave.domain, 2)[1], wave.reference, snapshot=snapshot)
    assert part.domain.lower[1] == 0.5 and part.labels == wave.labels
    anything = ClosedForm(lambda x: jnp.cos(3 * x[:1] + x[1]) + 2, part.space)
    u = part.candidate(anything if hard else wave.reference).u
    x = jnp.stack([jnp.linspace(0.1, 0.9, 9), jnp.full(9, 0.5)], axis=1)
    both = jax.jit(jax.vmap(lambda x: jnp.stack([f(x) for g in (u, wave.reference) for f in (g, partial(g, 1))])))(x)
    np.testing.assert_allclose(both[:, :2], both[:, 2:], atol=close)
    if not hard:
        initial = part.conditions[part.labels.index("initial")]
        point = initial.sample(8, Uniform(), jax.random.key(0))
        lacks = jax.jit(jax.vmap(lambda p: initial.residual(wave.reference, p, {})))(point)
        np.testing.assert_allclose(lacks, 0, atol=close)


def test_a_snapshot_has_all_derivatives_on_a_circle():
    """Korteweg and de Vries' equation asks three of them; a window that begins with a snapshot has the same residual."""
    domain = Box.of(periodic=("x",), x=(-1.0, 1.0), t=(0.0, 1.0))
    before = ClosedForm(lambda x: jnp.exp(jnp.sin(jnp.pi * (x[:1] - x[1]))), FunctionSpace(domain))
    problem = Problem(domain, KortewegDeVries(1e-3), ansatz=Begins(lambda x: 0 * x[:1]))
    anything = ClosedForm(lambda x: jnp.cos(jnp.pi * x[:1] + x[1]), problem.space)
    x = jnp.stack([jnp.linspace(-0.9, 0.8, 7), jnp.linspace(0.5, 1.0, 7)], axis=1)

    def residuals(snapshot):
        part = window(problem, windows(domain, 2)[1], before, snapshot=snapshot)
        u = part.candidate(anything).u
        return jax.jit(jax.vmap(lambda x: part.conditions[0].equation.residual(u, x)))(x)

    kept, itself = residuals(48), residuals(None)
    assert np.abs(itself).max() > 1
    np.testing.assert_allclose(kept, itself, atol=1e-8)


def test_windows_are_refused_where_they_would_begin_wrongly():
    domain = Box.of(t=(0.0, 1.0))
    hidden = Problem(domain, lambda u, t: u(t), ansatz=lambda u: Started(u, 1.0))
    begin = ClosedForm(lambda t: t, hidden.space)
    with pytest.raises(ValueError, match="hidden in its ansatz"):
        window(hidden, domain, begin)
    with pytest.raises(ValueError, match="as a whole"):
        window(Problem(domain, lambda u, t, k: k * u(t), unknowns={"k": 1.0}), domain)


def test_curriculum_goes_on_from_stage_to_stage():
    seen = []

    def solve(problem, candidate):
        seen.append(problem)
        return Candidate(candidate.u, {"k": candidate.unknowns["k"] + 1})

    make = lambda re: Problem(Box.of(t=(0.0, re)), lambda u, t, k: k * u(t), unknowns={"k": 0.0})
    first = make(1.0).candidate(ClosedForm(lambda t: t, make(1.0).space))
    last = curriculum(make, [1.0, 2.0, 3.0], first, solve)
    assert float(last.unknowns["k"]) == 3.0 and [p.domain.upper[0] for p in seen] == [1.0, 2.0, 3.0]
