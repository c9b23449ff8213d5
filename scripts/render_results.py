#!/usr/bin/env python3
"""Render ``scripts/results/*.json`` to ``scripts/results/README.md``.

``--check`` writes nothing and ends with code 1 where the page does not show what the JSON files say.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from neuralpde.evaluation import read_records, render_markdown, write_atomically

RESULTS = Path(__file__).resolve().parent / "results"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=RESULTS, help="folder of the JSON files")
    parser.add_argument("--check", action="store_true", help="only say whether the page is up to date")
    options = parser.parse_args(arguments)
    try:
        page = render_markdown(read_records(options.folder))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    target = options.folder / "README.md"
    if not options.check:
        write_atomically(target, page)
        print(target)
        return 0
    if target.is_file() and target.read_text(encoding="utf-8") == page:
        return 0
    print(f"{target} is out of date; run scripts/render_results.py.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
