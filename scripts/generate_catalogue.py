#!/usr/bin/env python3
"""Make every dataset of the catalogue at its default size and print how accurate each is and how long it took.

``scripts/generate_catalogue.py [NAME ...]`` makes those of these names only. Datasets that are there already are read.
``--page`` also draws each and writes what it holds to ``datasets/catalogue.json``, and then the page
``datasets/README.md``; ``--check`` makes nothing and ends with code 1 where the page is not what the JSON file says.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuralpde.cli.catalogue import conf_folder, description
from neuralpde.cli.generate import accuracy_line
from neuralpde.data import Dataset, ResolutionWarning, as_field, count_samples
from neuralpde.evaluation import write_atomically
from neuralpde.spaces import Box, Field, Trajectory

OURS = ("darcy", "evolution", "helmholtz", "response", "spacetime", "stationary")
DATASETS = Path(__file__).resolve().parents[1] / "datasets"
FACTS, PAGE = DATASETS / "catalogue.json", DATASETS / "README.md"
BEGIN, END = "<!-- catalogue: written by scripts/generate_catalogue.py --page -->\n", "<!-- end of catalogue -->\n"
HEADINGS = ("", "`dataset=`", "equation", "maps", "default size", "accuracy")


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
    picture = DATASETS / "pictures" / f"{name}.png"
    done = neuralpde("show", f"dataset={name}", f"picture={picture}", "samples=2", "dpi=64")
    if done.returncode:
        raise RuntimeError(f"No picture of {name}: {done.stderr}")


def read(name: str) -> Dataset:
    """A dataset that is made, its trajectories whole."""
    from omegaconf import OmegaConf

    from neuralpde.cli.explanation import compose_config
    from neuralpde.cli.schema import register
    from neuralpde.cli.train import make_dataset

    register()
    config: Any = OmegaConf.to_container(compose_config("generate", [f"dataset={name}"]).dataset, resolve=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResolutionWarning)  # the page says it
        return make_dataset({"dataset": {key: None if key == "pairs" else value for key, value in config.items()}})


def facts(dataset: Dataset) -> dict[str, Any]:
    """What the page says of a dataset that its configuration does not."""
    samples = {label: count_samples(split) for label, split in dataset.splits().items()}
    return {
        "equation": dataset.provenance["equation"].rstrip("."),
        "inputs": _words(dataset.train.inputs),
        "targets": _words(dataset.train.targets),
        "domain": _domain(as_field(dataset.train.targets).space.domain.bounds),
        "samples": samples,
        "accuracy": accuracy_line(dataset.provenance).removeprefix("accuracy: ").partition(" (")[0],
        "redrawn": dataset.provenance.get("redrawn", 0),
        "unresolved": list(dataset.provenance.get("unresolved", ())),
    }


def _words(part: Field | Trajectory) -> str:
    """``101 frames of u, v on 64 x 64``."""
    field = as_field(part)
    shape = field.values.shape[2 if isinstance(part, Trajectory) else 1 : -1]
    frames = f"{field.values.shape[1]} frames of " if isinstance(part, Trajectory) else ""
    return f"{frames}{', '.join(field.space.names)} on {' x '.join(map(str, shape))}"


def _domain(box: Box) -> str:
    return ", ".join(
        f"{axis.name} in [{axis.lower:.4g}, {axis.upper:.4g}]{' periodic' if axis.periodic else ''}"
        for axis in box.axes
    )


def page(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The page with the table of these facts between its marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = [HEADINGS, tuple("---" for _ in HEADINGS), *(_row(name, found[name]) for name in sorted(found))]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return before + BEGIN + "\n" + table + "\n" + END + after


def _row(name: str, fact: Mapping[str, Any]) -> tuple[str, ...]:
    said = description(conf_folder() / "dataset" / f"{name}.yaml")
    splits = ", ".join(f"{count} {label}" for label, count in fact["samples"].items())
    redrawn = f"; {fact['redrawn']} solutions drawn anew" if fact["redrawn"] else ""
    cells = (
        f'<img src="pictures/{name}.png" width="240" alt="{name}">',
        f"**`{name}`** {said}",
        f"{fact['equation']}; {fact['domain']}",
        f"{fact['inputs']} to {fact['targets']}",
        splits,
        "; ".join([fact["accuracy"] + redrawn, *fact["unresolved"]]),
    )
    return tuple(cell.replace("|", "\\|") for cell in cells)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--page", action="store_true", help="draw each dataset and describe it on the page, too")
    parser.add_argument("--check", action="store_true", help="only say whether the page is up to date")
    options = parser.parse_args()
    known = json.loads(FACTS.read_text(encoding="utf-8")) if FACTS.is_file() else {}
    if options.check:
        return int(page(known) != PAGE.read_text(encoding="utf-8"))
    chosen, failed, start = options.names or names(), 0, time.perf_counter()
    for name in chosen:
        found, seconds = make(name)
        print(f"{name:30} {seconds:6.0f} s  {found}", flush=True)
        if found.startswith("failed"):
            failed += 1
        elif options.page:
            draw(name)
            known[name] = facts(read(name))
            write_atomically(FACTS, json.dumps(known, indent=2) + "\n")
    if options.page:
        write_atomically(PAGE, page(known))
    print(f"{len(chosen)} datasets, {failed} failed, {time.perf_counter() - start:.0f} s")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
