"""Datasets of maps to functions of space and time against solutions that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data import DataError, SpaceTime, spacetime
from neuralpde.equations import ReactionDiffusion, SquareAndEllipse, SquareWave
from neuralpde.solvers import AdvectionCase, MethodOfLines, SourceToState
from neuralpde.spaces import Box, ClosedForm, Drawn, Field, FunctionSpace, GaussianField, Grid, SquaredExponential

LINE = FunctionSpace(Box.cube(1), ("u",))
PROCESS = GaussianField(LINE, SquaredExponential(0.2), modes=8)


def made(folder, problem, drawn=PROCESS, **changes):
    arguments = {"resolution": 20, "times": 11, "train": 2, "test": 2, "folder": folder, "progress": False} | changes
    return spacetime("made", problem, drawn, **arguments)


def space_and_time(n, m, layout="nodes") -> Grid:
    return (LINE.domain * Box.of(t=(0.0, 1.0))).grid(n, m, layout=layout)


def test_linear_diffusion_of_a_source_is_its_series():
    """s = (1 - exp(-d pi^2 t)) sin(pi x) / (d pi^2) for u = sin(pi x)."""
    wave = ClosedForm(lambda x: jnp.sin(jnp.pi * x), LINE)
    problem = SourceToState(ReactionDiffusion(1.0, 0.1, 0.0), points=16, rtol=1e-8, atol=1e-10)
    on = space_and_time(9, 5)
    found, (x, t) = jax.jit(lambda: problem.solution(wave, on))(), jnp.moveaxis(on.coords(), -1, 0)
    decay = 0.1 * np.pi**2
    np.testing.assert_allclose(found.values[..., 0], -jnp.expm1(-decay * t) / decay * jnp.sin(jnp.pi * x), atol=3e-7)


@pytest.mark.slow
def test_reaction_agrees_with_finite_volumes():
    """The source does not vanish at the walls, where a thin layer forms at first."""
    u = Drawn(PROCESS, jax.random.key(2))
    on = space_and_time(33, 3, ("cells", "nodes"))
    ours = jax.jit(lambda: SourceToState(ReactionDiffusion(1.0, 0.02, 2.0)).solution(u, on).values[:, 1:, 0])()

    def volumes(n):
        cells, equation = LINE.domain.grid(n), ReactionDiffusion(u, 0.02, 2.0)
        rest = Field(jnp.zeros((n, 1)), cells, equation.space())
        states = MethodOfLines(rtol=1e-7).solve(equation, rest, [0.0, 0.5, 1.0]).field.values[1:, :, 0]
        # The centre of every third cell, or of every ninth, is one of the coarse grid.
        return states[:, n // 66 :: n // 33].T

    coarse, fine = (float(jnp.abs(volumes(n) - ours).max()) for n in (99, 297))
    assert fine < 3e-4 * float(jnp.abs(ours).max())
    assert coarse / fine == pytest.approx(9, rel=0.15)


@pytest.mark.slow
def test_state_at_rest_and_its_walls_are_kept(tmp_path):
    data = made(tmp_path, SourceToState(points=32), test_resolutions=[10])
    s = data.train.targets.values[..., 0]
    assert data.train.inputs.values.shape == (2, 20, 1) and s.shape == (2, 20, 11)
    np.testing.assert_array_equal(s[:, :, 0], 0)
    np.testing.assert_allclose(s[:, [0, -1]], 0, atol=1e-7)
    assert data.provenance["accuracy"]["finer_nodes_and_tolerance"] < 1e-4
    coarse = data.test["10"].targets
    assert coarse.on.shape[1:] == () or coarse.values.shape == (2, 10, 5, 1)


def test_square_waves_return_to_their_place(tmp_path):
    data = made(tmp_path, AdvectionCase("carried"), SquareWave())
    u, s = data.train.inputs.values, data.train.targets.values
    np.testing.assert_array_equal(s[:, :, 0], u)
    np.testing.assert_array_equal(s[:, :, -1], u)
    # Half a period later: ten of twenty points on.
    np.testing.assert_array_equal(s[:, :, 5], np.roll(u, 10, axis=1))
    assert data.provenance["accuracy"]["finer_nodes_and_tolerance"] == 0
    assert data.target.domain.periodic == (True, False)


def test_inputs_are_extended_along_time():
    recipe = SpaceTime("extended", AdvectionCase("carried"), SquareWave(), 20, 11, 1.0, True)
    sample, _ = jax.jit(recipe.sample)(jax.random.key(0))
    u, s = sample.inputs, sample.targets
    assert u.on == s.on and u.space.names == ("u",)
    np.testing.assert_array_equal(u.values, np.repeat(s.values[:, :1], 11, axis=1))


@pytest.mark.slow
def test_random_velocity_is_that_of_the_lines(tmp_path):
    """Along dx/dt = a(x) the state is constant, hence s_t + a s_x = 0 between the points of a fine grid."""
    data = made(tmp_path, AdvectionCase("IV"), resolution=200, times=201)
    a, s = (np.asarray(side.values[0, ..., 0], float) for side in (data.train.inputs, data.train.targets))
    rate = np.gradient(s, 1 / 200, axis=1)[:, 1:-1]
    slope = (np.roll(s, -1, 0) - np.roll(s, 1, 0))[:, 1:-1] * 100
    assert np.ptp(a) > 0.02
    np.testing.assert_allclose(rate, -a[:, None] * slope, atol=0.02)
    assert data.provenance["accuracy"]["finer_nodes_and_tolerance"] < 1e-10


def test_states_with_jumps_have_the_ranges_that_they_state():
    keys, drawn = jax.random.split(jax.random.key(0), 200), lambda p: jax.jit(jax.vmap(lambda key: p.sample(key, on)))
    on = FunctionSpace(Box.of(periodic=("x",), x=(0.0, 1.0))).domain.grid(512)
    square = np.asarray(drawn(SquareWave())(keys).values[..., 0])
    height, width = square.max(axis=1), (square > 0).mean(axis=1)
    assert 1 <= height.min() < 1.05 and 1.95 < height.max() <= 2
    assert 0.295 < width.min() < 0.32 and 0.58 < width.max() < 0.605
    both, x = np.asarray(drawn(SquareAndEllipse())(keys).values[..., 0]), np.arange(512) / 512
    assert (both[:, (x < 0.1) & (x > 0.01)] >= 0).all() and both.max() <= 4
    # Every square holds x = 1/4, and the top of every ellipse lies between 0.7 and 0.8.
    assert both[:, 128].min() >= 0.5 and both[:, (x > 0.7) & (x < 0.8)].max(axis=1).min() > 0.49


def test_sources_on_another_interval_are_refused():
    on = (Box.of(x=(0.0, 2.0)) * Box.of(t=(0.0, 1.0))).grid(5, 5, layout="nodes")
    with pytest.raises(ValueError, match="draw sources on that interval"):
        SourceToState().solution(ClosedForm(jnp.sin, FunctionSpace(Box.of(x=(0.0, 2.0)))), on)


@pytest.mark.parametrize("changes, says", [({"times": 1}, "times=1"), ({"until": 0.0}, "until=0.0")])
def test_arguments_without_sense_are_refused(tmp_path, changes, says):
    with pytest.raises(DataError, match=says):
        made(tmp_path, AdvectionCase("carried"), SquareWave(), **changes)
