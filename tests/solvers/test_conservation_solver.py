"""The finite volume solver against exact solutions, conservation, symmetry, and what explicit schemes promise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convergence import observed_order
from solvers.conservation_convergence import (
    GAS,
    PLANE_GAS,
    SEMI_DISCRETE,
    SHOCKS,
    SLOW,
    SMOOTH,
    compiled,
    gas_profile,
    semi_discrete_errors,
)

from neuralpde.equations import AbstractConservationLaw, CompressibleNavierStokes, Euler, Poisson, ShallowWater
from neuralpde.solvers import FiniteVolume
from neuralpde.spaces import Box, Dirichlet, Field, Free, FunctionSpace, Neumann, Periodic, Robin, Wall

VISCOUS = CompressibleNavierStokes(1.4, 0.01, 0.005, 0.01, 2)
TORUS = FunctionSpace(Box.cube(2, periodic=True), PLANE_GAS.names)


def solve(law, state, times, solver=None):
    """Compiled; with the number of steps."""
    solver = solver or FiniteVolume()
    return compiled(lambda u: solver.run(law, state.with_values(u), times))(state.values)


def rough_gas(shape=(12, 10), seed=0, space=TORUS, mach=1.0):
    """A random state with jumps everywhere, conserved."""
    dim = len(shape)
    rng = np.random.default_rng(seed)
    w = rng.normal(0, 0.5, (*shape, dim + 2))
    w[..., 1:-1] *= mach
    w[..., [0, -1]] = np.exp(w[..., [0, -1]])
    on = space.domain.grid(*shape, layout="cells")
    return Field(Euler(1.4, dim).conserved(jnp.asarray(w)), on, space)


# Order


def all_but(names, *slow):
    """Names as parameters; those that repeat in other dimensions or states what the others show are slow tests."""
    return [pytest.param(name, marks=pytest.mark.slow) if name in slow else name for name in names]


@pytest.mark.parametrize("name", all_but(SEMI_DISCRETE, *SLOW))
def test_tendency_is_consistent_with_order_two(name):
    assert observed_order(semi_discrete_errors(name)) > 1.75


@pytest.mark.parametrize("name", all_but(SMOOTH, *SLOW))
def test_smooth_solutions_converge_with_order_two(name):
    assert observed_order(SMOOTH[name].errors()) > 1.9


@pytest.mark.parametrize("name", all_but(SHOCKS, *SLOW))
def test_solutions_with_shocks_converge(name):
    errors = SHOCKS[name].errors()
    assert observed_order(errors) > 0.65
    assert errors[-1] < {"strong shock": 0.1}.get(name, 0.03)


def test_sharper_riemann_solvers_and_limiters_have_smaller_errors_at_a_shock_tube():
    tube = SHOCKS["Sod"]
    solvers = [FiniteVolume(), FiniteVolume(limiter="minmod"), FiniteVolume(limiter="none")]
    hllc, minmod, godunov = (tube.error(solver, (64,)) for solver in solvers)
    assert hllc < minmod < godunov / 2
    assert godunov < tube.error(FiniteVolume(limiter="none", riemann="rusanov"), (64,))


# Conservation and symmetry


@pytest.mark.parametrize("law", all_but((PLANE_GAS, VISCOUS), PLANE_GAS))
def test_what_is_conserved_stays_to_round_off(law):
    found = solve(law, rough_gas(), (0.0, 0.05)).trajectory.field.values
    totals = found.sum((1, 2))
    assert jnp.max(jnp.abs(found[1] - found[0])) > 0.1
    np.testing.assert_allclose(totals[1], totals[0], rtol=1e-13, atol=1e-12)


def test_walls_let_neither_mass_nor_energy_through_and_push_back():
    box = Box.cube(2)
    space = FunctionSpace(box, VISCOUS.names, Wall((1, 2)))
    totals = solve(VISCOUS, rough_gas(space=space), (0.0, 0.05)).trajectory.field.values.sum((1, 2))
    np.testing.assert_allclose(totals[1, [0, 3]], totals[0, [0, 3]], rtol=1e-13)
    assert jnp.all(jnp.abs(totals[1, 1:3] - totals[0, 1:3]) > 1e-3)


def test_a_wall_is_the_middle_of_a_flow_and_its_mirror_image():
    half = FunctionSpace(Box.of(x=(0.0, 0.5)), GAS.names, [(Wall((1,)), Free())])
    whole = FunctionSpace(Box.of(x=(-0.5, 0.5)), GAS.names)
    state = rough_gas((10,), space=half)
    mirrored = state.values[::-1] * jnp.array([1.0, -1.0, 1.0])
    both = Field(jnp.concatenate([mirrored, state.values]), whole.domain.grid(20), whole)
    alone, pair = (solve(GAS, u, (0.0, 0.1)).trajectory.field.values[-1] for u in (state, both))
    np.testing.assert_allclose(alone, pair[10:], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("riemann", all_but(("hllc", "hll", "rusanov"), "hll", "rusanov"))
def test_exchanging_axes_and_turning_one_round_commute_with_the_solver(riemann):
    state = rough_gas()
    turned = Box.of(("x", "y"), x=(0.0, 1.0), y=(0.0, 1.0)).grid(10, 12, layout="cells")
    solver = FiniteVolume(riemann=riemann)
    run = lambda values, on: solve(PLANE_GAS, Field(values, on, TORUS), (0.0, 0.03), solver).trajectory.field.values[-1]

    def change(u):
        exchanged = jnp.swapaxes(u, 0, 1)[..., jnp.array([0, 2, 1, 3])]
        return exchanged[::-1] * jnp.array([1.0, -1.0, 1.0, 1.0])

    np.testing.assert_allclose(run(change(state.values), turned), change(run(state.values, state.on)), atol=1e-11)


@pytest.mark.parametrize("law", [VISCOUS, ShallowWater(9.81, 2)])
def test_a_uniform_stream_stays_uniform(law):
    on = Box.of(periodic=("y",), x=(0.0, 1.0), y=(0.0, 1.0)).grid(6, 5, layout="cells")
    space = FunctionSpace(on.domain, law.names)
    stream = law.conserved(jnp.array([1.3, 0.7, -0.2, 0.9])[: len(law.names)])
    state = Field(jnp.broadcast_to(stream, (6, 5, len(law.names))), on, space)
    np.testing.assert_allclose(solve(law, state, (0.0, 0.5)).trajectory.field.values[-1], state.values, atol=1e-13)


@pytest.mark.slow
def test_a_sticking_wall_brings_a_channel_to_rest_as_the_heat_kernel_does():
    # v_y = a sin(pi x) between walls at x = 0 and 1 decays as exp(-nu pi^2 t); a so small that heating is nothing.
    law = CompressibleNavierStokes(1.4, 0.1, 0.0, 0.0, 2)
    box = Box.of(periodic=("y",), x=(0.0, 1.0), y=(0.0, 0.2))
    space = FunctionSpace(box, law.names, [Wall((1, 2), slip=False), Periodic()])

    def error(n):
        on = box.grid(n, 2, layout="cells")
        v = 1e-4 * jnp.sin(jnp.pi * on.coords()[..., 0])
        one, zero = jnp.ones_like(v), jnp.zeros_like(v)
        state = Field(law.conserved(jnp.stack([one, zero, v, one], -1)), on, space)
        found = solve(law, state, (0.0, 0.5)).trajectory.field.values[-1, ..., 2]
        return float(jnp.max(jnp.abs(found - v * jnp.exp(-0.1 * jnp.pi**2 * 0.5))) / 1e-4)

    assert observed_order([error(8), error(16)]) > 1.9


# Positivity


@pytest.mark.parametrize("limiter", all_but(("mc", "superbee"), "mc"))
@pytest.mark.parametrize("riemann", all_but(("hllc", "rusanov"), "rusanov"))
def test_density_and_pressure_stay_positive_in_a_rough_hypersonic_gas(limiter, riemann):
    state = rough_gas((16, 16), mach=60.0)
    found = solve(PLANE_GAS, state, (0.0, 1e-3, 1e-2), FiniteVolume(limiter=limiter, riemann=riemann))
    assert found.admissible.all() and jnp.isfinite(found.trajectory.field.values).all()


def test_water_that_all_but_runs_dry_stays_above_the_ground():
    law = ShallowWater(1.0, 1)
    space = FunctionSpace(Box.of(x=(-1.0, 1.0)), law.names)
    on = space.domain.grid(64)
    v = jnp.where(on.coords()[..., 0] < 0, -1.999, 1.999)
    state = Field(law.conserved(jnp.stack([jnp.ones(64), v], -1)), on, space)
    found = solve(law, state, (0.0, 0.1, 0.3))
    assert found.admissible.all()
    assert found.trajectory.field.values[-1, :, 0].min() < 2e-2


# Scalar laws: any law with a flux and speeds


class Traffic(AbstractConservationLaw):
    """u_t + (u^2 / 2)_x + (u^2 / 2)_y = 0."""

    def flux(self, u, axis):
        return u**2 / 2

    def signal_speeds(self, u, axis):
        return u[..., 0], u[..., 0]


@pytest.mark.parametrize("riemann", ["hll", "rusanov"])
def test_scalar_law_keeps_its_bounds_and_loses_variation(riemann):
    space = FunctionSpace(Box.cube(1, periodic=True))
    on = space.domain.grid(40)
    u = Field(jnp.asarray(np.random.default_rng(0).normal(0, 1, (40, 1))), on, space)
    values = solve(Traffic(), u, tuple(np.linspace(0, 0.2, 6)), FiniteVolume(riemann=riemann)).trajectory.field.values
    assert values.max() <= u.values.max() and values.min() >= u.values.min()
    variation = jnp.abs(values - jnp.roll(values, 1, 1)).sum((1, 2))
    assert (jnp.diff(variation) <= 1e-12).all() and variation[-1] < 0.5 * variation[0]


def test_shock_of_a_scalar_law_moves_with_the_mean_of_its_states():
    space = FunctionSpace(Box.cube(1))
    on = space.domain.grid(40)
    u = Field(jnp.where(on.coords() < 0.25, 2.0, 1.0), on, space)
    end = solve(Traffic(), u, (0.0, 0.3), FiniteVolume(riemann="hll")).trajectory.field
    # From 1/4 with speed 3/2: to 0.7.
    assert end.values[-1].sum() / 40 == pytest.approx(1.7, abs=1e-12)
    assert jnp.abs(end.values[-1, :, 0] - jnp.where(on.coords()[:, 0] < 0.7, 2.0, 1.0)).sum() < 1.0


def test_a_given_state_flows_in():
    space = FunctionSpace(Box.cube(1), ("u",), [(Dirichlet(2.0), Free())])
    u = Field(jnp.ones((20, 1)), space.domain.grid(20), space)
    end = solve(Traffic(), u, (0.0, 2.0), FiniteVolume(riemann="hll")).trajectory.field
    np.testing.assert_allclose(end.values[-1], 2.0, rtol=1e-6)


# Time, batches, derivatives, refusals


def test_states_in_between_do_not_change_what_comes_later_beyond_the_error_of_the_steps():
    space = FunctionSpace(Box.cube(1, periodic=True), GAS.names)
    on = space.domain.grid(16)
    state = Field(jax.vmap(lambda x: gas_profile(GAS)(jnp.append(x, 0.0)))(on.coords()), on, space)
    few, many = solve(GAS, state, (0.0, 0.1)), solve(GAS, state, (0.0, 0.013, 0.05, 0.1))
    np.testing.assert_array_equal(many.trajectory.times, [0.0, 0.013, 0.05, 0.1])
    np.testing.assert_array_equal(many.trajectory.field.values[0], state.values)
    np.testing.assert_allclose(many.trajectory.field.values[-1], few.trajectory.field.values[-1], atol=2e-3)
    assert many.steps[0] == 0 and (many.steps[1:] > 0).all()


def test_refined_solver_takes_twice_the_steps():
    state, solver = rough_gas((20,), space=FunctionSpace(Box.cube(1), GAS.names)), FiniteVolume()
    coarse, fine = (int(solve(GAS, state, (0.0, 0.2), s).steps[-1]) for s in (solver, solver.refined()))
    assert fine / coarse == pytest.approx(2, rel=0.1)


def test_batches_by_vmap_are_the_same_as_one_at_a_time():
    space = FunctionSpace(Box.cube(1), GAS.names)
    batch = [rough_gas((16,), seed, space, mach) for seed, mach in enumerate((0.1, 1.0, 5.0))]
    stacked = Field.stack(jnp.stack([u.values for u in batch]), batch[0].on, space)
    together = compiled(jax.vmap(lambda u: FiniteVolume().run(GAS, u, (0.0, 0.05, 0.1))))(stacked)
    for i, u in enumerate(batch):
        alone = solve(GAS, u, (0.0, 0.05, 0.1))
        np.testing.assert_array_equal(together.steps[i], alone.steps)
        np.testing.assert_allclose(together.trajectory.field.values[i], alone.trajectory.field.values, rtol=1e-11)
    assert len({int(s) for s in together.steps[:, -1]}) > 1


def test_derivatives_of_a_step_and_of_a_solution_are_those_of_finite_differences():
    space = FunctionSpace(Box.cube(1, periodic=True), GAS.names)
    on = space.domain.grid(12)
    solver, eps = FiniteVolume(limiter="van_leer", riemann="hll"), 1e-6
    # Off the symmetry points, where limiters have kinks.
    u = jax.vmap(lambda x: gas_profile(GAS)(jnp.append(x + 0.013, 0.0)))(on.coords())
    direction = jnp.asarray(np.random.default_rng(0).normal(0, 0.1, u.shape))
    step = lambda u: jnp.sum(jnp.sin(solver.step(GAS, Field(u, on, space), 0.01).values))
    whole = lambda u: jnp.sum(jnp.sin(solver.solve(GAS, Field(u, on, space), (0.0, 0.05)).field.values[-1]))

    def check(value, derivative):
        expected = (value(u + eps * direction) - value(u - eps * direction)) / (2 * eps)
        np.testing.assert_allclose(derivative, expected, rtol=1e-5)

    check(compiled(step), jnp.vdot(compiled(jax.grad(step))(u), direction))
    check(compiled(whole), compiled(lambda u: jax.jvp(whole, (u,), (direction,))[1])(u))


def test_precision_is_that_of_the_initial_field():
    state = rough_gas((8,), space=FunctionSpace(Box.cube(1), GAS.names))
    single = state.with_values(state.values.astype(jnp.float32))
    found = solve(GAS, single, (0.0, 0.01)).trajectory
    stepped = compiled(lambda u: FiniteVolume().step(GAS, u, 1e-3))(single)
    assert {found.field.values.dtype, found.times.dtype, stepped.values.dtype} == {jnp.dtype("float32")}


def test_a_solution_that_takes_too_many_steps_is_given_up():
    state = rough_gas((20,), space=FunctionSpace(Box.cube(1), GAS.names))
    found = solve(GAS, state, (0.0, 1e-4, 1.0, 2.0), FiniteVolume(max_steps=5))
    assert jnp.isfinite(found.trajectory.field.values[:2]).all() and jnp.isnan(found.trajectory.field.values[2:]).all()
    assert found.admissible.tolist() == [True, True, False, False] and found.steps[2] == 5


def test_a_law_that_stands_still_takes_one_step():
    space = FunctionSpace(Box.cube(1, periodic=True))
    u = Field(jnp.zeros((8, 1)), space.domain.grid(8), space)
    found = solve(Traffic(), u, (0.0, 1.0), FiniteVolume(riemann="hll"))
    assert found.steps[-1] == 1 and (found.trajectory.field.values == 0).all()


@pytest.mark.parametrize("options", [{"limiter": "mcc"}, {"riemann": "roe"}, {"order": 4}, {"cfl": 1.5}, {"cfl": 0.0}])
def test_unknown_options_are_refused(options):
    with pytest.raises(ValueError, match="FiniteVolume"):
        FiniteVolume(**options)


def test_problems_that_the_method_cannot_use_are_refused():
    state, solver = rough_gas((8, 8)), FiniteVolume()
    with pytest.raises(ValueError, match="conservation laws"):
        solver.solve(Poisson(), state, (0.0, 1.0))
    with pytest.raises(ValueError, match="conserved components"):
        solver.solve(GAS, state, (0.0, 1.0))
    with pytest.raises(ValueError, match="increasing times"):
        solver.solve(PLANE_GAS, state, (0.0, 1.0, 1.0))
    with pytest.raises(NotImplementedError, match="choose 'hll'"):
        u = Field(jnp.ones((8, 1)), Box.cube(1).grid(8), FunctionSpace(Box.cube(1)))
        solver.solve(Traffic(), u, (0.0, 1.0))
    line = FunctionSpace(Box.cube(1), GAS.names)
    with pytest.raises(ValueError, match="layout='cells'"):
        solver.solve(GAS, Field(jnp.ones((8, 3)), line.domain.grid(8, layout="nodes"), line), (0.0, 1.0))
    with pytest.raises(ValueError, match="2 cells"):
        solver.solve(GAS, rough_gas((1,), space=line), (0.0, 1.0))
    for side in (Robin(), Neumann(1.0), Dirichlet(lambda x: x)):
        space = FunctionSpace(line.domain, GAS.names, side)
        with pytest.raises(ValueError, match="cannot use"):
            solver.solve(GAS, rough_gas((8,), space=space), (0.0, 1.0))
