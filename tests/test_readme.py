"""README: its example runs, its commands compose, its files exist."""

import re
import shlex
from pathlib import Path

import pytest

from neuralpde.cli.catalogue import VERBS
from neuralpde.cli.explanation import compose_config
from neuralpde.cli.schema import register

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"`(neuralpde (?:train|evaluate|generate)[^`]*)`", TEXT)))


def test_example_runs(tmp_path, monkeypatch, capsys):
    """The example as printed, with fewer samples and steps."""
    monkeypatch.setenv("NEURALPDE_DATASETS", str(tmp_path))
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    smaller = {"train=256": "train=16", "test=16": "test=2", "range(320)": "range(2)", "i % 16": "i % 1"}
    for old, new in smaller.items():
        assert code.count(old) == 1
        code = code.replace(old, new)
    exec(compile(code, "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert re.search(r"error at 64 x 64: 0\.\d+|error at 64 x 64: 1\.\d+", out)
    assert "pressure at 100 points: (100, 1)" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_command_composes(command):
    register()
    verb, *arguments = shlex.split(command)[1:]
    arguments = [a for a in arguments if "=" in a and not a.endswith("=mine")]
    choices = [re.sub(r"=([\w.]+),.*", r"=\1", argument) for argument in arguments]
    compose_config(verb, choices)


def test_every_verb_is_explained():
    for verb in VERBS:
        assert f"`neuralpde {verb}" in TEXT


@pytest.mark.parametrize("link", re.findall(r"\]\(([^):]+)\)", TEXT))
def test_linked_file_exists(link):
    assert (ROOT / link).is_file()
