"""README: its example runs as it stands, its commands compose, its files exist."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from neuralpde.cli.catalogue import VERBS
from neuralpde.cli.explanation import compose_config
from neuralpde.cli.schema import register

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"`(neuralpde (?:train|evaluate|generate)[^`]*)`", TEXT)))
SMALLER = {"train=256": "train=16", "test=16": "test=2", "range(320)": "range(60)", "i % 16": "i % 1"}


def test_example_runs(tmp_path):
    """In a process of its own, as a reader runs it (float32, one device), with fewer samples and steps."""
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    for old, new in SMALLER.items():
        assert code.count(old) == 1
        code = code.replace(old, new)
    changes = {"NEURALPDE_DATASETS": str(tmp_path), "PYTHONPATH": str(ROOT), "XLA_FLAGS": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | changes, capture_output=True, text=True, check=True
    )
    error = float(re.search(r"error at 64 x 64: (\S+)", done.stdout).group(1))
    assert 0 < error < 1  # the zero function has error 1
    assert "at 100 points: (2, 100, 1)" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_command_composes(command):
    register()
    verb, *arguments = shlex.split(command)[1:]
    arguments = [a for a in arguments if "=" in a and not a.endswith("=mine")]
    choices = [re.sub(r"=([\w.]+),.*", r"=\1", argument) for argument in arguments]
    assert compose_config(verb, choices)


def test_every_verb_is_explained():
    for verb in VERBS:
        assert f"`neuralpde {verb}" in TEXT


@pytest.mark.parametrize("link", re.findall(r"\]\(([^):]+)\)", TEXT))
def test_linked_file_exists(link):
    assert (ROOT / link).is_file()
