"""Advection along characteristics against times of travel in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.equations import SquareWave, VariableAdvection, advection_case
from neuralpde.solvers import solve_advection
from neuralpde.spaces import Box, ClosedForm, Drawn, FunctionSpace

TIME = Box.of(t=(0.0, 1.5))
LINE, PERIOD = (FunctionSpace(Box.of(periodic=("x",) * periodic, x=(0.0, 1.0)), ("u",)) for periodic in (False, True))


def profile(x):
    return jnp.exp(jnp.sin(2 * jnp.pi * x))


def grid(space, n=17):
    return (space.domain * TIME).grid(n, layout=("periodic" if space is PERIOD else "nodes", "nodes"))


def accelerating(x, t):
    """s_t + (1 + x / 2) s_x = 0 with s = profile(x) at first and s = cos(t) at x = 0: T(x) = 2 log(1 + x / 2)."""
    start = 2 * jnp.log(1 + x / 2) - t
    return jnp.where(start >= 0, profile(2 * (jnp.exp(start / 2) - 1)), jnp.cos(start))


def error(found, exact):
    x = found.on.coords()
    return float(jnp.abs(found.values[..., 0] - exact(x[..., 0], x[..., 1])).max())


def test_accelerating_flow_is_exact_exponentially():
    velocity = ClosedForm(lambda x: 1 + x / 2, LINE.free(("a",)))
    equation = VariableAdvection(ClosedForm(profile, LINE), velocity, jnp.cos)
    errors = [error(solve_advection(equation, grid(LINE), nodes=n), accelerating) for n in (6, 9, 18)]
    assert errors[0] / errors[1] > 30
    assert errors[2] < 1e-12


def test_flow_around_a_period_returns():
    """1 / a = 1 + 0.6 cos(2 pi x): a period takes the time 1, whatever lies between."""
    velocity = ClosedForm(lambda x: 1 / (1 + 0.6 * jnp.cos(2 * jnp.pi * x)), PERIOD.free(("a",)))
    equation = VariableAdvection(ClosedForm(profile, PERIOD), velocity)
    on = (PERIOD.domain * Box.of(t=(0.0, 1.0))).grid(16, 3, layout=("periodic", "nodes"))
    found = solve_advection(equation, on).values[..., 0]
    np.testing.assert_allclose(found[:, -1], found[:, 0], atol=1e-12)
    np.testing.assert_allclose(found[:, 0], profile(on.coords()[:, 0, 0]), atol=1e-12)
    assert jnp.abs(found[:, 1] - found[:, 0]).max() > 1
    # Half way: T(x) - 1/2 = T(y) for T(x) = x + 0.6 sin(2 pi x) / (2 pi); x = 1/2 came from y = 0.
    assert found[8, 1] == pytest.approx(float(profile(0.0)), abs=1e-12)


def test_square_waves_stay_sharp():
    wave = Drawn(SquareWave(PERIOD), jax.random.key(3))
    found = solve_advection(VariableAdvection(wave), grid(PERIOD, 40))
    x = found.on.coords()
    moved = jax.vmap(jax.vmap(wave))((x[..., :1] - x[..., 1:]) % 1)
    np.testing.assert_array_equal(found.values, moved)
    assert len(np.unique(found.values)) == 2


def test_solution_has_no_residual():
    velocity = ClosedForm(lambda x: 1 + x / 2, LINE.free(("a",)))
    equation = VariableAdvection(ClosedForm(profile, LINE), velocity, jnp.cos)
    exact = lambda x: accelerating(x[0], x[1])[None]
    for x in jnp.array([[0.7, 0.2], [0.2, 0.9]]):
        assert jnp.abs(equation.residual(exact, x)).max() < 1e-12
    assert jnp.abs(VariableAdvection(ClosedForm(profile, LINE), 1.0).residual(exact, jnp.array([0.7, 0.2]))).max() > 0.1


@pytest.mark.parametrize("case", ["I", "II", "III", "IV"])
def test_cases_are_those_of_their_text(case):
    v = ClosedForm(lambda x: jnp.cos(2 * x) + x, LINE)
    value = lambda x: jnp.cos(2 * x) + x
    u, equation = advection_case(case, v)
    periodic = case in ("I", "IV")
    assert u.space.domain.periodic == (periodic,)
    on = (u.space.domain * Box.of(t=(0.0, 0.5))).grid(16, 5, layout=("periodic" if periodic else "nodes", "nodes"))
    found, x = solve_advection(equation, on), on.coords()[:, 0, 0]
    inputs = {
        "I": value(jnp.sin(jnp.pi * x) ** 2),
        "II": x * value(x),
        "III": 1 + value(x) / 10,
        "IV": 1 + (value(x) + value(1 - x)) / 20,
    }
    first = {"I": inputs["I"], "II": inputs["II"], "III": x**2, "IV": jnp.sin(2 * jnp.pi * x)}
    given = u.sample(u.space.domain.grid(16, layout=on.layout[0])).values[:, 0]
    np.testing.assert_allclose(given, inputs[case], atol=1e-12)
    np.testing.assert_allclose(found.values[:, 0, 0], first[case], atol=1e-10)
    t = on.axis_coords(1)
    if case == "II":
        np.testing.assert_array_equal(found.values[0, 1:, 0], 0)
    if case == "III":
        np.testing.assert_allclose(found.values[0, :, 0], jnp.sin(jnp.pi * t), atol=1e-10)


def test_what_does_not_fit_is_refused_or_not_a_number():
    still = VariableAdvection(ClosedForm(profile, LINE), ClosedForm(lambda x: x, LINE.free(("a",))))
    assert jnp.isnan(solve_advection(still, grid(LINE)).values).all()
    with pytest.raises(ValueError, match="times a time that begins at 0"):
        solve_advection(still, grid(PERIOD))
    with pytest.raises(ValueError, match="Unknown case of advection 'V'"):
        advection_case("V", ClosedForm(profile, LINE))
