#!/usr/bin/env python3
"""Physics-informed networks here, in DeepXDE (torch and jax) and in jinns, in turn: steps a second, and time to an error.

Adam in float32 on the same network, with the same numbers of fixed points and the same conditions. Ours runs as in
training, many steps in one call of the compiled loop. ``--steps`` are those of the speed, ``--trace`` those of the time to
relative L2 errors of 1e-2, 1e-3 and 1e-4, for which two recipes run as well: our default (``experiment=pinn/burgers``:
conditions met by the form of the function, half of the interval, points that follow the residual, double precision, Adam
and self-scaled Broyden) and that of DeepXDE's own example (15,000 steps of Adam, then L-BFGS). Every side runs in a
process of its own. Needs ``pip install -e ".[bench]"``, which brings the peers.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pinn_settings import LEVELS, SETTINGS, Trace

RESULTS = Path(__file__).resolve().parent / "results"
SIDES = ("neuralpde", "DeepXDE torch", "DeepXDE jax", "jinns")
RECIPES = {"neuralpde": "neuralpde, its recipe", "DeepXDE torch": "DeepXDE torch, its recipe"}
EVERY = 250
"""Steps between two measurements of the error."""
HELD_OUT = 5000


def measure(side: str, what: str, problem: str, steps: int, held_out: Path | None) -> dict[str, float] | Trace:
    """In a process of its own: ``what`` is speed, trace or recipe."""
    options: dict = {}
    if side == "neuralpde":
        import pinn_ours as module
    elif side == "jinns":
        import pinn_jinns as module
    else:
        import pinn_deepxde as module

        if what != "recipe":
            options = {"backend": {"torch": "pytorch", "jax": "jax"}[side.split()[1]]}
    if what == "speed":
        return module.speed(problem, steps, **options)
    with np.load(held_out, allow_pickle=False) as found:
        measured_at = found["points"].astype(np.float32), found["values"]
    return getattr(module, what)(problem, steps, EVERY, measured_at, **options)


def run_side(side: str, what: str, problem: str, steps: int, held_out: Path | None = None):
    command = [sys.executable, __file__, "--side", side, "--what", what, "--problems", problem, "--steps", str(steps)]
    done = subprocess.run(
        [*command, *(["--held-out", str(held_out)] if held_out else [])], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def write_held_out(problem: str, path: Path) -> None:
    """Points and values of the reference, in double precision."""
    code = (
        "import sys, jax, numpy as np; jax.config.update('jax_enable_x64', True)\n"
        "from neuralpde.pinn import problems, reference_values\n"
        f"r = reference_values(problems.{problem}(), {HELD_OUT}, jax.random.key(7))\n"
        f"np.savez(sys.argv[1], points=r.x, values=r.values[:, :{SETTINGS[problem].components}])"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


def speeds(problem: str, steps: int, rounds: int) -> dict[str, list[dict[str, float]]]:
    measured: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side in SIDES:
            measured[side].append(run_side(side, "speed", problem, steps))
            print(problem, side, "  ".join(f"{k} {v:.4g}" for k, v in measured[side][-1].items()), flush=True)
    return measured


def traces(problem: str, steps: int) -> dict[str, Trace]:
    found: dict[str, Trace] = {}
    with tempfile.TemporaryDirectory() as folder:
        held_out = Path(folder) / "held_out.npz"
        write_held_out(problem, held_out)
        for what, names in (("trace", dict(zip(SIDES, SIDES, strict=True))), ("recipe", RECIPES)):
            for side, name in names.items():
                found[name] = run_side(side, what, problem, steps, held_out)
                last, best = found[name][-1], min(error for *_, error in found[name])
                print(
                    f"{problem} {name}: {last[0]} steps, {last[1]:.1f} s, error {last[2]:.2e}, least {best:.2e}",
                    flush=True,
                )
    return found


def time_to(trace: Trace, level: float) -> float | None:
    """Seconds until the error is first below; None where it never is."""
    return next((seconds for _, seconds, error in trace if error < level), None)


def speed_figures(problem: str, measured: Mapping[str, list[dict[str, float]]]) -> list:
    from neuralpde.evaluation import ResultFigure

    rates = {side: [run["steps a second"] for run in runs] for side, runs in measured.items()}
    mine = rates.pop("neuralpde")
    mean, spread = statistics.fmean, statistics.pstdev
    figures = []
    for side, theirs in rates.items():
        title, source = f"{SETTINGS[problem].title}: steps a second, beside {side}", f"{side}, same run"
        figures.append(ResultFigure(title, mean(mine), spread(mine), "1/s", mean(theirs), source))
        ratios, goal = [a / b for a, b in zip(mine, theirs, strict=True)], 1.5 if side == "jinns" else 3.0
        title = f"{SETTINGS[problem].title}: speed over {side}"
        figures.append(ResultFigure(title, mean(ratios), spread(ratios), "x", goal, "goal of the project"))
    return figures


def trace_table(problem: str, found: Mapping[str, Trace]):
    from neuralpde.evaluation import ResultTable

    columns = ("side", *(f"seconds to {level:g}" for level in LEVELS), "steps", "seconds", "least error")
    rows = []
    for name, trace in found.items():
        steps, seconds, _ = trace[-1]
        times = (time_to(trace, level) for level in LEVELS)
        rows.append((name, *times, steps, seconds, min(error for *_, error in trace)))
    notes = (
        f"Compilation counts. Measured every {EVERY} steps; no entry: not reached. L-BFGS is measured at its end only."
    )
    return ResultTable(f"{SETTINGS[problem].title}: time to a relative L2 error", columns, tuple(rows), notes=notes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trace", type=int, default=15000, help="steps of the time to an error, 0 for none")
    parser.add_argument("--traced", nargs="*", choices=SETTINGS, default=["burgers"])
    parser.add_argument("--side", choices=SIDES, help="one side of one problem, which prints JSON")
    parser.add_argument("--what", choices=("speed", "trace", "recipe"), default="speed", help="of that side")
    parser.add_argument("--held-out", type=Path, help="where that side measures its error")
    options = parser.parse_args()
    if options.side:
        print(json.dumps(measure(options.side, options.what, options.problems[0], options.steps, options.held_out)))
        return
    figures, tables = [], []
    for problem in options.problems:
        figures += speed_figures(problem, speeds(problem, options.steps, options.rounds))
        if options.trace and problem in options.traced:
            tables.append(trace_table(problem, traces(problem, options.trace)))
    print(record(figures, tables, options))


def record(figures: list, tables: list, options: argparse.Namespace) -> Path:
    from importlib.metadata import version

    from neuralpde.cli.run_folder import commit, environment
    from neuralpde.evaluation import ResultRecord, write_record

    told = " ".join(options.problems)
    return write_record(
        RESULTS,
        ResultRecord(
            name="pinn_speed",
            title="Physics-informed networks: training steps and time to an error, against DeepXDE and jinns",
            command=f"scripts/bench_pinn.py --problems {told} --steps {options.steps} --trace {options.trace}",
            commit=(commit() or "unknown")[:12],
            device=f"{os.cpu_count()} x86 cores",
            date=datetime.date.today().isoformat(),
            seeds=(0,),
            figures=tuple(figures),
            tables=tuple(tables),
            versions=environment()["versions"] | {name: version(name) for name in ("torch", "deepxde", "jinns")},
        ),
    )


if __name__ == "__main__":
    main()
