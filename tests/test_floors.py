"""The architecture: imports go down the floors only, and no file grows into two subjects."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "neuralpde"
FLOORS = {
    "spaces": 0,
    "nn": 1,
    "equations": 1,
    "solvers": 2,
    "operators": 2,
    "dynamics": 3,
    "pinn": 3,
    "data": 3,
    "interop": 3,
    "training": 4,
    "evaluation": 4,
    "cli": 5,
}
FILES = sorted(PACKAGE.rglob("*.py"))
ROOMS = [path for path in FILES if path.parent != PACKAGE]


def imported_packages(tree: ast.AST) -> set[str]:
    """Packages of ours that a module imports by absolute names, type checking included."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    parts = [name.split(".") for name in names if name.split(".")[0] == "neuralpde"]
    return {part[1] for part in parts if len(part) > 1 and part[1] in FLOORS}


def escapes(path: Path, tree: ast.AST) -> list[str]:
    """Relative imports that leave the package a file belongs to."""
    depth = len(path.relative_to(PACKAGE).parts) - 1
    relative = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level > depth]
    return [ast.unparse(node) for node in relative]


def test_every_package_has_a_floor():
    packages = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert packages <= set(FLOORS)


@pytest.mark.parametrize("path", ROOMS, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_go_down_the_floors(path):
    own = path.relative_to(PACKAGE).parts[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    above = {name for name in imported_packages(tree) if name != own and FLOORS[name] >= FLOORS[own]}
    assert not above, f"{own} (floor {FLOORS[own]}) imports {above}"
    assert not escapes(path, tree)


def test_no_file_is_longer_than_400_lines():
    long = {p.name: n for p in FILES if (n := len(p.read_text(encoding="utf-8").splitlines())) > 400}
    assert not long


def test_only_the_command_line_knows_hydra():
    users = {
        path.relative_to(PACKAGE).parts[0]
        for path in ROOMS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        if name.split(".")[0] in ("hydra", "omegaconf")
    }
    assert users <= {"cli"}


def test_the_floor_test_sees_an_upward_import():
    tree = ast.parse("from neuralpde.training import fit\nimport neuralpde.cli\nfrom neuralpde import data")
    assert imported_packages(tree) == {"training", "cli", "data"}
