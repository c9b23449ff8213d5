"""``neuralpde show`` draws what a dataset holds."""

import pytest

from neuralpde.cli.application import run

SMALL = ["dataset.resolution=8", "dataset.train=2", "dataset.test=1", "dataset.test_resolutions=[]"]
SHORT = ["dataset=burgers", "dataset.resolution=16", "dataset.train=2", "dataset.test=2"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURALPDE_DATASETS", str(tmp_path / "datasets"))


@pytest.mark.parametrize(
    "arguments", [["dataset=darcy", *SMALL], pytest.param(SHORT, marks=pytest.mark.slow)], ids=["pairs", "evolution"]
)
def test_a_picture_in_the_folder_of_the_run(arguments, capsys, tmp_path):
    assert run(["show", *arguments]) == 0
    said = capsys.readouterr().out.splitlines()
    (picture,) = [line.removeprefix("picture: ") for line in said if line.startswith("picture: ")]
    assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")
    assert said[-1] == "run: " + picture.removesuffix("/plots/samples.png")


def test_a_picture_where_it_is_wanted(tmp_path):
    assert run(["show", "dataset=darcy", *SMALL, "split=train", "picture=drawn/darcy.png", "samples=1"]) == 0
    assert (tmp_path / "drawn" / "darcy.png").is_file()


@pytest.mark.parametrize(
    "argument, words", [("picture=a.jpg", "a.png"), ("samples=0", "at least 1"), ("split=tests", "no split 'tests'")]
)
def test_refusals(argument, words, capsys):
    assert run(["show", "dataset=darcy", *SMALL, argument]) == 2
    assert words in capsys.readouterr().err
