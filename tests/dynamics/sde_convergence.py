"""Orders of the schemes for stochastic equations: errors over refined steps, for tests and for the table of orders.

Strong errors are over paths, against the closed form along the same Brownian motion. Weak errors carry no sampling
error: on geometric Brownian motion a step is a random linear map, whose moments are integrals over one normal variable
(Gauss and Hermite); on the Ornstein-Uhlenbeck process the end is linear in the increments, so that its variance is a
sum of squares.
"""

import functools
from typing import NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from neuralpde.dynamics import Method, brownian_tree, solve_sde, stratonovich_drift
from neuralpde.dynamics.brownian import diffusion_operator
from neuralpde.dynamics.sde_schemes import SCHEMES, Problem
from neuralpde.dynamics.solve_sde import scan_steps
from neuralpde.equations import GeometricBrownianMotion, RampedOrnsteinUhlenbeck

Row = tuple[str, str, str, list[float]]
GBM = GeometricBrownianMotion(growth=0.5, noise=0.8)
OU = RampedOrnsteinUhlenbeck(slope=0.3, rate=1.5, ramp=0.7)
END = 1.0
PATHS, FINE = 400, 1024
"""Paths, and the steps of the finest increments."""


class Expected(NamedTuple):
    """Orders on multiplicative (GBM) and additive noise (OU, sine) in one dimension.

    Under additive noise the term that limits strong order to 1.5 is the curvature of the drift times the square of the
    noise: the linear drift of OU has none, so that schemes with Levy areas have order 2 there; that of the sine has.
    """

    solver: diffrax.AbstractSolver
    strong: dict[str, float]
    weak: dict[str, float]


SCANNED = {
    "Euler": Expected(diffrax.Euler(), {"GBM": 0.5, "OU": 1}, {"GBM": 1, "OU": 1}),
    "EulerHeun": Expected(diffrax.EulerHeun(), {"GBM": 1, "OU": 1}, {"GBM": 1, "OU": 1}),
    "Heun": Expected(diffrax.Heun(), {"GBM": 1, "OU": 1}, {"GBM": 1, "OU": 2}),
    "ItoMilstein": Expected(diffrax.ItoMilstein(), {"GBM": 1, "OU": 1}, {"GBM": 1, "OU": 1}),
    "StratonovichMilstein": Expected(diffrax.StratonovichMilstein(), {"GBM": 1, "OU": 1}, {"GBM": 1, "OU": 1}),
    "ReversibleHeun": Expected(diffrax.ReversibleHeun(), {"GBM": 1, "OU": 1}, {"GBM": 1, "OU": 2}),
}
SLOW = {
    "SEA": Expected(diffrax.SEA(), {"sine": 1}, {}),
    "SRA1": Expected(diffrax.SRA1(), {"sine": 1.5}, {}),
    "ShARK": Expected(diffrax.ShARK(), {"sine": 1.5}, {}),
    "SPaRK": Expected(diffrax.SPaRK(), {"GBM": 1, "sine": 1.5}, {}),
    "GeneralShARK": Expected(diffrax.GeneralShARK(), {"GBM": 1, "sine": 1.5}, {}),
    "SlowRK": Expected(diffrax.SlowRK(), {"GBM": 1.5, "sine": 1.5}, {}),
}
PROBLEMS = {"GBM": GBM, "OU": OU}


def problem_for(solver, equation) -> Problem:
    """The equation, as the integral of the solver wants it."""
    drift = equation.drift
    if not isinstance(solver, diffrax.AbstractItoSolver):
        drift = stratonovich_drift(drift, equation.diffusion, elementwise=True)
    operator = diffusion_operator(equation.diffusion)
    return Problem(lambda t, y: drift(t, y, None), lambda t, y: operator(t, y, None))


def exact_end(name: str, fine: jax.Array) -> jax.Array:
    """The exact end of a path from one, by its increments over `FINE` steps."""
    if name == "GBM":
        return GBM.path(END, fine.sum(0), jnp.ones(1))
    middle = (jnp.arange(len(fine)) + 0.5) * END / len(fine)
    mean, _ = OU.moments(END, jnp.ones(1))
    return mean + (jnp.exp(-OU.rate * (END - middle)) * OU.ramp * middle) @ fine


@functools.cache
def strong_errors(name: str, problem: str) -> list[float]:
    """Root mean square errors at the end over paths, with steps and with steps four times shorter."""
    solver = (SCANNED | SLOW)[name].solver
    one = _scanned_errors if name in SCANNED else _tree_errors
    return [float(error) for error in one(solver, problem)]


def _scanned_errors(solver, name):
    equation = PROBLEMS[name]
    fine = jnp.sqrt(END / FINE) * jax.random.normal(jax.random.key(1), (PATHS, FINE, 1))
    exact = jax.vmap(lambda w: exact_end(name, w))(fine)
    for n in (16, 64):
        dw = fine.reshape(PATHS, n, -1, 1).sum(2)
        end = lambda w, n=n: scan_steps(
            solver, problem_for(solver, equation), jnp.ones(1), jnp.linspace(0.0, END, n + 1), w, np.asarray([n])
        )[0][-1]
        yield jnp.sqrt(jnp.mean((jax.jit(jax.vmap(end))(dw) - exact) ** 2))


