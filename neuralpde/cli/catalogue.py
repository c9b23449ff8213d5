"""What can be configured: the folder of Hydra groups, their options, and their descriptions."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent

VERBS: dict[str, str] = {
    "train": "train a model on a dataset, then evaluate it",
    "solve": "train a network to solve a problem from its equation and conditions",
    "evaluate": "recompute the results of a run, or test it on another dataset",
    "export": "write the operator of a run as a file that runs without this package",
    "read": "print the equations that a neural ODE has learned",
    "generate": "make a dataset and store it",
    "show": "draw samples of a dataset, which is made first where there is none",
    "benchmark": "train and compare all models of a suite",
    "inspect": "say what a data file holds, ours or others'",
    "validate": "look for what is wrong with a data file, ours or others'",
    "models": "print size, cost and citation of each model",
    "list": "print the groups, options and experiments",
}


@functools.cache
def conf_folder() -> Path:
    """``conf/`` inside the installed package, or in the repository of an editable installation."""
    candidates = (PACKAGE / "conf", PACKAGE.parent / "conf")
    return next(folder for folder in candidates if (folder / "train.yaml").is_file())


def options(folder: Path) -> dict[str, list[str]]:
    """Options of each group, by the names of folders and files below a configuration folder."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.yaml")):
        group = path.parent.relative_to(folder).as_posix()
        if group != ".":
            found.setdefault(group, []).append(path.stem)
    return found


def description(path: Path) -> str:
    """The first comment of a configuration file, joined to one line; directives (``@package``) are left
    out.
    """
    words = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            if words:
                break
            continue
        text = line.lstrip("# ").strip()
        if not text.startswith("@"):
            words.append(text)
    return " ".join(words)


def print_catalogue(extra_folders: tuple[Path, ...] = ()) -> None:
    """Print every group with its options and what each is for."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for folder in (conf_folder(), *extra_folders):
        for group, names in options(folder).items():
            table = Table(title=group, title_justify="left", box=None, show_header=False, pad_edge=False)
            table.add_column(style="bold", no_wrap=True)
            table.add_column()
            for name in names:
                table.add_row(f"  {name}", description(folder / group / f"{name}.yaml"))
            console.print(table)
            console.print()
    console.print("Use them as `neuralpde train experiment=NAME` or `neuralpde train dataset=A model=B`.")


def usage() -> str:
    """The text of ``neuralpde --help``."""
    verbs = "\n".join(f"  {verb:<11}{text}" for verb, text in VERBS.items())
    return f"""Usage: neuralpde VERB [group=option] [key=value] [flags]

Verbs
{verbs}

Examples
  neuralpde train                                    Darcy flow with MgNO
  neuralpde train model=fno model.width=24 seed=1    another model, other sizes
  neuralpde train experiment=darcy_deeponet          a named experiment
  neuralpde train -m model=mgno,deeponet,fno         a sweep, one run each
  neuralpde train resume=true                        go on with the latest run of this name
  neuralpde solve problem=burgers                    a physics-informed network
  neuralpde evaluate run=FOLDER                      recompute its results
  neuralpde export FOLDER FILE                       its operator as a StableHLO program
  neuralpde read FOLDER                              the equations that a neural ODE has learned
  neuralpde show dataset=smoke                       a picture of a dataset
  neuralpde benchmark suite=operators_cpu            every model on a few problems, as tables
  neuralpde inspect FILE                             layout, fields, grid, parameters of a data file
  neuralpde models --size=64                         parameters, memory, FLOPs of each model
  neuralpde validate FILE                            NaN, duplicates, broken conservation, wrong solutions ...

`neuralpde VERB --help` prints all keys of a verb with their values."""


def verb_help(verb: str, config: str, groups: Mapping[str, list[str]]) -> str:
    """The text of ``neuralpde VERB --help``: groups, then the configuration as it stands."""
    used = "\n".join(f"  {group}: {', '.join(names)}" for group, names in groups.items())
    indented = "\n".join(f"  {line}" for line in config.rstrip().splitlines())
    return f"""Usage: neuralpde {verb} [group=option] [key=value] [flags]

{VERBS[verb].capitalize()}.

Groups (group=option)
{used}

Configuration (key=value, nested keys with dots)
{indented}

Flags
  -m, --multirun        sweep: model=mgno,fno seed=0,1 makes one run each
  --config-dir FOLDER   add a folder with options of your own
  --cfg job             print the configuration and stop"""
