"""Fields in time: orders of convergence, and moments of stochastic equations in closed form."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order
from dynamics.field_convergence import END, GRID, NU, RING, SPACE, Laplacian, field_rows, wave

from neuralpde.dynamics import (
    Closure,
    ExponentialFlow,
    FieldODE,
    FieldSDE,
    FlowMap,
    LearnedFlux,
    Method,
    QWiener,
    solve,
    solve_sde,
    solve_spde,
)
from neuralpde.equations import Burgers, Darcy, Diffusion
from neuralpde.operators import FNO, rollout
from neuralpde.solvers import ETDRK
from neuralpde.spaces import Box, Field, FunctionSpace, White
from neuralpde.spaces.fourier import Fourier


@pytest.mark.slow
@pytest.mark.parametrize("row", range(4))
def test_orders_in_time(row):
    rule, _, expected, errors = field_rows()[row]
    assert observed_order(errors) > float(expected) - 0.25, (rule, errors)


NOISE = QWiener(SPACE, White(0.4), modes=7)
RATES = NU * (2 * np.pi * np.asarray([0, 1, 1, 2, 2, 3, 3])) ** 2


def coefficients(u: Field):
    """Of the orthonormal eigenfunctions that the noise drives, in its order."""
    x = (RING.grid(u.on.shape[0]).coords()[:, 0],)
    basis = [jnp.ones_like(x[0])]
    for k in (1, 2, 3):
        basis += [np.sqrt(2) * jnp.cos(2 * jnp.pi * k * x[0]), np.sqrt(2) * jnp.sin(2 * jnp.pi * k * x[0])]
    return jnp.stack(basis) @ u.values[:, 0] / u.on.shape[0]


def test_every_mode_of_the_stochastic_heat_equation_is_an_ornstein_uhlenbeck_process():
    """Mean e^(-rate t) of the start, variance q (1 - e^(-2 rate t)) / (2 rate), with a step as long as the interval."""
    draw = lambda key: solve_spde(Diffusion(NU), NOISE, wave(0.0), (0.0, END), step=END, key=key)
    found = jax.jit(jax.vmap(lambda k: coefficients(jax.tree.map(lambda a: a[-1], draw(k).field))))(
        jax.random.split(jax.random.key(2), 8000)
    )
    variance = 0.16 * np.where(RATES == 0, END, -np.expm1(-2 * RATES * END) / np.maximum(2 * RATES, 1e-9))
    np.testing.assert_allclose(found.mean(0), coefficients(wave(END)), atol=4 * (variance.max() / 8000) ** 0.5)
    # Four deviations of a sample variance.
    np.testing.assert_allclose(found.var(0), variance, rtol=4 * (2 / 8000) ** 0.5)


def test_field_sde_has_the_variances_of_its_own_scheme():
    """Explicit Euler of an Ornstein-Uhlenbeck process: q h (1 - r^2n) / (1 - r^2), r = 1 - rate h."""
    sde, n = FieldSDE(Laplacian(), NOISE), 16
    h = END / n

    method = Method(diffrax.Euler(), substeps=n)
    end = lambda key: coefficients(solve_sde(sde.drift, sde.diffusion, wave(0.0), (0.0, END), method, key=key).last)
    found = jax.jit(jax.vmap(end))(jax.random.split(jax.random.key(3), 4000))
    r = 1 - RATES * h
    variance = 0.16 * h * (r[:, None] ** (2 * np.arange(n))).sum(1)
    np.testing.assert_allclose(found.var(0), variance, rtol=4 * (2 / 4000) ** 0.5)


def test_one_key_drives_every_grid_alike(key):
    """A linear equation whose noise both grids hold: one solution at their common points."""
    end = lambda n: solve_spde(
        Diffusion(NU), NOISE, wave(0.0).resample(RING.grid(n)), (0.0, END), step=END / 4, key=key
    ).field.values[-1]
    np.testing.assert_allclose(end(16), end(32)[::2], atol=1e-12)


def test_amplitude_multiplies_the_noise(key):
    """du = sigma u dW with one mode of noise, constant in space: u0 exp(sigma W - sigma^2 t / 2) in the limit."""
    noise = QWiener(SPACE, White(1.0), modes=1)
    draws = jax.random.split(key, 4000)
    end = lambda k: solve_spde(
        Diffusion(0.0), noise, wave(0.0), (0.0, END), step=END / 8, key=k, amplitude=lambda u: 0.5 * u
    ).field.values[-1, 1, 0]
    found = jax.jit(jax.vmap(end))(draws) / wave(0.0).values[1, 0]
    # Of the scheme: a product of 8 factors 1 + sigma dW.
    assert float(found.mean()) == pytest.approx(1.0, abs=4 * (0.14 / 4000) ** 0.5)
    assert float(found.var()) == pytest.approx((1 + 0.25 * END / 8) ** 8 - 1, rel=0.15)


class Damping(Laplacian):
    """-rate u, the rate a parameter."""

    rate: jax.Array | float = 2.0

    def __call__(self, u, at=None, key=None):
        return u * -self.rate

    def given(self, parameters):
        return Damping(rate=parameters["rate"]) if "rate" in parameters else self


def test_closure_adds_its_operator_in_the_tendency_and_in_the_spectrum():
    """Heat with damping: exact, whichever way it is solved."""
    closure = Closure(Diffusion(NU), Damping())
    exact = np.exp(-2 * END) * wave(END).values
    spectral = ETDRK(END / 16).solve(closure, wave(0.0), (0.0, END)).field.values[-1]
    np.testing.assert_allclose(spectral, exact, atol=1e-7)
    lines = solve(FieldODE(closure), wave(0.0), (0.0, END), Method(rtol=1e-8, atol=1e-10)).last
    np.testing.assert_allclose(lines.values, exact, atol=1e-7)


@pytest.mark.parametrize("kind", ["exponential", pytest.param("diffrax", marks=pytest.mark.slow)])
def test_flow_map_steps_as_its_equation_does_and_passes_gradients(kind):
    """Heat with damping, whose rate is a parameter: the norm and its derivative by the rate are known."""
    closure = Closure(Diffusion(NU), Damping())
    if kind == "exponential":
        flow = ExponentialFlow(closure, SPACE, substeps=8)
    else:
        flow = FlowMap(FieldODE(closure), SPACE, Method(substeps=4))

    @jax.jit
    @jax.value_and_grad
    def norm(rate):
        states = rollout(flow, wave(0.0), 4, time_step=END / 4, parameters={"rate": rate})
        return jax.tree.map(lambda leaf: leaf[-1], states.field).norm()

    value, slope = norm(3.0)
    exact = np.exp(-3 * END) * float(wave(END).norm())
    assert float(value) == pytest.approx(exact, rel=1e-6)
    assert float(slope) == pytest.approx(-END * exact, rel=1e-5)


def test_flow_without_steps_is_refused():
    with pytest.raises(ValueError, match="substeps=0"):
        ExponentialFlow(Diffusion(NU), SPACE, substeps=0)


@pytest.mark.slow
def test_learned_flux_keeps_the_integral(key):
    """Of each component, on the plane."""
    space = FunctionSpace(Box.cube(2, periodic=True), ("u", "v"))
    flux = FNO(space, space.renamed("a", "b", "c", "d"), modes=3, width=4, depth=1, key=key)
    grid = space.domain.grid(8)
    u = Field(jax.random.normal(key, (8, 8, 2)), grid, space)
    rate, q = jax.jit(lambda u: (LearnedFlux(flux)(u), flux(u)))(u)
    np.testing.assert_allclose(rate.integral(), 0, atol=1e-12)
    np.testing.assert_allclose(rate.values[..., 1], (q.diff(0).values[..., 1] + q.diff(1).values[..., 3]), atol=1e-12)
    with pytest.raises(ValueError, match="2 components of flux along each axis"):
        jax.eval_shape(LearnedFlux(FNO(space, space, modes=3, width=4, depth=1, key=key)), u)


def test_closure_of_an_equation_without_symbol_says_so():
    closure = Closure(Burgers(NU), Damping())
    assert closure.symbol(Fourier(GRID)).shape == (9,)
    with pytest.raises(ValueError, match="not semilinear"):
        ETDRK(0.1).solve(Closure(Darcy(1.0, 0.0), Damping()), wave(0.0), (0.0, END))
