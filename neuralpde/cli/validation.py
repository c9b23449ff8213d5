"""``neuralpde validate``: what is wrong with a data file, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .refusal import UsageError

if TYPE_CHECKING:
    from neuralpde.data import Finding, Validation

_STYLES = {"ok": "green", "warning": "yellow", "FAILED": "bold red", "not applicable": "dim"}


def validate(paths: Sequence[str]) -> bool:
    """Print the findings on each of the files; whether all passed. Raises `UsageError` where none is named."""
    if not paths:
        raise UsageError("`neuralpde validate` needs a file: `neuralpde validate FILE`.")
    for path in paths:
        if path.startswith("-"):
            raise UsageError(f"`neuralpde validate` takes files only, got {path!r}.")
    from neuralpde.data import validate_file

    passed = True
    for path in paths:
        found = validate_file(path)
        passed = passed and found.passed
        _print(found)
    return passed


def _print(found: Validation) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{found.path} ({found.schema})", title_justify="left", title_style="")
    for heading in ("check", "split", "verdict", "figure"):
        table.add_column(heading, overflow="fold")
    for check, splits, verdict, figure in merged(found.findings):
        table.add_row(check, splits, Text(verdict, style=_STYLES[verdict]), Text(figure))
    console = Console(highlight=False)
    console.print(table)
    console.print(summary(found))


def merged(findings: Sequence[Finding]) -> list[tuple[str, str, str, str]]:
    """Rows of the table: splits with the same verdict and figure share one."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for found in findings:
        rows.setdefault((found.check, found.verdict, found.figure), []).append(found.split)
    return [(check, ", ".join(splits), verdict, figure) for (check, verdict, figure), splits in rows.items()]


def summary(found: Validation) -> str:
    """The last line: what failed and how many warnings there are."""
    warnings = sum(finding.verdict == "warning" for finding in found.findings)
    said = f"failed: {', '.join(found.failed)}" if found.failed else "nothing failed"
    return said + (f"; {warnings} warning{'s' if warnings > 1 else ''}" if warnings else "")
