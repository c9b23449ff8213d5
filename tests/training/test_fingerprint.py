"""Two trees of arrays have one fingerprint if and only if the arrays of one fit into the other."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralpde.training.fingerprint import fingerprint, first_difference, named_leaves, with_named_leaves


def tree():
    return {"layers": [{"weight": jnp.zeros((3, 2)), "name": "a"}, {"weight": jnp.ones(4, jnp.int32)}], "act": jnp.tanh}


def test_arrays_are_described_by_path_dtype_and_shape():
    assert fingerprint(tree()) == {"layers/0/weight": "float64[3,2]", "layers/1/weight": "int32[4]"}


def test_keys_scalars_and_empty_arrays_are_described():
    found = fingerprint({"key": jax.random.key(0), "scalar": jnp.float32(1), "empty": jnp.zeros((0, 5))})
    assert found == {"key": "key<fry>[]", "scalar": "float32[]", "empty": "float64[0,5]"}


def test_descriptions_and_numpy_arrays_have_the_fingerprint_of_arrays():
    arrays = eqx.filter(tree(), eqx.is_array)
    assert fingerprint(jax.eval_shape(lambda: arrays)) == fingerprint(arrays) == fingerprint(jax.device_get(arrays))


def test_values_do_not_matter():
    assert fingerprint(tree()) == fingerprint(jax.tree.map(lambda a: a + 1 if eqx.is_array(a) else a, tree()))


@pytest.mark.parametrize(
    ("saved", "wanted", "said"),
    [
        ({"a": "float32[2]"}, {"a": "float32[2]"}, None),
        ({"a": "float32[2]"}, {"a": "float64[2]"}, "a is float32[2] in the checkpoint and float64[2] here"),
        ({}, {"a": "float32[2]"}, "a (float32[2]) is missing in the checkpoint"),
        ({"a": "float32[2]"}, {}, "a (float32[2]) of the checkpoint does not exist here"),
    ],
)
def test_first_difference_names_the_leaf(saved, wanted, said):
    assert first_difference(saved, wanted) == said


def test_arrays_are_replaced_by_name_and_the_rest_stays():
    leaves = named_leaves(tree())
    again = with_named_leaves(tree(), {name: leaf + 5 for name, leaf in leaves.items()})
    np.testing.assert_array_equal(again["layers"][0]["weight"], 5)
    np.testing.assert_array_equal(again["layers"][1]["weight"], 6)
    assert again["layers"][0]["name"] == "a" and again["act"] is jnp.tanh


def test_round_trip_by_name_is_the_identity():
    assert eqx.tree_equal(with_named_leaves(tree(), named_leaves(tree())), tree())
