#!/usr/bin/env python3
"""Make every dataset of the catalogue at its default size and print how accurate each is and how long it took.

``scripts/generate_catalogue.py [NAME ...]`` makes those of these names only. Datasets that are there already are read.
"""

from __future__ import annotations

import subprocess
import sys
import time

from neuralpde.cli.catalogue import conf_folder

OURS = ("darcy", "evolution", "helmholtz", "response", "spacetime", "stationary")


def names() -> list[str]:
    """The options of the group ``dataset`` that solvers of ours make."""
    files = sorted((conf_folder() / "dataset").glob("*.yaml"))
    return [path.stem for path in files if any(f"neuralpde.data.{kind}\n" in path.read_text() for kind in OURS)]


def make(name: str) -> tuple[str, float]:
    """The line on the accuracy of one dataset, or why there is none, and the seconds that it took."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "neuralpde", "generate", f"dataset={name}"]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("accuracy: ")]
    found = lines[-1] if done.returncode == 0 and lines else f"failed: {done.stderr.strip().splitlines()[-1]}"
    return found, time.perf_counter() - start


def main() -> int:
    chosen, failed, start = sys.argv[1:] or names(), 0, time.perf_counter()
    for name in chosen:
        found, seconds = make(name)
        failed += found.startswith("failed")
        print(f"{name:30} {seconds:6.0f} s  {found}", flush=True)
    print(f"{len(chosen)} datasets, {failed} failed, {time.perf_counter() - start:.0f} s")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
