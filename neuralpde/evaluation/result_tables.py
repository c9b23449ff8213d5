"""Tables of a benchmark's results: what JSON holds of them, and how a page shows them."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

Entry = str | float | int | None
"""What stands in a table; None where there is no such number."""


@dataclasses.dataclass(frozen=True)
class ResultTable:
    """Rows of texts and numbers under headings, and the picture of them, a file beside the record."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]
    picture: str = ""
    notes: str = ""


def table_from(content: Any, origin: str) -> ResultTable:
    """A table from parsed JSON. ``ValueError`` names ``origin`` and what was expected."""
    keys = {field.name for field in dataclasses.fields(ResultTable)}
    if not isinstance(content, dict) or not {"title", "columns", "rows"} <= set(content) <= keys:
        raise ValueError(f"{origin}: a table is an object with title, columns and rows, and perhaps picture and notes.")
    columns, rows = content["columns"], content["rows"]
    if not _is_list(columns) or not columns or not all(isinstance(name, str) for name in columns):
        raise ValueError(f"{origin}: 'columns' must be a list of headings, got {columns!r}.")
    if not _is_list(rows) or not all(_is_list(row) and len(row) == len(columns) for row in rows):
        raise ValueError(f"{origin}: 'rows' must be lists of {len(columns)} entries, one a heading.")
    for row in rows:
        for entry in row:
            if isinstance(entry, bool) or not (entry is None or isinstance(entry, str) or _is_number(entry)):
                raise ValueError(f"{origin}: entries are texts, finite numbers or null, got {entry!r}.")
    texts = {key: content.get(key, "") for key in ("title", "picture", "notes")}
    if not all(isinstance(text, str) for text in texts.values()) or not texts["title"].strip():
        raise ValueError(f"{origin}: 'title', 'picture' and 'notes' must be texts, got {texts}.")
    return ResultTable(columns=tuple(columns), rows=tuple(tuple(row) for row in rows), **texts)


def render_table(table: ResultTable) -> list[str]:
    """The lines of a table in Markdown: numbers to the right, four digits, no columns that are empty."""
    shown = [i for i in range(len(table.columns)) if not table.rows or any(row[i] is not None for row in table.rows)]
    numeric = [any(_is_number(row[i]) for row in table.rows) for i in shown]
    lines = [f"### {cell(table.title)}", ""]
    lines += [f"| {' | '.join(cell(table.columns[i]) for i in shown)} |"]
    lines += [f"| {' | '.join('---:' if right else '---' for right in numeric)} |"]
    lines += [f"| {' | '.join(entry_text(row[i]) for i in shown)} |" for row in table.rows]
    lines += ["", f"![{cell(table.title)}]({table.picture})"] if table.picture else []
    return lines + (["", table.notes.strip()] if table.notes.strip() else [])


def entry_text(entry: Entry) -> str:
    """An entry as a page or a terminal shows it."""
    if entry is None:
        return ""
    if isinstance(entry, str):
        return cell(entry)
    return f"{entry:,}" if isinstance(entry, int) else f"{entry:.4g}"


def cell(text: str) -> str:
    """Text that cannot leave its cell or its line."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
