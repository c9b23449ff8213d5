"""Where datasets are looked for."""

from pathlib import Path

import pytest

from neuralpde.data import cache_folder, dataset_folder, external_folder


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    for variable in ("NEURALPDE_DATASETS", "NEURALPDE_EXTERNAL_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.platform", "linux")


def test_the_argument_comes_first(monkeypatch):
    monkeypatch.setenv("NEURALPDE_DATASETS", "variable")
    Path("datasets").mkdir()
    assert dataset_folder("argument") == Path("argument")


def test_then_the_variable(monkeypatch):
    monkeypatch.setenv("NEURALPDE_DATASETS", "~/data")
    Path("datasets").mkdir()
    assert dataset_folder() == Path.home() / "data"


def test_then_the_folder_datasets_if_there_is_one():
    assert dataset_folder() == cache_folder() / "datasets"
    Path("datasets").mkdir()
    assert dataset_folder() == Path("datasets")


def test_the_cache_follows_the_convention_of_the_system(monkeypatch):
    assert cache_folder() == Path.home() / ".cache" / "neuralpde"
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert cache_folder() == Path("/elsewhere/neuralpde")
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder() == Path.home() / "Library" / "Caches" / "neuralpde"


def test_external_data_come_from_the_argument_the_variable_or_beside(monkeypatch):
    assert external_folder() == Path("../shared/data")
    monkeypatch.setenv("NEURALPDE_EXTERNAL_DATA", "variable")
    assert external_folder() == Path("variable")
    assert external_folder("argument") == Path("argument")
