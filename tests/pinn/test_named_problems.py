"""The library of problems: references solve them, exact forms meet walls and beginnings, computed references converge."""

import functools
import inspect
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import yaml

from neuralpde.cli.building import build
from neuralpde.data import read_comsol
from neuralpde.equations.derivatives import partial
from neuralpde.nn import mlp
from neuralpde.pinn import Candidate, Term, Uniform, problems
from neuralpde.pinn.problems import chaos, phase_separation, solitons
from neuralpde.pinn.problems.evolved import evolved
from neuralpde.pinn.problems.phase_separation import smoothed, start
from neuralpde.solvers import ETDRK
from neuralpde.spaces import ClosedForm, FunctionSpace, Neural

FOLDER = Path(__file__).parents[2] / "conf" / "problem"
EXACT = {
    "burgers": {"viscosity": 0.05, "hard": False},
    "convection": {"hard": False},
    "convection_diffusion": {"hard": False},
    "heat_ball": {"dimensions": 2, "hard": False},
    "heat_inverse": {"noise": 0.0, "points": 50},
    "heat_multiscale": {"hard": False},
    "helmholtz": {"hard": False},
    "laplace_with_holes": {"hard": False},
    "poisson": {"dimensions": 3, "hard": False},
    "poisson_inverse": {"noise": 0.0},
    "poisson_sines": {},
    "wave": {"hard": False},
    "wave_2d_multiscale": {"end": 3.0, "hard": False},
}
HARD = {name: given for name, given in EXACT.items() if "hard" in given}
HARD |= {"cavity": {"points": 9, "hard": False}, "poisson_boltzmann": {"hard": False}}
named = functools.cache(lambda name: getattr(problems, name)())


def lacks(problem, *candidates, labels=None, n=48):
    """Residuals of conditions at points of theirs, an array for each candidate, by name."""
    space = FunctionSpace(problem.domain, problem.names)

    def found(key):
        kept = {}
        for label, condition in zip(problem.labels, problem.conditions, strict=True):
            if labels is None or label in labels:
                term = Term(condition, space, problem.family, n, Uniform())
                points = term.points(key)
                kept[label] = [term.residuals(candidate, points) for candidate in candidates]
        return kept

    return jax.device_get(jax.jit(found)(jax.random.key(0)))


def anything(problem):
    """A function that meets no condition."""
    return ClosedForm(lambda x: jnp.sin(jnp.sum(3 * x) + jnp.arange(problem.space.channels)) + 2, problem.space)


@pytest.mark.parametrize("name", EXACT)
def test_references_solve_their_problems(name):
    problem = getattr(problems, name)(**EXACT[name])
    off = ClosedForm(lambda x: problem.reference(x) + 0.01 * anything(problem)(x), problem.space)
    found = lacks(problem, Candidate(problem.reference), Candidate(off))
    for label, (right, wrong) in found.items():
        np.testing.assert_allclose(right, 0, atol=1e-9, err_msg=label)
        assert np.abs(wrong).max() > 1e-4, label


@pytest.mark.parametrize("name", HARD)
def test_exact_forms_meet_walls_and_beginnings(name):
    soft, hard = (getattr(problems, name)(**(HARD[name] | {"hard": hard})) for hard in (False, True))
    inside = [label for label in soft.labels if label not in hard.labels]
    assert inside and "equation" not in inside
    u = anything(soft)
    for label, (met, missed) in lacks(soft, hard.candidate(u), Candidate(u), labels=inside).items():
        np.testing.assert_allclose(met, 0, atol=1e-13, err_msg=label)
        assert np.abs(missed).max() > 0.1, label


@pytest.mark.parametrize("name, given", [("cavity", {"points": 9}), ("laplace_with_holes", {})])
def test_exact_forms_pass_derivatives_on(name, given, key):
    """Residuals by series through the form are those by nested differentiation of its values."""
    problem = getattr(problems, name)(**given)
    network = mlp(2, problem.space.channels, width=4, depth=1, activation=jnp.tanh, key=key)
    u = problem.candidate(Neural(network, problem.space)).u
    equation, x = problem.conditions[0].equation, jnp.asarray([0.1, 0.2])
    by_series, nested = jax.jit(lambda: (equation.residual(u, x), equation.residual(lambda x: u(x), x)))()
    assert np.abs(by_series).max() > 1e-3
    np.testing.assert_allclose(by_series, nested, rtol=1e-9)


BEGINS = {
    "allen_cahn": lambda x: x**2 * jnp.cos(jnp.pi * x),
    "korteweg_de_vries": lambda x: jnp.cos(jnp.pi * x),
    "kuramoto_sivashinsky": lambda x: jnp.cos(x) * (1 + jnp.sin(x)),
}


@pytest.mark.parametrize("name", BEGINS)
def test_exact_forms_of_computed_problems_begin_right(name, monkeypatch):
    for module in (chaos, phase_separation, solitons):
        monkeypatch.setattr(module, "evolved", lambda *_, **__: None)
    problem = getattr(problems, name)()
    u = problem.candidate(anything(problem)).u
    x = jnp.linspace(-1, 1, 21)
    points = jnp.stack([x, jnp.zeros(21)], axis=1)
    np.testing.assert_allclose(jax.jit(jax.vmap(u))(points)[:, 0], BEGINS[name](x), atol=1e-13)
    soft = getattr(problems, name)(hard=False)
    assert problem.labels == ("equation",) and soft.labels == ("equation", "initial")


