"""The table of models: every configuration has its row, and every family says what it is."""

import json
import re

import equinox as eqx
import jax
import pytest
import yaml

from neuralpde.cli.application import run
from neuralpde.cli.catalogue import conf_folder, options
from neuralpde.cli.model_cost import family_of, forward_cost, model_cost
from neuralpde.cli.models import quantity
from neuralpde.operators import AbstractOperator, about_of
from neuralpde.spaces import Box, FunctionSpace

NAMES = options(conf_folder())["model"]


@pytest.mark.parametrize("name", NAMES)
def test_family_of_every_configuration_says_what_it_is(name):
    config = yaml.safe_load((conf_folder() / "model" / f"{name}.yaml").read_text(encoding="utf-8"))
    record = about_of(family_of(config))
    assert record.places in ("grid", "points", "any")
    assert re.search(r"\b(19|20)\d\d\b", record.citation)


def test_family_without_a_record_is_refused_by_name():
    class Silent(AbstractOperator):
        pass

    with pytest.raises(ValueError, match=r"Silent does not say what it is.*About"):
        about_of(Silent)


def test_every_configuration_has_a_row(capsys):
    assert run(["models", "--quick", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == NAMES
    rough = next(row for row in rows if row["name"] == "mgno_rough")
    assert rough["parameters"] == 572_661 and rough["family"] == "MgNO" and not rough["discretisation_convergent"]
    assert next(row for row in rows if row["name"] == "mgno_physical")["discretisation_convergent"]
    assert all(row["parameters"] > 0 and row["flops"] is None for row in rows)


def test_costs_are_printed_for_people(capsys):
    assert run(["models", "deeponet", "--size=8"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "8x8" in text and "DeepONet" in text and "FLOPs" in text


def test_operations_of_a_matrix_product_are_counted():
    """A linear layer over all points of a grid: 2 n^2 operations, and n numbers out."""

    class Dense(eqx.Module):
        weight: jax.Array

        def __call__(self, u):
            return u.with_values((self.weight @ u.values.reshape(-1)).reshape(u.values.shape))

    box = Box.cube(2)
    shapes = eqx.filter_eval_shape(lambda: Dense(jax.numpy.zeros((64, 64), "float32")))
    memory, flops = forward_cost(shapes, box.grid(8), FunctionSpace(box))
    assert flops == pytest.approx(2 * 64**2, rel=0.05)
    assert 64 * 4 <= memory < 64 * 64 * 4


def test_model_that_refuses_the_grid_says_why():
    row = model_cost("fno", size=8, dim=2)
    assert row.flops is None and "resolve at most 4 modes" in row.note


@pytest.mark.parametrize(
    "line, says",
    [
        ("models fnoo", "Did you mean 'fno'?"),
        ("models --size=big", "cannot read '--size=big'"),
        ("models --jsn", "cannot read '--jsn'"),
        ("models --dim=4", "1 to 3 dimensions"),
    ],
)
def test_mistakes_are_refused(line, says, capsys):
    assert run(line.split()) == 2
    assert says in capsys.readouterr().err


def test_quantities_for_people():
    assert [quantity(v, "B") for v in (None, 12, 1234567, 2.5e13)] == ["-", "12 B", "1.23 MB", "25 TB"]
