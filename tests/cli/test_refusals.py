"""Mistakes on the command line: one paragraph, the nearest right name, exit code 2, nothing left behind."""

import pytest

from neuralpde.cli.application import run
from neuralpde.cli.refusal import nearest


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """An empty working folder, with the process as it was afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "")
    monkeypatch.setattr("sys.argv", ["neuralpde"])
    return tmp_path


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("trian", "'train'"),
        ("train modle=fno", "'model'"),
        ("train model=mgn", "'mgno'"),
        ("train -m model=fno,deeponets", "'deeponet'"),
        ("train experiment=darcy_fnoo", "'darcy_fno'"),
        ("train experimnt=darcy_fno", "'experiment'"),
        ("train model.widht=3", "'model.width'"),
        ("train widht=3", "'model.width'"),
        ("train trainer.step=3", "'trainer.steps'"),
        ("train experiment=darcy_fno model.mode=3", "'model.modes'"),
        ("train trainer.steps=many", "trainer.steps: Value 'many'"),
        ("train task.batch_size=1.5", "task.batch_size: Value '1.5'"),
        ("train resume=perhaps", "resume: Value 'perhaps'"),
        ("train +foo=1", "There is no key 'foo'"),
        ("train +trainer.stps=1", "'steps'"),
        ("train foo", "Cannot read the argument 'foo'"),
        ("train --fast", "unrecognized arguments: --fast"),
        ("solve experiment=pinn/burgerz", "'pinn/burgers'"),
        ("solve experiment=pinn/burgers trainer.stepz=3", "'trainer.steps'"),
        ("solve experiment=darcy_fno", "There is no experiment 'darcy_fno'"),
        ("generate model=fno", "has no key 'model'"),
        ("generate dataset=darci", "'darcy'"),
        ("evaluate", "run=FOLDER"),
        ("evaluate run=nowhere", "nowhere is no run folder"),
        ("train run=nowhere", "resume=true"),
        ("train run=nowhere resume=true", "nowhere is no run folder"),
        ("train run=nowhere resume=true seed=3", "leave out seed"),
        ("list model", "takes no arguments"),
    ],
)
def test_mistake_is_refused(line, says, capsys, elsewhere):
    assert run(line.split()) == 2
    out, err = capsys.readouterr()
    assert says in err
    assert err.startswith("neuralpde: ") and err.count("\n") == 1
    assert out == ""
    left = [path for path in elsewhere.rglob("*") if path.is_file()]
    assert not left


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("train +model.foo=1", "has no argument 'foo'"),
        ("train model.width=wide", "wants width to be int"),
        ("train +optimizer.learning_rat=1", "'learning_rate'"),
        ("train model._target_=os.system", "'os.system', which is not allowed"),
        ("train dataset._target_=neuralpde.operators.MgNO", "not allowed"),
        ("train normalization.inputs=chanel", "'channel'"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_made(line, says, capsys, elsewhere, monkeypatch):
    monkeypatch.setenv("NEURALPDE_DATASETS", str(elsewhere / "data"))
    assert run(line.split()) == 2
    _, err = capsys.readouterr()
    assert says in err and err.count("\n") == 1
    assert not [path for path in elsewhere.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["train", "--help"], ["evaluate", "-h"], ["list"], ["--version"]]
)
def test_help_succeeds(arguments, capsys):
    assert run(arguments) == 0
    assert "neuralpde" in capsys.readouterr().out


def test_help_of_a_verb_shows_groups_and_chosen_values(capsys):
    assert run(["train", "--help", "model=fno"]) == 0
    out = capsys.readouterr().out
    assert "modes:" in out and "levels:" not in out
    assert "experiment: " in out


def test_list_describes_every_option(capsys):
    from neuralpde.cli.catalogue import conf_folder, description, options

    run(["list"])
    out = capsys.readouterr().out
    for group, names in options(conf_folder()).items():
        assert group in out
        for name in names:
            assert name in out
            assert description(conf_folder() / group / f"{name}.yaml"), f"{group}/{name} has no description"


@pytest.mark.parametrize(
    ("name", "match"),
    [("widht", "model.width"), ("model.width", "model.width"), ("zzz", None), ("seeds", "seed")],
)
def test_nearest_name(name, match):
    assert nearest(name, ["model.width", "model.depth", "seed"]) == match
