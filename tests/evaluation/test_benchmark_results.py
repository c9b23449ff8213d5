"""Benchmark results at rest, and the page made of them."""

import dataclasses
import json
import runpy
from pathlib import Path

import pytest

from neuralpde.evaluation import (
    ResultFigure,
    ResultRecord,
    ResultTable,
    read_record,
    read_records,
    render_markdown,
    write_record,
)

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "render_results.py"
RECORD = ResultRecord(
    name="darcy_fno",
    title="FNO on Darcy",
    command="scripts/bench.py --epochs 30 | tee log",
    commit="1f0c2d3",
    device="2 cores",
    date="2026-11-20",
    seeds=(0, 1),
    figures=(
        ResultFigure("relative L2", 0.0934, 0.002, "", 0.095, "neuraloperator 2.0"),
        ResultFigure("epoch", 0.41, unit="s"),
    ),
    versions={"jax": "0.10.2"},
    notes="Alternating runs.",
)


def changed(**changes) -> dict:
    return json.loads(json.dumps(dataclasses.asdict(RECORD))) | changes


def figure(**changes) -> list:
    return [{"name": "error", "value": 1.0} | changes]


def test_a_record_written_is_the_record_read(tmp_path):
    assert read_record(write_record(tmp_path, RECORD)) == RECORD
    assert read_records(tmp_path) == [RECORD]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([], "JSON object"),
        (changed(name="a/b"), "'name'"),
        (changed(commit=""), "'commit'"),
        (changed(device=3), "'device'"),
        (changed(seeds=[0.5]), "'seeds'"),
        (changed(seeds=None), "'seeds'"),
        (changed(figures=[]), "'figures'"),
        (changed(colour="red"), "colour"),
        (changed(versions=[]), "'versions'"),
        (changed(figures=figure(value="low")), "figure 1: 'value'"),
        (changed(figures=figure(value=float("nan"))), "finite"),
        (changed(figures=figure(value=True)), "'value'"),
        (changed(figures=figure(reference=2.0)), "'source'"),
        (changed(figures=figure(speed=2.0)), "speed"),
        (changed(figures=[{"value": 1.0}]), "'name'"),
    ],
)
def test_a_bad_record_is_refused_with_the_file_and_the_key(tmp_path, content, expected):
    path = tmp_path / "darcy_fno.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=expected) as error:
        read_record(path)
    assert str(path) in str(error.value)


def test_a_truncated_file_and_a_file_under_another_name_are_refused(tmp_path):
    path = write_record(tmp_path, RECORD)
    other = path.rename(tmp_path / "other.json")
    with pytest.raises(ValueError, match=r"other\.json.*make them equal"):
        read_record(other)
    other.write_text(other.read_text()[:50])
    with pytest.raises(ValueError, match=r"other\.json.*not a JSON file"):
        read_record(other)


def test_a_bad_record_is_never_written(tmp_path):
    with pytest.raises(ValueError, match="'figures'"):
        write_record(tmp_path, dataclasses.replace(RECORD, figures=()))
    assert list(tmp_path.iterdir()) == []


def test_the_page_shows_each_figure_beside_its_reference():
    page = render_markdown([RECORD])
    assert "| relative L2 | 0.0934 ± 0.002 | 0.095 | neuraloperator 2.0 |" in page
    assert "| epoch | 0.41 s |  |  |" in page
    assert "seeds: 0, 1" in page
    assert "1f0c2d3" in page


def test_columns_without_an_entry_are_left_out():
    table = ResultTable("Darcy", ("model", "error", "worst"), (("FNO", 0.01, None), ("MgNO", 0.02, None)))
    lines = render_markdown([dataclasses.replace(RECORD, tables=(table,))]).splitlines()
    assert "| model | error |" in lines and "| FNO | 0.01 |" in lines


def test_a_cell_cannot_break_its_table():
    record = dataclasses.replace(RECORD, figures=(ResultFigure("a | b\n<b>", 1.0),))
    assert "| a \\| b &lt;b> | 1 |  |  |" in render_markdown([record])


def test_the_script_writes_the_page_and_sees_when_it_is_out_of_date(tmp_path, capsys):
    main = runpy.run_path(str(SCRIPT))["main"]
    write_record(tmp_path, RECORD)
    assert main([str(tmp_path), "--check"]) == 1
    assert main([str(tmp_path)]) == 0
    assert main([str(tmp_path), "--check"]) == 0
    assert (tmp_path / "README.md").read_text() == render_markdown([RECORD])
    write_record(tmp_path, dataclasses.replace(RECORD, commit="another"))
    assert main([str(tmp_path), "--check"]) == 1
    assert "out of date" in capsys.readouterr().err


def test_the_page_in_the_repository_shows_what_its_files_say():
    assert runpy.run_path(str(SCRIPT))["main"](["--check"]) == 0
