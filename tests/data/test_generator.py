"""Generation from recipes: resumed files equal uninterrupted ones, failures are redrawn, errors are estimated."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.data import AbstractRecipe, DataError, Generation, evolution, frames, generated
from neuralpde.data.parts import Parts
from neuralpde.data.recipe import fingerprint, plain
from neuralpde.equations import AbstractEquation
from neuralpde.solvers import AbstractSolver
from neuralpde.spaces import Box, ClosedForm, Field, FunctionSpace, GaussianField, PowerLaplace, Sample, Trajectory

RING = Box.cube(1, periodic=True)
SPACE = FunctionSpace(RING)
PRIOR = GaussianField(SPACE, PowerLaplace(3.0), modes=8)


class Decay(AbstractEquation):
    """Decay  u_t = -rate u."""

    rate: float = 1.0

    def tendency(self, u):
        return -self.rate * u


class ForwardEuler(AbstractSolver):
    """First order, so that the distance to half the step is known."""

    step: float

    def solve(self, equation, initial, times):
        def advance(u, dt):
            steps = round(float(times[1] - times[0]) / self.step)
            for _ in range(steps):
                u = u.with_values(u.values + self.step * equation.tendency(u).values)
            return u, u

        _, later = jax.lax.scan(advance, initial, None, length=len(times) - 1)
        field = jax.tree.map(lambda first, rest: jnp.concatenate([first[None], rest]), initial, later)
        return Trajectory(jnp.asarray(times), field)

    def refined(self):
        return ForwardEuler(self.step / 2)


def decay(folder, **changes):
    arguments = {"resolution": 8, "interval": 0.5, "frames": 3, "train": 7, "test": 3, "folder": folder, "chunk": 3}
    arguments |= {"progress": False} | changes
    return evolution("decay", Decay(), PRIOR, ForwardEuler(0.1), **arguments)


class Draws(AbstractRecipe):
    """Noise; the first draw of one sample in three fails."""

    name: str = eqx.field(static=True, default="draws")
    bad: float = 1 / 3

    def sample(self, key):
        draw = jax.random.uniform(key)
        value = jnp.where(draw < self.bad, jnp.nan, draw)
        u = Field(jnp.full((4, 1), value), RING.grid(4), SPACE)
        return Sample(u, u, {"draw": draw}), {"residual": draw}

    def accuracy(self, keys):
        return {"nothing": 0.0}

    def provenance(self):
        return {"equation": "u = draw"}

    def at(self, resolution):
        return self

    label = "4"


def test_a_trajectory_follows_the_equation(tmp_path):
    data = decay(tmp_path, test_resolutions=[16])
    u = data.train.targets
    assert u.field.values.shape == (7, 3, 8, 1) and u.field.values.dtype == np.float32
    np.testing.assert_allclose(u.times[0], [0, 0.5, 1.0])
    np.testing.assert_allclose(u.field.values[:, 2], u.field.values[:, 0] * 0.9**10, rtol=1e-6)
    np.testing.assert_array_equal(u.field.values[:, 0], data.train.inputs.values)


def test_test_functions_are_the_same_at_every_resolution(tmp_path):
    data = decay(tmp_path, test_resolutions=[16])
    assert list(data.test) == ["8", "16"]
    coarse, fine = (data.test[name].inputs.values for name in ("8", "16"))
    np.testing.assert_allclose(fine[:, ::2], coarse, atol=1e-6)


def test_the_error_of_half_a_step_is_the_one_of_the_method(tmp_path):
    accuracy = decay(tmp_path).provenance["accuracy"]
    assert accuracy["half_step"] == pytest.approx(abs(0.9**10 - 0.95**20) / 0.95**20, rel=1e-6)
    assert accuracy["finer_grid"] < 1e-12


def test_refined_grids_keep_the_points(tmp_path):
    once, refined = decay(tmp_path), decay(tmp_path, refine=2)
    np.testing.assert_allclose(refined.train.inputs.values, once.train.inputs.values, atol=1e-6)


def test_only_the_last_frame_may_be_the_target(tmp_path):
    whole, last = decay(tmp_path), decay(tmp_path, output="final")
    np.testing.assert_array_equal(last.train.targets.values, whole.train.targets.field.values[:, -1])


def test_frames_may_begin_later(tmp_path):
    data, late = decay(tmp_path), decay(tmp_path, start=0.5, frames=2)
    np.testing.assert_allclose(late.train.targets.times[0], [0.5, 1.0])
    np.testing.assert_allclose(late.train.inputs.values, data.train.targets.field.values[:, 1], rtol=1e-6)


def test_trajectories_may_be_cut_into_pairs(tmp_path):
    whole, cut = decay(tmp_path), decay(tmp_path, pairs=frames)
    assert cut.train.inputs.values.shape == (14, 8, 1)
    np.testing.assert_array_equal(cut.train.targets.values, whole.train.targets.field.values[:, 1:].reshape(14, 8, 1))


def test_parameters_vary_and_are_stored(tmp_path):
    data = decay(tmp_path, vary={"rate": [0.5, 1.5]})
    rate = np.asarray(data.train.parameters["rate"])
    assert rate.min() >= 0.5 and rate.max() <= 1.5 and rate.std() > 0.1
    ratio = (data.train.targets.field.values[:, 1] / data.train.inputs.values).mean((1, 2))
    np.testing.assert_allclose(ratio, (1 - 0.1 * rate) ** 5, rtol=1e-5)


def test_a_generation_that_was_killed_ends_with_the_same_file(tmp_path, monkeypatch):
    decay(tmp_path / "whole", train=20)
    saved, save = [], Parts.save

    def save_twice(self, name, tree):
        if len(saved) == 2:
            raise KeyboardInterrupt
        saved.append(name)
        save(self, name, tree)

    monkeypatch.setattr(Parts, "save", save_twice)
    with pytest.raises(KeyboardInterrupt):
        decay(tmp_path / "killed", train=20)
    assert not list((tmp_path / "killed").glob("*.hdf5"))
    monkeypatch.setattr(Parts, "save", lambda self, name, tree: (saved.append(name), save(self, name, tree)))
    decay(tmp_path / "killed", train=20)
    assert len(saved) == len(set(saved)) == 4  # no part was made twice
    whole, resumed = (next((tmp_path / name).glob("*.hdf5")) for name in ("whole", "killed"))
    assert whole.read_bytes() == resumed.read_bytes()
    assert [path.name for path in (tmp_path / "killed").iterdir()] == [whole.name]


def test_a_damaged_part_is_made_again(tmp_path):
    parts = Parts(tmp_path)
    tree = {"u": np.arange(3.0)}
    parts.save("train-0", tree)
    np.testing.assert_array_equal(parts.load("train-0", tree)["u"], tree["u"])
    (tmp_path / "train-0.npz").write_bytes((tmp_path / "train-0.npz").read_bytes()[:-30])
    assert parts.load("train-0", tree) is None
    assert parts.load("missing", tree) is None


def test_a_part_of_another_shape_is_not_used(tmp_path):
    parts = Parts(tmp_path)
    parts.save("train-0", {"u": np.arange(3.0)})
    assert parts.load("train-0", {"u": np.arange(4.0)}) is None


def test_samples_that_fail_are_drawn_anew_and_counted(tmp_path):
    data = generated(Generation(Draws(), 40, test=5), tmp_path, chunk=10, progress=False)
    assert np.isfinite(data.train.inputs.values).all() and data.provenance["redrawn"] > 5
    draws = np.concatenate([data.train.parameters["draw"], data.test["4"].parameters["draw"]])
    assert data.provenance["largest_of_all_samples"]["residual"] == pytest.approx(draws.max(), rel=1e-6)


def test_samples_that_always_fail_are_refused(tmp_path):
    with pytest.raises(DataError, match="not finite after 10 draws"):
        generated(Generation(Draws(bad=1.0), 4), tmp_path, progress=False)
    assert not list(tmp_path.glob("*.hdf5"))


def test_the_first_samples_do_not_depend_on_how_many_there_are(tmp_path):
    few, many = (decay(tmp_path, train=n).train.inputs.values for n in (4, 7))
    np.testing.assert_array_equal(few, many[:4])


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"train": 0}, "train=0"),
        ({"frames": 1}, "frames=1"),
        ({"output": "all"}, "'trajectory' or 'final'"),
        ({"vary": {"speed": [0, 1]}}, "parameters among"),
        ({"refine": 0}, "refine=0"),
    ],
)
def test_arguments_without_sense_are_refused(tmp_path, changes, said):
    with pytest.raises(DataError, match=said):
        decay(tmp_path, **changes)


def test_recipes_are_told_apart_by_their_numbers():
    one, other = Decay(1.0), Decay(2.0)
    assert fingerprint({"e": one}) == fingerprint({"e": Decay(1.0)}) != fingerprint({"e": other})
    assert plain(one) == {"type": "Decay", "rate": 1.0}
    with pytest.raises(DataError, match="found again by its numbers"):
        plain(ClosedForm(jnp.sin, SPACE))


def test_every_device_makes_its_share(tmp_path):
    generation = Generation(Draws(bad=0.0), 16)
    data = generated(generation, tmp_path, chunk=5, progress=False)
    keys = jax.vmap(lambda i: jax.random.fold_in(jax.random.fold_in(jax.random.key(0), 0), i))(jnp.arange(16))
    np.testing.assert_allclose(data.train.parameters["draw"], jax.vmap(jax.random.uniform)(keys), rtol=1e-6)
    assert dataclasses.asdict(generation)["train"] == 16
