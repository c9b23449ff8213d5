"""The page of datasets shows what was made: every option of ours, with its picture."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "generate_catalogue.py"))


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "datasets" / "README.md").read_text(encoding="utf-8")


def test_page_is_what_the_facts_say(monkeypatch):
    monkeypatch.setattr("sys.argv", ["generate_catalogue.py", "--check"])
    assert SCRIPT["main"]() == 0


@pytest.mark.parametrize("name", SCRIPT["names"]())
def test_every_dataset_has_its_row_and_picture(name, page):
    assert f"**`{name}`**" in page
    assert (ROOT / "datasets" / "pictures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_no_dataset_is_shown_that_does_not_exist(page):
    assert page.count('<img src="pictures/') == len(SCRIPT["names"]())
