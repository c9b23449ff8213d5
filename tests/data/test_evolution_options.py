"""Trajectories of equations with random functions in them, and what is kept of their states."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data import DataError, evolution, frames
from neuralpde.equations import (
    AbstractEquation,
    Burgers,
    Components,
    CompressibleNavierStokes,
    Primitive,
    ShockTube,
)
from neuralpde.solvers import AbstractSolver
from neuralpde.spaces import AbstractFunction, Box, Field, FunctionSpace, GaussianField, PowerLaplace, Trajectory

RING = Box.cube(1, periodic=True)
STATES = GaussianField(FunctionSpace(RING, ("a", "b")), PowerLaplace(3.0), modes=8)
FORCES = GaussianField(FunctionSpace(RING, ("f",)), PowerLaplace(3.0), modes=8)


class Driven(AbstractEquation):
    """A driven pair  a_t = scale f(x),  b_t = -b."""

    force: AbstractFunction | float = 0.0
    scale: float = 1.0
    names = ("a", "b")

    def tendency(self, u):
        force = self.force.values[..., 0] if isinstance(self.force, Field) else self.force + 0 * u.values[..., 0]
        return u.with_values(jnp.stack([self.scale * force, -u.values[..., 1]], -1))


class ForwardEuler(AbstractSolver):
    """One step an interval, half as long when refined: exact for a alone."""

    substeps: int = 1

    def solve(self, equation, initial, times):
        states, h = [initial], (times[1] - times[0]) / self.substeps
        for _ in times[1:]:
            u = states[-1]
            for _ in range(self.substeps):
                u = u.with_values(u.values + h * equation.tendency(u).values)
            states.append(u)
        return Trajectory(jnp.asarray(times), jax.tree.map(lambda *leaves: jnp.stack(leaves), *states))

    def refined(self):
        return ForwardEuler(2 * self.substeps)


def driven(folder, **changes):
    arguments = {"resolution": 8, "interval": 0.5, "frames": 3, "train": 4, "test": 2, "folder": folder, "chunk": 2}
    arguments |= {"vary": {"force": FORCES, "scale": [1.0, 2.0]}, "progress": False} | changes
    return evolution("driven", Driven(), STATES, ForwardEuler(), **arguments)


def test_random_functions_of_the_equation_are_part_of_the_input(tmp_path):
    data = driven(tmp_path)
    inputs, states = data.train.inputs, data.train.targets.field.values
    assert inputs.space.names == ("a", "b", "f") and data.train.targets.field.space.names == ("a", "b")
    np.testing.assert_array_equal(inputs.values[..., :2], states[:, 0])
    rate = data.train.parameters["scale"][:, None] * inputs.values[..., 2]
    np.testing.assert_allclose(states[:, 2, :, 0] - states[:, 0, :, 0], rate, atol=1e-6)
    assert np.std(inputs.values[..., 2], axis=1).min() > 1e-3
    assert data.provenance["recipe"]["functions"][0][0] == "force"


@pytest.mark.slow
def test_random_functions_are_the_same_on_finer_grids(tmp_path):
    once, refined = driven(tmp_path), driven(tmp_path, refine=2)
    for a, b in zip(jax.tree.leaves(once.train), jax.tree.leaves(refined.train), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_pairs_have_the_functions_after_the_states(tmp_path):
    pairs = driven(tmp_path, pairs=frames)
    assert pairs.train.inputs.space.names == ("a@0", "b@0", "f")
    assert pairs.train.inputs.values.shape == (8, 8, 3)


def test_what_is_kept_of_a_state_is_what_the_error_is_told_of(tmp_path):
    kept, everything = driven(tmp_path, observe=Components(["b"])), driven(tmp_path)
    assert kept.train.targets.field.space.names == ("b",) and kept.train.inputs.space.names == ("b", "f")
    np.testing.assert_array_equal(
        kept.train.targets.field.values[..., 0], everything.train.targets.field.values[..., 1]
    )
    half_step = lambda data: data.provenance["accuracy"]["half_step"]
    assert half_step(everything) < half_step(kept) == pytest.approx(1 - 0.5**2 / 0.75**4, rel=1e-6)
    assert kept.provenance["recipe"]["observe"] == {"type": "Components", "names": ["b"]}


def test_gases_may_be_kept_in_primitive_variables():
    gas = CompressibleNavierStokes(1.4, dim=1)
    space = FunctionSpace(Box.of(x=(-1.0, 1.0)), gas.names)
    state = ShockTube(space, 1.4).sample(jax.random.key(0), space.domain.grid(6))
    found = Primitive()(gas, state)
    assert found.space.names == ("density", "velocity_x", "pressure")
    rho, m, energy = state.values.T
    np.testing.assert_allclose(found.values.T, [rho, m / rho, 0.4 * (energy - m**2 / rho / 2)], rtol=1e-12)


def test_observations_that_do_not_fit_are_refused():
    state = Field(jnp.zeros((4, 2)), RING.grid(4), STATES.space)
    with pytest.raises(ValueError, match="are those of a gas"):
        Primitive()(Burgers(0.1), state)
    with pytest.raises(ValueError, match=r"\['c'\] are not among"):
        Components(("a", "c"))(Driven(), state)


def test_functions_must_be_parameters_of_the_equation(tmp_path):
    with pytest.raises(DataError, match="priors of parameters among"):
        driven(tmp_path, vary={"wind": FORCES})
