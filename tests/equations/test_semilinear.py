"""Semilinear equations: the spectral tendency against residuals by automatic differentiation, and exact solutions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
from equations.semilinear_cases import EQUATIONS, EXACT, SHEET, TIME, VORTICITY, ring, torus

from neuralpde.equations import Advection, Burgers, CahnHilliard, Diffusion, Vorticity
from neuralpde.equations.derivatives import rate
from neuralpde.spaces import Box, ClosedForm, Field, FunctionSpace, Grid

INSTANT = 0.3


def smooth(box, channels):
    """A function of space and time, periodic and analytic, with other phases for each component."""
    c = jnp.arange(1.0, channels + 1)

    def u(x):
        theta = 2 * jnp.pi * (x[:-1] - jnp.asarray(box.lower)) / jnp.asarray(box.extents)
        phase = jnp.sin(theta[:, None] + c + x[-1]).sum(0) + 0.5 * jnp.cos(theta.sum() + c * x[-1])
        return 0.5 + 0.4 * c * jnp.sin(phase)

    return u


def frozen(u):
    """The function of space at one time."""
    return lambda x: u(jnp.append(x, INSTANT))


def right_hand_side(equation, u, box, on):
    """u_t minus the residual, at the points of a grid."""
    x = jnp.concatenate([on.coords().reshape(-1, box.dim), jnp.full((on.size, 1), INSTANT)], axis=1)
    values = jax.vmap(lambda y: rate(u)(y) - equation.residual(u, y))(x)
    return values.reshape(*on.shape, -1)


@pytest.mark.parametrize("name", EQUATIONS)
def test_tendency_is_what_the_residual_says(name):
    equation, box = EQUATIONS[name]
    on = Grid(box, {1: (64,), 2: (48, 50), 3: (20, 24, 22)}[box.dim])
    u = smooth(box, len(equation.names))

    @jax.jit
    def both():
        field = ClosedForm(frozen(u), FunctionSpace(box, equation.names)).sample(on)
        return equation.tendency(field).values, right_hand_side(equation, u, box, on)

    found, expected = both()
    scale = float(jnp.abs(expected).max())
    assert scale > 0.1
    np.testing.assert_allclose(found, expected, atol=(1e-4 if box.dim == 3 else 1e-8) * scale)


MODES = 2 * jnp.pi * jnp.asarray([[1, 0], [1, 1], [-1, 2], [0, 2]]) / jnp.asarray(SHEET.extents)


def flow(x):
    """Vorticity and streamfunction of four moving waves."""
    waves = jnp.asarray([0.3, 0.2, -0.1, 0.15]) * jnp.sin(MODES @ x[:-1] + jnp.arange(4.0) * (1 + x[-1]))
    return jnp.stack([jnp.sum(MODES**2, axis=1) @ waves, jnp.sum(waves)])


def vorticity_field(n):
    vorticity = frozen(lambda x: flow(x)[:1])
    return ClosedForm(vorticity, FunctionSpace(SHEET, ("w",))).sample(Grid(SHEET, n))


def test_vorticity_tendency_is_what_the_residual_says():
    on = Grid(SHEET, (16, 18))
    found, expected = jax.jit(
        lambda: (VORTICITY.tendency(vorticity_field(on.shape)).values, right_hand_side(VORTICITY, flow, SHEET, on))
    )()
    scale = float(jnp.abs(expected[..., 0]).max())
    assert scale > 1
    np.testing.assert_allclose(found[..., 0], expected[..., 0], atol=1e-12 * scale)
    streamfunction = jax.jit(jax.vmap(lambda x: VORTICITY.residual(flow, jnp.append(x, INSTANT))[1]))
    np.testing.assert_allclose(streamfunction(on.coords().reshape(-1, 2)), 0, atol=1e-12)


@pytest.mark.parametrize("name", EXACT)
def test_exact_solution_solves_the_equation(name, key):
    solution = EXACT[name]
    x = solution.space.domain.sample(key, 20)
    equation = EQUATIONS[name][0]
    residual, rates = jax.jit(jax.vmap(lambda y: (equation.residual(solution, y), rate(solution)(y))))(x)
    scale = float(jnp.abs(rates).max())
    assert scale > 0.1
    np.testing.assert_allclose(residual, 0, atol=1e-10 * scale)


def test_taylor_green_vortices_solve_the_equation(key):
    solution = Vorticity(0.02, 0.1).exact(SHEET * TIME, (2, 1))
    k2 = (2 * jnp.pi * 2 / 2.0) ** 2 + (2 * jnp.pi / 1.5) ** 2
    flow = lambda x: jnp.concatenate([solution(x), solution(x) / k2])
    residual = jax.jit(jax.vmap(lambda x: Vorticity(0.02, 0.1).residual(flow, x)))(
        solution.space.domain.sample(key, 20)
    )
    np.testing.assert_allclose(residual, 0, atol=1e-12)
    with pytest.raises(NotImplementedError, match="forcing"):
        VORTICITY.exact(SHEET * TIME)


@pytest.mark.parametrize("x, t", [(0.01, 0.3), (-0.02, 0.6), (0.5, 0.05), (0.001, 1.0), (0.9, 1.0)])
def test_cole_hopf_agrees_with_adaptive_quadrature(x, t):
    nu = 0.01 / np.pi
    exponent = lambda y: -((x - y) ** 2) / (4 * nu * t) - np.cos(np.pi * y) / (2 * np.pi * nu)
    shift = max(exponent(y) for y in np.linspace(x - 2, x + 2, 20001))
    points = sorted({x, -1.0, 1.0, 0.0})
    integral = lambda f: scipy.integrate.quad(
        lambda y: f(y) * np.exp(exponent(y) - shift),
        x - 2,
        x + 2,
        points=points,
        epsabs=1e-15,
        epsrel=1e-13,
        limit=2000,
    )[0]
    expected = -integral(lambda y: np.sin(np.pi * y)) / integral(lambda y: 1.0)
    found = Burgers(nu).exact(ring(-1.0, 1.0) * TIME)(jnp.asarray([x, t]))[0]
    assert abs(float(found) - expected) < 1e-11


def test_cole_hopf_starts_from_the_sine_and_keeps_its_symmetry():
    solution = Burgers(0.01 / jnp.pi).exact(ring(-1.0, 1.0) * TIME)
    x = jnp.linspace(-1, 1, 41)
    at = lambda t: jax.vmap(lambda y: solution(jnp.stack([y, jnp.asarray(t)]))[0])(x)
    np.testing.assert_allclose(at(0.0), -jnp.sin(jnp.pi * x), atol=1e-13)
    np.testing.assert_allclose(at(0.7), -at(0.7)[::-1], atol=1e-12)
    with pytest.raises(ValueError, match="interval \\[-1, 1\\]"):
        Burgers(0.1).exact(torus(1.0) * TIME)


def test_cole_hopf_on_half_of_the_interval_is_that_on_the_whole():
    whole, half = (Burgers(0.1).exact(domain * TIME) for domain in (ring(-1.0, 1.0), Box.of(x=(0.0, 1.0))))
    for x, value in ((0.0, 0.0), (1.0, 0.0), (0.3, whole(jnp.asarray([0.3, 0.6]))[0])):
        np.testing.assert_allclose(half(jnp.asarray([x, 0.6]))[0], value, atol=1e-13)


def test_periodic_travelling_wave_comes_back_after_a_period():
    solution = EXACT["KdV"]
    there = solution(jnp.asarray([0.3, 0.1]))
    np.testing.assert_allclose(solution(jnp.asarray([0.3, 0.1 + 2.0 / 0.6])), there, rtol=1e-10)


def along_the_tendency(equation, functional, field):
    """Value and derivative in time of a functional of the state."""
    values = lambda v: functional(field.with_values(v))
    return jax.jvp(values, (field.values,), (equation.tendency(field).values,))


def test_energy_of_cahn_hilliard_falls_along_its_tendency():
    equation, u = CahnHilliard(0.1), ClosedForm(frozen(smooth(SHEET, 1)), FunctionSpace(SHEET))
    found = jax.jit(lambda: along_the_tendency(equation, equation.energy, u.sample(Grid(SHEET, (32, 32)))))
    assert found()[1] < -1e-3


@pytest.mark.parametrize("name", ["advection", "Burgers", "KdV", "Schroedinger", "wave", "sine-Gordon", "diffusion"])
def test_invariants_do_not_change_along_the_tendency(name):
    equation, box = EQUATIONS[name]
    u = ClosedForm(frozen(smooth(box, len(equation.names))), FunctionSpace(box, equation.names))
    on = Grid(box, (128,) if box.dim == 1 else (64, 64))
    values, slopes = jax.jit(lambda: along_the_tendency(equation, equation.invariants, u.sample(on)))()
    assert values
    for key, slope in slopes.items():
        assert abs(float(slope)) < 1e-8 * max(1.0, float(abs(values[key]))), key


def test_ideal_flow_keeps_energy_and_enstrophy_along_its_tendency():
    ideal = Vorticity(0)
    values, slopes = jax.jit(lambda: along_the_tendency(ideal, ideal.invariants, vorticity_field((20, 22))))()
    assert set(values) == {"circulation", "energy", "enstrophy"}
    for key, slope in slopes.items():
        assert abs(float(slope)) < 1e-12 * max(1.0, float(values[key])), key
    assert set(Vorticity(0.1).invariants(vorticity_field((8, 8)))) == {"circulation"}


def test_velocity_is_solenoidal_and_its_curl_is_the_vorticity():
    @jax.jit
    def fields():
        field = vorticity_field((16, 18))
        velocity = Vorticity(0.1).velocity(field)
        return velocity, velocity.div(), velocity.curl(), field

    velocity, divergence, curl, vorticity = fields()
    assert velocity.space.names == ("u", "v")
    np.testing.assert_allclose(divergence.values, 0, atol=1e-12)
    np.testing.assert_allclose(curl.values, vorticity.values, atol=1e-12)


@pytest.mark.parametrize("law", [Burgers(0.05), Advection((0.7,))])
def test_scalar_conservation_law_agrees_with_its_tendency(law):
    box = torus(2.0)
    u = jax.jit(lambda: ClosedForm(frozen(smooth(box, 1)), FunctionSpace(box)).sample(Grid(box, (64,))))()
    viscous = law.viscous_flux(u.values, u.diff(0).values[..., None, :], 0)
    flux = law.flux(u.values, 0) - (0 if viscous is None else viscous)
    np.testing.assert_allclose(-u.with_values(flux).diff(0).values, law.tendency(u).values, atol=1e-9)
    slope = jax.jit(jax.vmap(jax.grad(lambda v: law.flux(v[None], 0)[0])))(u.values[:, 0])
    for speed in law.signal_speeds(u.values, 0):
        np.testing.assert_allclose(speed, slope)
    assert law.diffusivity(u.values) == getattr(law, "viscosity", 0.0)


def test_solution_on_the_wrong_number_of_axes_is_refused():
    with pytest.raises(ValueError, match=r"t=\(0, 1\)"):
        Diffusion(0.1).exact(torus(1.0), (1,))


def test_tendency_needs_periodic_axes():
    box = Box.cube(1)
    with pytest.raises(ValueError, match="periodic"):
        Burgers(0.1).tendency(Field(jnp.zeros((8, 1)), box.grid(8), FunctionSpace(box)))
