"""Parameters as safetensors: stable names, bit for bit, and nothing that does not fit."""

import equinox as eqx
import jax
import pytest
from interop_small import NAMES, operator

from neuralpde.interop import ParameterError, load_parameters, named_parameters, save_parameters

pytest.importorskip("safetensors")


@pytest.mark.parametrize("name", NAMES)
def test_there_and_back(name, tmp_path):
    saved, other = operator(name), operator(name, seed=1)
    path = save_parameters(saved, tmp_path / "model.safetensors", {"experiment": "none"})
    loaded = load_parameters(other, path)
    assert bool(eqx.tree_equal(loaded, saved)) and not bool(eqx.tree_equal(other, saved))


def test_names_are_those_of_attributes():
    names = list(named_parameters(operator("fno")))
    assert "operator.layers.0.K.weight" in names and "operator.lifting.first.bias" in names
    assert "input_normalizer.statistics.value.0" in names and "output_normalizer.statistics.value.1.values" in names


def test_structure_is_enough_to_read(tmp_path):
    saved = operator("fno")
    path = save_parameters(saved, tmp_path / "model.safetensors")
    loaded = load_parameters(eqx.filter_eval_shape(lambda: saved), path)
    assert bool(eqx.tree_equal(loaded, saved))


def test_half_precision_keeps_its_bits(tmp_path):
    half = jax.tree.map(lambda x: x.astype("bfloat16") if eqx.is_inexact_array(x) else x, operator("fno"))
    path = save_parameters(half, tmp_path / "half.safetensors")
    assert bool(eqx.tree_equal(load_parameters(half, path), half))
    with pytest.raises(ParameterError, match=r"is bfloat16\[.* in the file and float64\["):
        load_parameters(operator("fno"), path)


def test_other_operators_are_refused_with_the_difference(tmp_path):
    path = save_parameters(operator("fno"), tmp_path / "fno.safetensors")
    with pytest.raises(ParameterError, match=r"float64\[.*\] in the file and float64\[.*and \d+ more"):
        load_parameters(operator("fno", width=6), path)
    with pytest.raises(ParameterError, match=r"operator.branch.layers.0.weight is not in the file"):
        load_parameters(operator("deeponet"), path)
    with pytest.raises(
        ParameterError, match=r"the operator has no input_normalizer\.statistics\.value\.0; and 19 more"
    ):
        load_parameters(operator("fno").input_normalizer, path)


def test_damaged_and_absent_files_are_refused(tmp_path):
    (tmp_path / "text").write_text("nothing")
    for name in ("text", "absent"):
        with pytest.raises(ParameterError, match="holds no parameters"):
            load_parameters(operator("fno"), tmp_path / name)
