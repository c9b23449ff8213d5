"""Configuration becomes objects through a list of doors, and through nothing else."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
import pytest

from neuralpde.cli.building import DOORS, OPERATOR_DOORS, SLOTS, build
from neuralpde.cli.refusal import UsageError
from neuralpde.operators import FNO
from neuralpde.spaces import Box, FunctionSpace, Grid

FNO_TARGET = "neuralpde.operators.FNO"


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "builtins.eval",
        "subprocess.run",
        "neuralpde.cli.run_folder.subprocess.run",
        "neuralpde.cli.main",
        "neuralpde.data.h5py.File",
        "neuralpde.data.os.remove",
        "neuralpde.operators.mgno.jax.numpy.zeros",
        "neuralpde.operators.MgNO.__init__",
        "neuralpde.operators.__loader__.load_module",
        "neuralpde.operators.eqx",
        "neuralpde.operators",
        "neuralpde.evaluation.write_report",
        "jax.nn.jnp.zeros",
        "jax.nn.__builtins__",
        "optax.tree.map",
        "optax._src.alias.adamw",
        "optax.jax",
        "equinox.nn._mlp.MLP",
        "equinox.tree_deserialise_leaves",
        "hydra.utils.instantiate",
        "FNO",
        "",
        None,
        3,
    ],
)
def test_target_outside_the_doors_is_refused(target):
    with pytest.raises(UsageError):
        build({"_target_": target})


def test_refusal_comes_before_any_call(tmp_path):
    """A forbidden target deep in a tree stops the whole tree, also where the outer call is allowed."""
    called = tmp_path / "called"
    evil = {"_target_": "pathlib.Path.touch", "_args_": [str(called)]}
    tree = {"first": {"_target_": "jax.nn.relu", "x": 1.0}, "then": [{"a": [evil]}]}
    with pytest.raises(UsageError, match=r"pathlib\.Path\.touch"):
        build(tree)
    assert not called.exists()


@pytest.mark.parametrize("key", ["_args_", "_recursive_", "_convert_", "__class__", 3])
def test_special_keys_other_than_target_and_partial_are_refused(key):
    with pytest.raises(UsageError, match="special"):
        build({"_target_": FNO_TARGET, key: ["x"]})


def test_a_slot_accepts_its_own_doors_only():
    build({"_target_": "optax.adam", "learning_rate": 1e-3}, DOORS)
    with pytest.raises(UsageError, match=r"optax\.adam"):
        build({"_target_": "optax.adam", "learning_rate": 1e-3}, OPERATOR_DOORS)


def test_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="'MgNO'"):
        build({"_target_": "neuralpde.operators.MgN0", "_partial_": True})


def test_unknown_argument_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match=r"'model'.*'widht'.*'width'"):
        build({"model": {"_target_": FNO_TARGET, "_partial_": True, "widht": 3}})


@pytest.mark.parametrize("value", ["wide", 2.5, True, None, [16]])
def test_argument_of_another_type_is_refused(value):
    with pytest.raises(UsageError, match="width to be int"):
        build({"_target_": FNO_TARGET, "_partial_": True, "width": value})


def test_partial_waits_for_the_spaces():
    space = FunctionSpace(Box.cube(1, periodic=True))
    make = build({"_target_": FNO_TARGET, "_partial_": True, "modes": [3], "width": 4, "depth": 1})
    assert isinstance(make, functools.partial)
    operator = make(space, space, on=Grid(space.domain, (8,)), key=jax.random.key(0))
    assert isinstance(operator, FNO)


def test_nested_targets_are_built_inside_out():
    box = {
        "_target_": "neuralpde.spaces.Box",
        "axes": [{"_target_": "neuralpde.spaces.Axis", "name": "x", "upper": 2}],
    }
    assert build({"_target_": "neuralpde.spaces.Grid", "domain": box, "shape": [4]}) == Grid(Box.of(x=(0.0, 2.0)), (4,))


def test_functions_of_jax_optax_and_equinox_are_reachable():
    relu = build({"_target_": "jax.nn.relu", "_partial_": True})
    assert jnp.array_equal(relu(jnp.array([-1.0, 2.0])), jnp.array([0.0, 2.0]))
    assert isinstance(build({"_target_": "optax.sgd", "learning_rate": 0.1}), optax.GradientTransformation)
    linear = build({"_target_": "equinox.nn.Linear", "_partial_": True, "in_features": 2, "out_features": 3})
    assert isinstance(linear(key=jax.random.key(0)), eqx.nn.Linear)


def test_plain_data_passes_through_with_lists_as_tuples():
    assert build({"a": [1, [2.5, "x"]], "b": None}) == {"a": (1, (2.5, "x")), "b": None}


def test_causal_weights_are_built_where_they_are_asked_for():
    target = {"_target_": "neuralpde.pinn.causal.Causal", "tolerance": [1e-2, 1.0], "initial": None}
    assert build(target, SLOTS["task"]).ladder == (1e-2, 1.0)
    with pytest.raises(UsageError, match="not allowed"):
        build(target, SLOTS["problem"])
