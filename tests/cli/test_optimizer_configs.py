"""Configurations of phases and of second-order methods: built, run, and refused where a key or a task does not fit."""

import json

import pytest
from tiny import tiny_config

from neuralpde.cli.building import SLOTS, build
from neuralpde.cli.refusal import UsageError
from neuralpde.cli.train import write_phases
from neuralpde.training import PhaseEnd, Phases


def built(tmp_path, *overrides):
    return build(tiny_config(tmp_path, list(overrides))["optimizer"], SLOTS["optimizer"])


def test_phases_are_configured(tmp_path):
    phases = built(tmp_path, "optimizer=pinn")(steps=1000)
    assert isinstance(phases, Phases)
    assert [(phase.steps, phase.hold) for phase in phases.sequence] == [(100, None), (900, 500)]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimizer.sequence=[{_target_:neuralpde.training.Phase,stepps:3}]", "stepps"),
        ("optimizer.sequence=[{_target_:neuralpde.training.Phase,optimizer:null,hold:some}]", "hold"),
        ("+optimizer.order=2", "order"),
    ],
)
def test_unknown_keys_of_phases_are_refused(tmp_path, override, said):
    with pytest.raises(UsageError, match=said):
        built(tmp_path, "optimizer=pinn", override)


@pytest.mark.parametrize(
    "name",
    [
        *("lbfgs", "least_squares", "levenberg_marquardt", "natural_gradient"),
        *("newton_cg", "soap", "ssbroyden"),
    ],
)
def test_every_method_is_built(tmp_path, name):
    assert built(tmp_path, f"optimizer={name}")(steps=10).update


def test_story_of_phases_is_written_where_there_is_one(tmp_path):
    write_phases(tmp_path, (PhaseEnd(0, 10, None),))
    assert not list(tmp_path.iterdir())
    write_phases(tmp_path, (PhaseEnd(0, 10, None), PhaseEnd(10, 14, "the gradient is within its tolerance")))
    written = json.loads((tmp_path / "phases.json").read_text())["phases"]
    assert written[1] == {"first": 10, "last": 14, "reason": "the gradient is within its tolerance"}
