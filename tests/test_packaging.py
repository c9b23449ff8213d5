"""The distribution: what is installed, pinned and shipped."""

import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import neuralpde

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[A-Za-z0-9.+!]+)( ; .+)?")


def name_of(requirement: str) -> str:
    return re.match(r"[A-Za-z0-9._-]+", requirement).group().lower().replace("_", "-")


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {m["name"].lower().replace("_", "-"): m["version"] for m in map(PIN.fullmatch, lines)}


def test_constraints_are_names_and_versions_only():
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert PIN.fullmatch(line), line
        assert "://" not in line


@pytest.mark.parametrize("requirement", [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]])
def test_requirement_is_pinned(requirement):
    assert name_of(requirement) in {*pins(), PROJECT["name"]}


def test_core_and_tests_pull_neither_torch_nor_cuda():
    assert not [name for name in pins() if re.search("torch|cuda|nvidia|tensorflow", name)]


def test_version_is_stated_once_more_only_in_the_package():
    assert PROJECT["version"] == neuralpde.__version__


@pytest.mark.parametrize("script", ["scripts/train", "scripts/test", ".ci/run"])
def test_script_is_executable_bash(script):
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    pytest.importorskip("hatchling")
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return path


def test_wheel_holds_the_package_and_its_configuration(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    conf = {f"neuralpde/{p.relative_to(ROOT).as_posix()}" for p in (ROOT / "conf").rglob("*.yaml")}
    code = {p.relative_to(ROOT).as_posix() for p in (ROOT / "neuralpde").rglob("*.py")}
    assert conf and conf | code <= names
    assert "neuralpde/evaluation/report.html.jinja" in names
    assert {name.split("/")[0] for name in names} == {
        "neuralpde",
        f"neuralpde-{neuralpde.__version__}.dist-info",
    }


@pytest.mark.slow
def test_installed_wheel_runs_from_any_folder(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    program = tmp_path / "venv" / "bin"
    install = [program / "python", "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel]
    subprocess.run(list(map(str, install)), check=True)
    small = ["dataset.resolution=16", "dataset.train=16", "dataset.test=2", "dataset.test_resolutions=[8]"]
    command = [program / "neuralpde", "train", *small, "model.levels=2", "trainer.steps=2"]
    environment = {
        "NEURALPDE_DATASETS": str(tmp_path / "data"),
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run(list(map(str, command)), cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder = done.stdout.splitlines()[-1].removeprefix("run: ")
    assert (tmp_path / folder / "results.json").is_file()