def test_the_kink_of_allen_cahn_spreads_by_diffusion():
    """Where it was, the slope is zero at all later times; elsewhere it meets the heat equation."""
    w = smoothed(1e-3)
    kink = lambda x: (w(x) - start(x))[None]
    at = jnp.asarray([[-0.99, 0.3], [0.98, 0.5], [0.95, 0.9]])

    def measured():
        seam = jax.vmap(jax.grad(w))(jnp.asarray([[1 - 1e-9, 0.5], [-1.0, 0.01]]))[:, 0]
        rate, curvature = (jax.vmap(partial(kink, axis, order))(at) for axis, order in ((1, 1), (0, 2)))
        return seam, rate, 1e-3 * curvature

    seam, rate, spread = jax.jit(measured)()
    np.testing.assert_allclose(seam, 0, atol=1e-6)
    assert np.abs(rate).min() > 1e-4
    np.testing.assert_allclose(rate, spread, rtol=1e-8)
    with pytest.raises(ValueError, match="use hard=False"):
        problems.allen_cahn(diffusivity=0.1)


def test_what_is_left_of_allen_cahn_at_its_kink_is_smooth():
    """The residual of the smoothed state has the same slope on both sides of the seam, at a time when nothing has spread."""
    D, r, t = 1e-4, 5.0, 1e-6

    def jump(growth):
        w = smoothed(D, growth)

        def residual(x):
            rate, curvature = (partial(lambda x: w(x)[None], *which)(x) for which in ((1, 1), (0, 2)))
            return rate - D * curvature - r * (w(x) - w(x) ** 3)

        sides = jnp.asarray([[1 - 1e-4, t], [-1 + 1e-4, t]])
        slopes = jax.jit(jax.vmap(jax.jacfwd(residual)))(sides)[:, 0, 0]
        return float(slopes[0] - slopes[1])

    assert jump(0.0) == pytest.approx(-2 * 4 * r, rel=1e-2)
    assert abs(jump(r)) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, modes, step, dealias", [("allen_cahn", 8192, 5e-4, 0.5), ("korteweg_de_vries", 1024, 5e-5, 2 / 3)]
)
def test_computed_references_have_converged(name, modes, step, dealias):
    """Against twice the modes and half the step."""
    problem = named(name)
    equation, solver = problem.conditions[0].equation, ETDRK(step, dealias=dealias)
    finer = evolved(equation, BEGINS[name], problem.domain, solver, modes).values
    errors = np.linalg.norm(problem.reference.values - finer, axis=(0, 2)) / np.linalg.norm(finer, axis=(0, 2))
    print(f"{name}: relative L2 at t = 0.005: {errors[1]:.1e}, largest {errors.max():.1e}, at the end {errors[-1]:.1e}")
    assert errors.max() < 3e-9 and errors[2:].max() < 1e-9
    assert problem.reference.on.shape == (512, 201)
    np.testing.assert_allclose(problem.reference.values[:, 0, 0], BEGINS[name](problem.reference.on.axis_coords(0)))


def test_the_plate_with_holes_obeys_its_maximum_principle():
    """An error is harmonic: nowhere larger than on the boundary, here on another hole and another wall than those fitted."""
    u = named("laplace_with_holes").reference
    angle, s = np.linspace(0, 2 * np.pi, 201), np.linspace(-0.5, 0.5, 201)
    circle = np.stack([-0.3 + 0.1 * np.cos(angle), 0.3 + 0.1 * np.sin(angle)], axis=1)
    wall = np.stack([s, np.full(201, -0.5)], axis=1)
    values = jax.jit(jax.vmap(u))(np.concatenate([circle, wall, [[0.0, 0.0]]]))[:, 0]
    np.testing.assert_allclose(values[:201], 0, atol=1e-12)
    np.testing.assert_allclose(values[201:-1], 1, atol=1e-12)
    assert 0 < values[-1] < 1


@pytest.mark.external
def test_the_published_plate_with_holes(external_data):
    data = read_comsol(external_data / "pinnacle" / "poisson_classic.dat", names=["x", "y", "u"])
    u = jax.jit(jax.vmap(named("laplace_with_holes").reference))(data.on.x)
    distance = np.linalg.norm(data.values - u) / np.linalg.norm(u)
    largest = np.abs(data.values - u).max()
    print(f"poisson_classic.dat against the series: relative L2 {distance:.2e}, largest {largest:.2e}")
    assert distance < 1e-4 and largest < 1e-3


@pytest.mark.parametrize("name", problems.__all__)
def test_configurations_hold_the_defaults(name):
    path = FOLDER / f"{name}.yaml"
    text = path.read_text()
    assert text.startswith("# ")
    config = yaml.safe_load(text)
    assert config.pop("_target_") == f"neuralpde.pinn.problems.{name}"
    defaults = {p.name: p.default for p in inspect.signature(getattr(problems, name)).parameters.values()}
    assert {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()} == defaults


def test_configurations_are_built():
    text = (FOLDER / "helmholtz.yaml").read_text()
    problem = build(yaml.safe_load(text), ("neuralpde.pinn.problems",))
    assert problem.labels == ("equation",)
    named = {path.stem for path in FOLDER.glob("*.yaml")}
    in_pieces = {name for name in named if name.endswith("_in_pieces")}
    assert named - in_pieces == set(problems.__all__)
    for name in in_pieces:
        config = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
        whole = yaml.safe_load((FOLDER / f"{name.removesuffix('_in_pieces')}.yaml").read_text())
        assert config["_target_"] == "neuralpde.pinn.decomposed" and config["problem"] == whole
