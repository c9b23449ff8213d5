"""References that are computed: they change little when they are computed more finely, and solve their problems."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from neuralpde.equations import Lorenz63
from neuralpde.pinn import problems
from neuralpde.pinn.problems import torus
from neuralpde.pinn.problems.chaos import trajectory
from neuralpde.pinn.problems.evolved import evolved
from neuralpde.pinn.problems.screened import Screened
from neuralpde.solvers import ETDRK


def apart(coarse, fine):
    """Relative L2 distance at each time."""
    axes = tuple(i for i in range(coarse.ndim) if i != coarse.ndim - 2)
    return np.linalg.norm((coarse - fine).reshape(-1, *coarse.shape[-2:]), axis=(0, 2)) / np.sqrt(
        np.sum(fine**2, axis=axes)
    )


def test_the_screened_potential_solves_its_problem():
    """Inside to round-off; on the rims and, where a series of cosines was cut, on the walls as it is said."""
    problem = problems.poisson_boltzmann(hard=False)
    u, law = problem.reference, problem.conditions[0].equation
    angle, s = np.linspace(0, 2 * np.pi, 50), np.linspace(-1, 1, 65)
    rims = [np.stack([a + r * np.cos(angle), b + r * np.sin(angle)], axis=1) for a, b, r in Screened().holes]
    walls = [np.stack([s, np.ones(65)], axis=1), np.stack([np.ones(65), s], axis=1)]
    inside = jnp.asarray([[0.0, 0.0], [0.1, 0.8], [-0.5, -0.3], [0.9, 0.2], [-0.95, 0.5]])
    on_rims, on_walls = (jax.jit(jax.vmap(u))(np.concatenate(part))[:, 0] for part in (rims, walls))
    np.testing.assert_allclose(on_rims, 1.0, atol=1e-9)
    np.testing.assert_allclose(on_walls, 0.2, atol=2e-7)
    np.testing.assert_allclose(jax.jit(jax.vmap(lambda x: law(u, x)))(inside), 0, atol=1e-12)
    np.testing.assert_allclose(
        jax.vmap(Screened().source)(inside)[1], 10 * (17.65) * np.sin(0.1 * np.pi) * np.sin(3.2 * np.pi)
    )


def test_vortices_begin_with_their_streamfunction():
    """-Laplace(psi) = w, and every wave has its place in both."""
    x = jax.random.uniform(jax.random.key(0), (20, 2)) * 6
    psi = lambda x: torus.start(x)[1]
    w, laplacian = jax.jit(jax.vmap(lambda x: (torus.start(x)[0], jnp.trace(jax.hessian(psi)(x)))))(x)
    np.testing.assert_allclose(laplacian, -w, atol=1e-13)
    assert np.abs(w).max() > 1


@pytest.mark.slow
def test_lorenz_has_converged_as_far_as_chaos_lets_it():
    """Against a second implementation for a while; tolerances of 1e-13 and 1e-14 drift apart like exp(0.9 t)."""
    times = np.linspace(0, 20, 2001)
    equation = Lorenz63()
    coarse, fine = (trajectory(equation, times, tolerance) for tolerance in (1e-13, 1e-14))
    distance = np.linalg.norm(coarse - fine, axis=1) / np.sqrt(np.mean(np.sum(fine**2, axis=1)))
    print(f"Lorenz: relative distance at t = 5, 10, 20: {distance[500]:.1e} {distance[1000]:.1e} {distance[2000]:.1e}")
    assert distance[500] < 1e-10 and distance.max() < 1e-8
    rates = lambda t, y: [10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]]
    other = solve_ivp(rates, (0, 5), (1, 1, 1), "DOP853", times[:501], rtol=1e-13, atol=1e-13).y.T
    np.testing.assert_allclose(coarse[:501], other, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("chaotic, step", [(True, 2.5e-5), (False, 1.25e-4)])
def test_flame_fronts_have_converged(chaotic, step):
    """Against twice the modes and half the step."""
    problem = problems.kuramoto_sivashinsky(chaotic)
    equation = problem.conditions[0].equation
    start = (lambda x: jnp.cos(x) * (1 + jnp.sin(x))) if chaotic else (lambda x: -jnp.sin(jnp.pi * x))
    finer = evolved(equation, start, problem.domain, ETDRK(step), modes=1024, points=256, frames=101).values
    distance = apart(np.asarray(problem.reference.values), np.asarray(finer))
    print(
        f"KS {'chaotic' if chaotic else 'regular'}: relative L2 at the end {distance[-1]:.1e}, largest {distance.max():.1e}"
    )
    assert distance.max() < 1e-6


@pytest.mark.slow
def test_vortices_have_converged():
    problem = problems.vortices()
    equation = problem.conditions[0].equation
    vorticity = lambda x: torus.start(x)[:1]
    finer = evolved(equation, vorticity, problem.domain, ETDRK(2.5e-3), modes=256, points=32, frames=21).values
    distance = apart(np.asarray(problem.reference.values), np.asarray(finer))
    print(f"vortices: relative L2 at the end {distance[-1]:.1e}, largest {distance.max():.1e}")
    assert distance.max() < 1e-6
