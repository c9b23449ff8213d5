"""How accurate the references of the usual one-dimensional problems are; ``-m slow -s`` prints the figures.

Burgers has an exact solution; the others are compared between two resolutions and steps.
"""

import jax
import jax.numpy as jnp
import pytest
from solvers.spectral_convergence import at_time, ring

from neuralpde.equations import AllenCahn, Burgers, KortewegDeVries, KuramotoSivashinsky
from neuralpde.solvers import ETDRK
from neuralpde.spaces import ClosedForm, Field, Fourier, FunctionSpace, relative_l2

pytestmark = pytest.mark.slow

TIMES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
UNIT, _ = ring(-1.0, 1.0, 1.0)


def states(equation, initial: Field, step, dealias=2 / 3):
    """The values at `TIMES`, (time, x, 1)."""
    return ETDRK(step, dealias=dealias).solve(equation, initial, TIMES).field.values


def sampled(formula, n, box=UNIT):
    return ClosedForm(formula, FunctionSpace(box)).sample(box.grid(n))


def differences(coarse, fine):
    """Relative L2 differences at each time at the points of the coarse grid."""
    fine = fine[:, :: fine.shape[1] // coarse.shape[1]]
    return [float(jnp.linalg.norm(a - b) / jnp.linalg.norm(b)) for a, b in zip(coarse[1:], fine[1:], strict=True)]


def report(name, errors):
    print(f"{name}: " + "  ".join(f"t={t} {error:.1e}" for t, error in zip(TIMES[1:], errors, strict=True)))


@pytest.mark.parametrize("n, step, bound", [(1024, 1e-3, 1e-5), (2048, 5e-4, 1e-8), (2048, 2.5e-4, 2e-10)])
def test_burgers_against_cole_and_hopf(n, step, bound):
    equation = Burgers(0.01 / jnp.pi)
    _, domain = ring(-1.0, 1.0, 1.0)
    exact = equation.exact(domain)
    initial = sampled(lambda x: -jnp.sin(jnp.pi * x), n)
    found = states(equation, initial, step)
    errors = [
        float(relative_l2(initial.with_values(u), at_time(exact, initial.on, t)))
        for t, u in zip(TIMES[1:], found[1:], strict=True)
    ]
    report(f"Burgers, nu = 0.01 / pi, n = {n}, h = {step}", errors)
    assert max(errors) < bound


@pytest.mark.parametrize(
    "dispersion, n, step, bound",
    [(0.0025, 256, 1e-4, 1e-11), (0.022**2, 512, 5e-5, 1e-10), (0.022**2, 512, 2e-4, 1e-8)],
)
def test_kdv_from_a_cosine(dispersion, n, step, bound):
    equation, initial = KortewegDeVries(dispersion), lambda x: jnp.cos(jnp.pi * x)
    errors = differences(
        states(equation, sampled(initial, n), step), states(equation, sampled(initial, 2 * n), step / 2)
    )
    report(f"KdV, b = {dispersion:.3g}, n = {n}, h = {step}", errors)
    assert max(errors) < bound


@pytest.mark.parametrize("name, n, step, bound", [("chaotic", 512, 5e-5, 1e-7), ("regular", 256, 1e-4, 1e-8)])
def test_kuramoto_sivashinsky(name, n, step, bound):
    if name == "chaotic":
        box, _ = ring(0.0, 2 * float(jnp.pi), 1.0)
        equation = KuramotoSivashinsky(100 / 16, 100 / 16**2, 100 / 16**4)
        initial = lambda x: jnp.cos(x) * (1 + jnp.sin(x))
    else:
        box, equation = UNIT, KuramotoSivashinsky(5.0, 0.5, 0.005)
        initial = lambda x: -jnp.sin(jnp.pi * x)
    coarse = states(equation, sampled(initial, n, box), step)
    errors = differences(coarse, states(equation, sampled(initial, 2 * n, box), step / 2))
    report(f"Kuramoto-Sivashinsky, {name}, n = {n}, h = {step}", errors)
    assert max(errors) < bound


def seam(x):
    """A function whose slope jumps at the ends of the period [-1, 1]."""
    return x**2 * jnp.cos(jnp.pi * x)


def test_allen_cahn_from_a_function_with_a_jump_in_its_slope():
    # The grid's samples limit the reference to order two; the coefficients of the true series do not.
    equation = AllenCahn(1e-4, 5.0)
    rough = ClosedForm(seam, FunctionSpace(UNIT))
    project = jax.jit(lambda n: Fourier(UNIT.grid(n)).project(rough, 2**17 // n), static_argnums=0)
    truth = states(equation, project(4096), 5e-4, 0.5)
    found = {}
    for n in (1024, 2048):
        for kind, initial in (("sampled", sampled(seam, n)), ("projected", project(n))):
            found[kind, n] = differences(states(equation, initial, 1e-3, 0.5), truth)
            report(f"Allen-Cahn, {kind} initial state, n = {n}, h = 0.001", found[kind, n])
    assert 1e-8 < max(found["sampled", 2048]) < 1e-6
    assert max(found["projected", 2048]) < 1e-10
