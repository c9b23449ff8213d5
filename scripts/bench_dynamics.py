#!/usr/bin/env python3
"""Train neural differential equations here and with torchdiffeq, torchcde and torchsde, in turn, on the CPU.

Four problems with equal networks, data, batches and tolerances in float32:

- ``ode``: a spiral, y' = net(y^3) with a 2-50-2 tanh network, 30 times, Dopri5 at 1e-4, Adam 0.05;
- ``latent_ode``: damped oscillators, 20 times, a GRU backward over them, an ODE in 4 dimensions, Dopri5 at 1e-3;
- ``cde``: which way a spiral turns, 100 times, hidden state of 8 driven by Hermite cubics, Dopri5 at 1e-3;
- ``latent_sde``: the stochastic Lorenz system, 50 times, 4 latent dimensions, Euler and Maruyama.

A side's first step counts as compilation; "time to the loss" is that of all steps after it until the mean loss of 20
steps first falls below the problem's goal. Each side runs in a process of its own. Needs
``pip install torchdiffeq torchcde torchsde``; sides that are not there are left out, and said to be. ``--python`` names
the interpreter of the peers.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
from dynamics_problems import GOALS, PEERS, PROBLEMS, STEPS

RESULTS = Path(__file__).resolve().parent / "results"


def run_side(side: str, problem: str, steps: int, python: str) -> dict[str, float] | None:
    """What one side measures in a process of its own; None where it is not installed."""
    interpreter = sys.executable if side == "neuralpde" else python
    if side != "neuralpde" and subprocess.run([interpreter, "-c", f"import {side}"], capture_output=True).returncode:
        return None
    command = [interpreter, __file__, "--side", side, "--problems", problem, "--steps", str(steps)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", choices=PROBLEMS, nargs="+", default=list(PROBLEMS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, help="optimiser steps, instead of the problem's own number")
    parser.add_argument("--python", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--side", help="measure one side alone, and print JSON")
    parser.add_argument("--dry", action="store_true", help="print, write nothing")
    options = parser.parse_args()
    if options.side is not None:
        problem = options.problems[0]
        if options.side == "neuralpde":
            from dynamics_ours import ours as measure
        else:
            from dynamics_torch import theirs as measure
        print(json.dumps(measure(problem, options.steps or STEPS[problem])))
        return
    measured = {problem: measured_in_turn(problem, options) for problem in options.problems}
    if not options.dry:
        print(record(measured, options))


def measured_in_turn(problem: str, options: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    runs: dict[str, list[dict[str, float]]] = {"neuralpde": [], PEERS[problem]: []}
    for _ in range(options.rounds):
        for side, done in runs.items():
            found = run_side(side, problem, options.steps or STEPS[problem], options.python)
            if found is None:
                print(f"{problem:11}{side:12}absent")
                continue
            done.append(found)
            print(f"{problem:11}{side:12}" + "  ".join(f"{k} {v:.4g}" for k, v in found.items()), flush=True)
    return runs


def record(measured: dict[str, dict[str, list[dict[str, float]]]], options: argparse.Namespace) -> Path:
    from neuralpde.cli.run_folder import commit, environment
    from neuralpde.evaluation import ResultFigure, ResultRecord, write_record

    units = {"first step": "s", "step": "s", "steps per second": "1/s", "time to the loss": "s", "loss at the end": ""}

    def figures(problem: str, runs: dict[str, list[dict[str, float]]]) -> list[ResultFigure]:
        peer = PEERS[problem]
        found = []
        for key, unit in units.items():
            mine, other = ([run[key] for run in runs[side]] for side in ("neuralpde", peer))
            if np.isnan(mine).any():
                continue
            reference = statistics.fmean(other) if other and not np.isnan(other).any() else None
            source = "" if reference is None else f"{peer}, same run"
            name = f"{problem}: {key}"
            found.append(ResultFigure(name, statistics.fmean(mine), statistics.pstdev(mine), unit, reference, source))
        return found

    absent = [PEERS[problem] for problem, runs in measured.items() if not runs[PEERS[problem]]]
    goals = ", ".join(f"{problem} {GOALS[problem]:g}" for problem in measured)
    return write_record(
        RESULTS,
        ResultRecord(
            name="dynamics",
            title="Training neural differential equations, against torchdiffeq, torchcde and torchsde",
            command=f"scripts/bench_dynamics.py --problems {' '.join(measured)} --rounds {options.rounds}",
            commit=(commit() or "unknown")[:12],
            device=f"{os.cpu_count()} x86 cores",
            date=datetime.date.today().isoformat(),
            seeds=(0,),
            figures=tuple(f for problem, runs in measured.items() for f in figures(problem, runs)),
            versions=environment()["versions"] | _peer_versions(options.python),
            notes=f"Losses to reach: {goals}. A first step includes compilation."
            + (f" Absent: {', '.join(sorted(set(absent)))}." if absent else ""),
        ),
    )


def _peer_versions(python: str) -> dict[str, str]:
    names = ["torch", *sorted(set(PEERS.values()))]
    code = (
        "import importlib.metadata as m, json\n"
        f"print(json.dumps({{n: m.version(n) for n in {names} if any(d.name == n for d in m.distributions())}}))"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else {}


if __name__ == "__main__":
    main()
