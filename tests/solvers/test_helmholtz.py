"""The Helmholtz solver against manufactured waves, closed forms and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg
from convergence import observed_order
from solvers.wave_convergence import (
    CLOSED,
    SQUARE,
    STRIP,
    beam_error,
    beamed,
    manufactured_error,
    sloping,
    sloping_error,
    solved,
    uniform,
)

from neuralpde.equations import Helmholtz, Strip
from neuralpde.solvers import solve_helmholtz
from neuralpde.spaces import Box, ClosedForm, Dirichlet, FunctionSpace, Neumann


def driven(axis=1, upper=1) -> FunctionSpace:
    """Functions on the square that one strip of one side excites."""
    strip = Neumann(Strip(STRIP.lower, STRIP.upper, 1.0, 1 - axis))
    sides = [Neumann(0.0), Neumann(0.0)]
    sides[axis] = (Neumann(0.0), strip) if upper else (strip, Neumann(0.0))
    return FunctionSpace(SQUARE, ("u",), sides)


def test_smooth_medium_is_solved_exponentially():
    """With nine nodes an axis the error is 3e-4."""
    assert manufactured_error(17) < 1e-8


def test_medium_with_slopes_at_the_walls_is_solved_with_order_two():
    assert observed_order([sloping_error(n, 65) for n in (17, 33)]) > 1.9


def test_jumping_data_leave_order_five():
    """The cosines alone would err by two percent on the finer grid."""
    errors = [beam_error(n) for n in (17, 33)]
    assert observed_order(errors) > 4
    assert errors[1] < 1e-5


@pytest.mark.slow
def test_wave_of_the_benchmark_is_its_closed_form():
    on = SQUARE.grid(101, layout="nodes")
    found = solve_helmholtz(Helmholtz(), Helmholtz().space(), on)
    exact = beamed(101, 50.0, Strip(0.35, 0.65))
    assert np.linalg.norm(found.field.values[..., 0] - exact) < 6e-5 * np.linalg.norm(exact)
    # -Laplace has the eigenvalues pi^2 (m^2 + n^2); the nearest to 50^2 is 256 pi^2.
    assert found.amplification == pytest.approx(2500 / (256 * np.pi**2 - 2500), rel=1e-9)


def differences(n: int, k, strip: Strip) -> np.ndarray:
    """Second-order differences with mirrored values past the walls, factored."""
    h = 1 / (n - 1)
    line = scipy.sparse.diags([-1.0, 2.0, -1.0], [-1, 0, 1], (n, n)).tolil() / h**2
    line[0, 1] = line[-1, -2] = -2 / h**2
    x = np.linspace(0, 1, n)
    both = scipy.sparse.kronsum(line, line)
    matrix = (both - scipy.sparse.diags(k(*np.meshgrid(x, x, indexing="ij")).reshape(-1) ** 2)).tocsc()
    load = np.zeros((n, n))
    # The flux of a cell around each node: a strip may end within it.
    ends = np.clip([x - h / 2, x + h / 2], 0, 1)
    covered = np.clip(np.minimum(ends[1], strip.upper) - np.maximum(ends[0], strip.lower), 0, None)
    load[:, -1] = 2 / h * covered / (ends[1] - ends[0])
    return scipy.sparse.linalg.spsolve(matrix, load.reshape(-1)).reshape(n, n)


def test_medium_agrees_with_finite_differences():
    c = lambda x, y, m: 1 + 0.15 * m.cos(np.pi * x) * m.cos(2 * np.pi * y) + 0.1 * m.cos(3 * np.pi * x)
    ours = np.asarray(solved(lambda x: c(x[:1], x[1:], jnp), 33, 12.0).field.values[..., 0])
    k = lambda x, y: 12 / c(x, y, np)
    coarse, fine = (differences(n, k, STRIP)[:: (n - 1) // 32, :: (n - 1) // 32] for n in (129, 257))
    distance = lambda u: np.linalg.norm(u - ours) / np.linalg.norm(ours)
    # The differences converge to this solution: to extrapolate them divides the distance once more.
    assert distance(coarse) / distance(fine) == pytest.approx(4, rel=0.1)
    assert distance((4 * fine - coarse) / 3) < min(1e-3, distance(fine) / 5)


@pytest.mark.slow
@pytest.mark.parametrize("axis, upper", [(0, 0), (0, 1), (1, 0)])
def test_sides_are_alike(axis, upper):
    turned = lambda a: (a.T if axis == 0 else a) if upper else (a.T[::-1] if axis == 0 else a[:, ::-1])
    expected, found = (
        solved(uniform, 17, space=space).field.values[..., 0] for space in (driven(), driven(axis, upper))
    )
    np.testing.assert_allclose(found, turned(expected), atol=1e-9)


def test_amplification_is_that_of_a_change_of_the_medium():
    """Near the resonance of cos(3 pi x) cos(2 pi y) a medium that changes little changes the wave much."""
    eigenvalue = 13 * np.pi**2
    k = np.sqrt(eigenvalue + 0.2)
    found, changed = solved(uniform, 33, k), solved(uniform, 33, k * (1 + 5e-7))
    change = (changed.field - found.field).norm() / found.field.norm() / 1e-6
    assert found.amplification == pytest.approx(eigenvalue / 0.2, rel=0.01)
    assert 0.8 * found.amplification < change < 1.05 * found.amplification
    assert found.residual < 1e-9


@pytest.mark.slow
def test_batches_are_solved_as_single_waves():
    on = SQUARE.grid(17, layout="nodes")
    frequencies = jnp.array([7.0, 9.0])
    medium = ClosedForm(sloping, CLOSED.free(("c",))).sample(on)
    both = jax.vmap(lambda w: solve_helmholtz(Helmholtz(w, medium), driven(), on).field.values)(frequencies)
    np.testing.assert_allclose(both[1], solved(sloping, 17).field.values, rtol=1e-7, atol=1e-12)


def test_plane_wave_has_no_residual():
    equation = Helmholtz(1e3, 20.0)
    wave = equation.exact(SQUARE)
    x = jnp.array([0.3, 0.8])
    assert jnp.abs(equation.residual(wave, x)).max() < 1e-9 * 50**2
    assert jnp.abs(Helmholtz(1e3, 21.0).residual(wave, x)).max() > 1


def test_problems_that_do_not_fit_are_refused():
    nodes = SQUARE.grid(9, layout="nodes")
    with pytest.raises(ValueError, match="works on nodes"):
        solve_helmholtz(Helmholtz(), driven(), SQUARE.grid(9))
    with pytest.raises(ValueError, match="one component on a rectangle"):
        solve_helmholtz(Helmholtz(), driven(), Box.cube(2, 0.0, 2.0).grid(9, layout="nodes"))
    with pytest.raises(ValueError, match="wants Neumann conditions"):
        solve_helmholtz(Helmholtz(), FunctionSpace(SQUARE, ("u",), Dirichlet(0.0)), nodes)
    with pytest.raises(ValueError, match="lower < upper"):
        Strip(0.7, 0.3)
