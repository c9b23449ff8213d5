"""The report: complete, self-contained, safe, whole."""

import base64
import os
from html.parser import HTMLParser

import pytest
from matplotlib.figure import Figure

from neuralpde.errors import NeuralPDEError
from neuralpde.evaluation import ResolutionRow, write_report

HOSTILE = "<script>alert('x')</script>\"'&<img src=https://example.org/x>"
VOID = {"meta", "img", "br", "link", "input", "hr"}
ROWS = [
    ResolutionRow("16", (16, 16), 0.03, 0.04),
    ResolutionRow("24", (24, 24), None, 0.05, note="not divisible " + HOSTILE),
    ResolutionRow("32", (32, 32), 0.01, 0.01, training=True),
]
RESULTS = {
    "test/relative_l2": 0.0123,
    "test/relative_l2@16": 0.0456,
    "test/rmse": 0.5,
    "test/samples_per_second": 1234.0,
    "model/parameters": 161931,
    "train/steps": 300,
}


class Page(HTMLParser):
    """Tags, attributes and text of a page; fails on tags that are closed in another order than opened."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.attributes, self.text, self._open = [], [], "", []
        self.feed(path.read_text(encoding="utf-8"))
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def sources(self):
        return [value for _, name, value in self.attributes if name in ("src", "href")]


@pytest.fixture
def figure():
    figure = Figure((1, 1))
    figure.subplots().plot([0, 1])
    return figure


def test_every_figure_is_inside_the_page(tmp_path, figure):
    path = tmp_path / "samples.png"
    figure.savefig(path)
    figures = {"samples": path, "learning_curve": figure, "one of my own": str(path)}
    page = Page(write_report(tmp_path, RESULTS, figures=figures))
    sources = page.sources()
    assert page.tags.count("img") == len(sources) == 3
    decoded = [base64.b64decode(source.removeprefix("data:image/png;base64,")) for source in sources]
    assert all(data.startswith(b"\x89PNG") for data in decoded)
    assert decoded[0] == decoded[2] == path.read_bytes()


def test_the_page_asks_for_nothing_outside_itself(tmp_path, figure):
    path = write_report(tmp_path, RESULTS, config="a: 1", environment={"jax": "1"}, command="x", figures={"f": figure})
    page = Page(path)
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    assert all(source.startswith("data:image/png;base64,") for source in page.sources())
    assert "url(" not in path.read_text()
    assert "@import" not in path.read_text()


def test_hostile_strings_are_shown_as_text(tmp_path, figure):
    path = write_report(
        tmp_path,
        {f"model/{HOSTILE}": 1.0, f"test/{HOSTILE}@{HOSTILE}": 2.0},
        title=HOSTILE,
        config=HOSTILE,
        environment={HOSTILE: {HOSTILE: HOSTILE}},
        command=HOSTILE,
        resolution=ROWS,
        figures={HOSTILE: figure},
    )
    page = Page(path)
    assert "script" not in page.tags
    assert page.tags.count("img") == 1
    assert all(source.startswith("data:") for source in page.sources())
    # title, heading, command, config, note, result, metric, its test set, three of the environment, caption
    assert page.text.count(HOSTILE) == 12


def test_results_resolution_and_origin_of_the_run_are_shown(tmp_path):
    page = Page(
        write_report(
            tmp_path,
            RESULTS,
            title="Darcy",
            config={"model": {"width": 24}},
            environment={"versions": {"jax": "0.10.2"}},
            command="neuralpde train seed=3",
            resolution=ROWS,
        )
    )
    expected = ["0.0123", "0.0456", "161,931", "1,234", "model.width: 24", "versions.jax", "0.10.2"]
    expected += ["neuralpde train seed=3", "24 x 24", "32 x 32 (training)", "5.000e-02", "not divisible"]
    assert [text for text in expected if text not in page.text] == []


def test_a_page_without_anything_is_still_a_page(tmp_path):
    page = Page(write_report(tmp_path, {}))
    assert page.tags.count("h1") == 1
    assert "table" not in page.tags


def test_a_full_disk_leaves_the_earlier_page_intact(tmp_path, monkeypatch):
    path = write_report(tmp_path, RESULTS, title="first")
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NeuralPDEError, match="No space"):
        write_report(tmp_path, RESULTS, title="second")
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
