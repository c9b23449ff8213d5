#!/usr/bin/env python3
"""Make every dataset of the catalogue at its default size and print how accurate each is and how long it took.

``scripts/generate_catalogue.py [NAME ...]`` makes those of these names only; ``--pictures`` also draws each for
``datasets/README.md``. Datasets that are there already are read.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from neuralpde.cli.catalogue import conf_folder

OURS = ("darcy", "evolution", "helmholtz", "response", "spacetime", "stationary")
PICTURES = Path(__file__).resolve().parents[1] / "datasets" / "pictures"


def names() -> list[str]:
    """The options of the group ``dataset`` that solvers of ours make."""
    files = sorted((conf_folder() / "dataset").glob("*.yaml"))
    return [path.stem for path in files if any(f"neuralpde.data.{kind}\n" in path.read_text() for kind in OURS)]


def neuralpde(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What ``neuralpde`` does with these arguments, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "neuralpde", *arguments, f"folder={folder}/run"]
        return subprocess.run(command, capture_output=True, text=True)


def make(name: str) -> tuple[str, float]:
    """The line on the accuracy of one dataset, or why there is none, and the seconds that it took."""
    start = time.perf_counter()
    done = neuralpde("generate", f"dataset={name}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("accuracy: ")]
    found = lines[-1] if done.returncode == 0 and lines else f"failed: {done.stderr.strip().splitlines()[-1]}"
    return found, time.perf_counter() - start


def draw(name: str) -> None:
    """The picture of one dataset; raises where there is none."""
    done = neuralpde("show", f"dataset={name}", f"picture={PICTURES / name}.png", "samples=2", "dpi=64")
    if done.returncode:
        raise RuntimeError(f"No picture of {name}: {done.stderr}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--pictures", action="store_true", help="draw each dataset, too")
    options = parser.parse_args()
    chosen, failed, start = options.names or names(), 0, time.perf_counter()
    for name in chosen:
        found, seconds = make(name)
        failed += found.startswith("failed")
        print(f"{name:30} {seconds:6.0f} s  {found}", flush=True)
        if options.pictures and not found.startswith("failed"):
            draw(name)
    print(f"{len(chosen)} datasets, {failed} failed, {time.perf_counter() - start:.0f} s")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
