"""Reference flames between two inlets: convergence, balances, residuals by automatic differentiation, published values."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from solvers.collocated import middles, traced

from neuralpde.equations.combustion import counterflow_flame, read_mechanism
from neuralpde.solvers import solve_counterflow_flame
from neuralpde.spaces.chebyshev import interpolation_matrix

pytestmark = pytest.mark.slow
LENGTH = 0.02
DROP = 16565.63
"""P at an equivalence ratio of one, Pa/m^2."""


@functools.cache
def flame(ratio=1.0):
    return counterflow_flame(read_mechanism("methane_one_step"), "CH4", ratio)


solved = functools.cache(lambda elements=100, ratio=1.0: solve_counterflow_flame(flame(ratio), LENGTH, elements))


def states(found):
    """u, V, T and mass fractions, as the equation names them, of the solver's components T, X_k, H, F_k, V, G."""
    gas, pressure = flame().gas, flame().pressure

    def state(y):
        fractions = gas.mass_fractions(y[1:6])
        return jnp.concatenate(
            [jnp.stack([y[7:12].sum() / gas.density(y[0], pressure, fractions), y[12], y[0]]), fractions]
        )

    return traced(found, state)


def test_the_fall_of_pressure_converges():
    coarse, middle, fine = (solved(n).parameters[0] for n in (50, 100, 200))
    print(f"counterflow flame: P = {fine:.6f} Pa/m^2, relative errors {coarse / fine - 1:.1e} {middle / fine - 1:.1e}")
    assert fine == pytest.approx(DROP, rel=1e-6)
    assert abs(coarse - fine) > 8 * abs(middle - fine) and abs(middle / fine - 1) < 3e-8


def test_it_solves_its_equations():
    """Those of second order for temperature and mass fractions: the solver's are of first order, for other unknowns."""
    found = solved(200)
    lit = dataclasses.replace(flame(), pressure_drop=float(found.parameters[0]))
    off = dataclasses.replace(lit, pressure_drop=0.9 * lit.pressure_drop)
    u = states(found)
    missed, wrong, made = jax.jit(
        jax.vmap(lambda x: (lit.residual(u, x), off.residual(u, x), lit.production(u(x)[2:])))
    )(middles(found))
    size = lambda r: float(np.sqrt(np.mean(np.square(r))))
    print(
        f"counterflow flame: continuity {size(missed[:, 0]):.1e}, momentum {size(missed[:, 1]):.1e}, others "
        f"{size(missed[:, 2:]):.1e}; P wrong by 10 %: {size(wrong[:, 1]):.1e}; produced {np.abs(made).max():.1e} kg/(m^3 s)"
    )
    assert size(missed[:, :2]) < 1e-3 * size(wrong[:, 1])
    assert size(missed[:, 2:]) < 1e-3 * np.abs(made).max()


def test_what_comes_leaves_to_the_side():
    """Mass, atoms and enthalpy that come through both inlets leave with 2 rho V, integrated by another rule."""
    found, gas = solved(100), flame().gas
    nodes, weights = np.polynomial.legendre.leggauss(8)
    at = np.asarray(interpolation_matrix(found.values.shape[1], jnp.asarray(nodes)))
    y = np.einsum("gs,esn->egn", at, found.values).reshape(-1, 14)
    measure = (np.diff(found.mesh)[:, None] / 2 * weights).reshape(-1)

    def leaving(y):
        fractions = gas.mass_fractions(y[1:6])
        spread = 2 * gas.density(y[0], flame().pressure, fractions) * y[12]
        each = jnp.concatenate([jnp.ones(1), (fractions / gas.molar_mass) @ gas.composition])
        return spread * jnp.append(each, fractions @ gas.enthalpies(y[0]))

    def coming(y):
        return np.concatenate([[y[7:12].sum()], (y[7:12] / gas.molar_mass) @ gas.composition, [y[6]]])

    comes = coming(found.values[0, 0]) - coming(found.values[-1, -1])
    leaves = measure @ np.asarray(jax.jit(jax.vmap(leaving))(y))
    print("counterflow flame: what leaves over what comes, less one:", np.array2string(leaves / comes - 1, precision=1))
    np.testing.assert_allclose(leaves, comes, rtol=1e-7)


def test_it_comes_as_it_should_and_burns():
    found = solved(100)
    first, last, largest = found.values[0, 0], found.values[-1, -1], found.values[..., 0].max()
    drop = found.parameters[0]
    np.testing.assert_allclose([first[0], last[0]], 300.0, rtol=1e-9)
    np.testing.assert_allclose([first[12], last[12]], 0.0, atol=1e-6)
    # Cold streams have V = P x / m, exactly but for what diffuses to the inlets.
    near = np.asarray([0.001, 0.002])
    np.testing.assert_allclose(found(near)[:, 12], drop * near, rtol=1e-6)
    np.testing.assert_allclose(found(LENGTH - near)[:, 12], drop * near, rtol=1e-6)
    assert 0.99 * flame().burned[0] < largest < flame().burned[0]


@pytest.mark.external
def test_the_published_counterflow_flame(external_data):
    """By Cantera with upwind differences on 501 points: 0.45 % too much, which falls with its steps.

    Cantera itself gives P = 16580.5, 16579.3, 16570.6 and 16568.4 on 298, 547, 1151 and 2266 points that follow the flame;
    on the last of these grids u, V and T are within 4e-4 of ours (relative L2), mass fractions within 2.3e-4.
    """
    folder = external_data / "flamepinn" / "case3_p1_phi1.00"
    x, t, u, v, y, drop = (np.load(folder / f"{name}.npy") for name in ("x", "T", "u", "V", "Ys", "pCurv"))
    found = solved(100)
    ours = np.asarray(jax.jit(jax.vmap(states(found)))(jnp.asarray(x)[:, None]))
    apart = [np.linalg.norm(ours[:, i] - theirs) / np.linalg.norm(theirs) for i, theirs in enumerate((u, v, t))]
    fractions = np.abs(ours[:, 3:] - y[:, [2, 0, 3, 1, 4]]).max()
    print(
        f"FlamePINN-1D case 3: P {-float(drop):.2f}, ours {found.parameters[0]:.2f}; relative L2 of u {apart[0]:.1e}, V "
        f"{apart[1]:.1e}, T {apart[2]:.1e}; largest difference of mass fractions {fractions:.1e}"
    )
    assert found.parameters[0] == pytest.approx(-float(drop), rel=5e-3)
    assert max(apart) < 1.5e-2 and fractions < 2e-2


@pytest.mark.parametrize("ratio, published", [(0.6, 10977.7), (0.8, 13622.3), (1.2, 18187.7)])
def test_lean_and_rich_flames_are_found(ratio, published):
    """Within 0.6 % of the published ones, all of which are too large, as above."""
    found = solved(100, ratio)
    print(f"counterflow flame, equivalence ratio {ratio}: P {found.parameters[0]:.2f}, published {published}")
    assert 1 < published / found.parameters[0] < 1.006