def _tree_errors(solver, name):
    # The tails of multiplicative noise are heavy, and want many paths.
    one, paths = (_sine_errors, 60) if name == "sine" else (_tree_gbm_errors, PATHS)
    errors = jax.jit(jax.vmap(lambda key: one(solver, (8, 32), key)))(jax.random.split(jax.random.key(1), paths))
    return [jnp.sqrt(jnp.mean(e**2)) for e in errors]


def _sine_errors(solver, counts, key):
    """Ends of dy = sin(2 y) dt + dW against that of the same scheme with four times as many steps on the same path."""
    drift, diffusion = (lambda t, y, args: jnp.sin(2 * y)), (lambda t, y, args: jnp.ones_like(y))
    ends = _ends_on_a_tree(solver, drift, diffusion, (*counts, 4 * counts[-1]), _path(solver, key), key)
    return [end - ends[-1] for end in ends[:-1]]


def _tree_gbm_errors(solver, counts, key):
    path = _path(solver, key)
    drift = stratonovich_drift(GBM.drift, GBM.diffusion, elementwise=True)
    exact = GBM.path(END, path.evaluate(0.0, END), jnp.ones(1))
    return [end - exact for end in _ends_on_a_tree(solver, drift, GBM.diffusion, counts, path, key)]


def _path(solver, key):
    return brownian_tree(solver, jax.ShapeDtypeStruct((1,), float), 0.0, END, END / FINE, key)


def _ends_on_a_tree(solver, drift, diffusion, counts, path, key):
    run = lambda n: solve_sde(drift, diffusion, jnp.ones(1), [0.0, END], Method(solver, substeps=n), key=key, path=path)
    return [run(n).last for n in counts]


@functools.cache
def weak_gbm_errors(name: str) -> list[float]:
    """Sum of the relative errors of E y and E y^2 at the end of geometric Brownian motion."""
    solver = SCANNED[name].solver
    problem, scheme = problem_for(solver, GBM), SCHEMES[type(solver)]
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    weights = jnp.asarray(weights / weights.sum())

    def step(state, h, dw):
        """One step of y and of what the reversible scheme carries, both linear in what they were."""
        y, hat = state[:1], state[1:]
        carry = scheme.start(problem, 0.0, hat)
        y, carry = scheme.step(problem, jnp.zeros(()), h, y, carry, dw)
        return jnp.concatenate([y, y if carry is None else carry[0]])

    @jax.jit
    def mean_maps(h):
        """Means of the map of a step and of its tensor square."""
        maps = jax.vmap(lambda z: jax.jacfwd(step)(jnp.ones(2), h, jnp.sqrt(h) * z[None]))(jnp.asarray(nodes))
        return [jnp.tensordot(weights, m, 1) for m in (maps, jax.vmap(jnp.kron)(maps, maps))]

    exact = np.exp([GBM.growth * END, (2 * GBM.growth + GBM.noise**2) * END])
    errors = []
    for n in (16, 32):
        found = np.asarray([np.linalg.matrix_power(np.asarray(m), n).sum(1)[0] for m in mean_maps(END / n)])
        errors.append(float(np.abs(found / exact - 1).sum()))
    return errors


@functools.cache
def weak_ou_errors(name: str) -> list[float]:
    """Sum of the errors of mean and variance at the end of the Ornstein-Uhlenbeck process."""
    solver = SCANNED[name].solver
    errors = []
    for n in (16, 32):
        times = jnp.linspace(0.0, END, n + 1)
        end = lambda w, n=n, times=times: scan_steps(
            solver, problem_for(solver, OU), jnp.ones(1), times, w, np.asarray([n])
        )[0][-1, 0]
        mean, slope = jax.jit(jax.value_and_grad(end))(jnp.zeros((n, 1)))
        exact_mean, exact_variance = OU.moments(END, jnp.ones(1))
        variance = jnp.sum(slope**2) * END / n
        errors.append(float(abs(mean - exact_mean[0]) + abs(variance - exact_variance[0])))
    return errors


def sde_rows() -> list[Row]:
    """Rule, problem, expected order and errors for the table of orders; strong ones over steps divided by four."""
    rows = []
    for name, expected in SCANNED.items():
        for problem, order in expected.strong.items():
            rows.append((f"{name}, strong", problem, str(order), _middle(strong_errors(name, problem))))
        rows.append((f"{name}, weak", "GBM", str(expected.weak["GBM"]), weak_gbm_errors(name)))
        rows.append((f"{name}, weak", "OU", str(expected.weak["OU"]), weak_ou_errors(name)))
    return rows


def _middle(errors: list[float]) -> list[float]:
    """The table takes the steps to be halved from one error to the next: the one in between, on the line of the two."""
    return [errors[0], float(np.sqrt(errors[0] * errors[1])), errors[1]]
