"""Results of benchmarks at rest: one JSON file a benchmark, and the page that shows all of them.

Schema of a file (keys marked * may be left out)::

    {
      "name":     "operator_training",                  file name without .json: letters, digits, _ and -
      "title":    "FNO training on Darcy 16x16",
      "command":  "scripts/bench_operator_training.py --epochs 30",
      "commit":   "1f0c2d3",                            of the code that ran
      "device":   "2 x86 cores",
      "date":     "2026-11-20",
      "seeds":    [0, 1, 2],
      "versions": {"jax": "0.10.2"},                    *
      "figures":  [
        {
          "name":      "relative L2 at 16",
          "value":     0.094,                           mean over the seeds
          "spread":    0.002,                           * standard deviation over the seeds
          "unit":      "",                              *
          "reference": 0.095,                           * published, or measured of a peer
          "source":    "neuraloperator 2.0, same run"   * where the reference is from; needed with a reference
        }
      ],
      "tables":   [                                     * with them, figures may be empty
        {
          "title":   "Darcy 64 x 64",
          "columns": ["model", "error"],
          "rows":    [["FNO", 0.01], ["MgNO", null]],   texts, numbers, or null where there is none
          "picture": "darcy.png",                       * a file beside this one
          "notes":   "..."                              *
        }
      ],
      "notes":    "..."                                 *
    }
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .files import write_atomically
from .result_tables import ResultTable, cell, render_table, table_from


@dataclasses.dataclass(frozen=True)
class ResultFigure:
    """One measured number, and the one it is to be compared with."""

    name: str
    value: float
    spread: float | None = None
    unit: str = ""
    reference: float | None = None
    source: str = ""


@dataclasses.dataclass(frozen=True)
class ResultRecord:
    """What one benchmark measured, and all that is needed to measure it again."""

    name: str
    title: str
    command: str
    commit: str
    device: str
    date: str
    seeds: tuple[int, ...]
    figures: tuple[ResultFigure, ...]
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    tables: tuple[ResultTable, ...] = ()
    notes: str = ""


def write_record(folder: str | Path, record: ResultRecord) -> Path:
    """Validate a record and write ``folder/<name>.json``, whole or not at all."""
    content = dataclasses.asdict(record)
    path = Path(folder) / f"{record.name}.json"
    record_from(json.loads(json.dumps(content)), str(path))
    return write_atomically(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_record(path: str | Path) -> ResultRecord:
    """Read and validate one file. ``ValueError`` names the file, the key, and what was expected there."""
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not a JSON file ({error}); write it with write_record.") from error
    record = record_from(content, str(path))
    if record.name != path.stem:
        raise ValueError(f"{path}: 'name' is {record.name!r} but the file is {path.name!r}; make them equal.")
    return record


def read_records(folder: str | Path) -> list[ResultRecord]:
    """All records of a folder, by name."""
    return [read_record(path) for path in sorted(Path(folder).glob("*.json"))]


def record_from(content: Any, origin: str) -> ResultRecord:
    """A record from parsed JSON; ``origin`` is named in errors."""
    content = _mapping(content, origin, "the record")
    _known_keys(content, ResultRecord, origin)
    name = _text(content, "name", origin)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise ValueError(f"{origin}: 'name' must be letters, digits, _ and - (it is the file's name), got {name!r}.")
    seeds = _sequence(content, "seeds", origin)
    if not all(isinstance(seed, int) and not isinstance(seed, bool) for seed in seeds):
        raise ValueError(f"{origin}: 'seeds' must be a list of whole numbers, got {seeds!r}.")
    figures = _sequence(content, "figures", origin)
    tables = content.get("tables", [])
    if not figures and not tables:
        raise ValueError(f"{origin}: 'figures' is empty; a result needs at least one number, or a table.")
    versions = _mapping(content.get("versions", {}), origin, "'versions'")
    return ResultRecord(
        name=name,
        **{key: _text(content, key, origin) for key in ("title", "command", "commit", "device", "date")},
        seeds=tuple(seeds),
        figures=tuple(_figure(figure, f"{origin}, figure {i + 1}") for i, figure in enumerate(figures)),
        versions={str(key): str(value) for key, value in versions.items()},
        tables=tuple(table_from(table, f"{origin}, table {i + 1}") for i, table in enumerate(tables)),
        notes=_text(content, "notes", origin, default=""),
    )


def render_markdown(records: Sequence[ResultRecord]) -> str:
    """The page of all results: a section a benchmark, a table of its figures."""
    lines = [
        "# Measured results",
        "",
        "Made from the JSON files beside it by `scripts/render_results.py`; edit those, not this page.",
        "",
    ]
    if not records:
        lines += ["No results are recorded yet.", ""]
    for record in records:
        lines += _section(record)
    return "\n".join(lines)


def _section(record: ResultRecord) -> list[str]:
    facts = [
        ("command", f"`{cell(record.command).replace('`', '')}`"),
        ("commit", cell(record.commit)),
        ("device", cell(record.device)),
        ("date", cell(record.date)),
        ("seeds", ", ".join(map(str, record.seeds)) or "none"),
    ]
    if record.versions:
        versions = ", ".join(f"{name} {version}" for name, version in sorted(record.versions.items()))
        facts.append(("versions", cell(versions)))
    lines = [f"## {cell(record.title)}", ""]
    lines += [f"- {name}: {value}" for name, value in facts]
    if record.figures:
        lines += ["", "| figure | measured | reference | source |", "| --- | ---: | ---: | --- |"]
        lines += [_row(figure) for figure in record.figures]
    for table in record.tables:
        lines += ["", *render_table(table)]
    lines += ["", *([record.notes.strip(), ""] if record.notes.strip() else [])]
    return lines


def _row(figure: ResultFigure) -> str:
    unit = f" {cell(figure.unit)}" if figure.unit else ""
    spread = "" if figure.spread is None else f" ± {figure.spread:.1g}"
    reference = "" if figure.reference is None else f"{figure.reference:.4g}{unit}"
    return f"| {cell(figure.name)} | {figure.value:.4g}{spread}{unit} | {reference} | {cell(figure.source)} |"


def _figure(content: Any, origin: str) -> ResultFigure:
    content = _mapping(content, origin, "a figure")
    _known_keys(content, ResultFigure, origin)
    figure = ResultFigure(
        name=_text(content, "name", origin),
        value=_number(content, "value", origin),
        spread=_number(content, "spread", origin, optional=True),
        unit=_text(content, "unit", origin, default=""),
        reference=_number(content, "reference", origin, optional=True),
        source=_text(content, "source", origin, default=""),
    )
    if figure.reference is not None and not figure.source:
        raise ValueError(f"{origin}: 'reference' is given without 'source'; say where {figure.reference} is from.")
    return figure


def _known_keys(content: dict[str, Any], kind: type, origin: str):
    known = [field.name for field in dataclasses.fields(kind)]
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise ValueError(f"{origin}: unknown keys {unknown}; expected {known}.")


def _mapping(content: Any, origin: str, what: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise ValueError(f"{origin}: {what} must be a JSON object, got {type(content).__name__}.")
    return content


def _sequence(content: dict[str, Any], key: str, origin: str) -> list[Any]:
    value = content.get(key)
    if not isinstance(value, list):
        raise ValueError(f"{origin}: {key!r} must be a list, got {value!r}.")
    return value


def _text(content: dict[str, Any], key: str, origin: str, default: str | None = None) -> str:
    value = content.get(key, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise ValueError(f"{origin}: {key!r} must be a text, got {value!r}.")
    return value


def _number(content: dict[str, Any], key: str, origin: str, optional: bool = False) -> Any:
    value = content.get(key)
    if optional and value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{origin}: {key!r} must be a finite number, got {value!r}.")
    return float(value)
