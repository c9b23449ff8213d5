#!/usr/bin/env python3
"""Time rollouts of batches: what a call costs, and an FNO's steps beside neuraloperator's.

The cost of a call is the whole time of one step of ``BatchedRollout`` with nets so small that their programs take next
to no time, of few and of many arrays of parameters. The FNO of the training benchmark (modes
to 12, 32 wide, 4 layers, 64 x 64) takes 20 steps of a batch of 8; the peer calls its net 20 times with
``torch.inference_mode``. Each side runs in a process of its own, in turn. Needs ``pip install -e ".[bench]"``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
SIDES = ("neuralpde", "neuraloperator")
MODES, WIDTH, DEPTH, POINTS, BATCH, STEPS = 13, 32, 4, 64, 8, 20
SMALL = {"shallow": 1, "deep": 8}
"""Layers of the nets on which the cost of a call is measured."""


def ours(repeats: int) -> dict[str, float]:
    """Seconds of a step of the FNO, and of a call of the small nets."""
    import jax

    from neuralpde.operators import FNO, BatchedRollout
    from neuralpde.spaces import Box, Field, FunctionSpace

    def seconds(call: BatchedRollout, first: Field, repeats: int) -> float:
        return best(lambda: jax.block_until_ready(call(first)), repeats)

    def beginning(space: FunctionSpace, points: int) -> Field:
        grid = space.domain.grid(points)
        return Field.stack(jax.random.normal(jax.random.key(0), (BATCH, *grid.shape, 1)), grid, space)

    space = FunctionSpace(Box.cube(2, periodic=True))
    net = FNO(space, space, modes=MODES, width=WIDTH, depth=DEPTH, key=jax.random.key(0))
    measured = {"step": seconds(BatchedRollout(net, STEPS), beginning(space, POINTS), repeats) / STEPS}
    line = FunctionSpace(Box.cube(1, periodic=True))
    for name, depth in SMALL.items():
        small = FNO(line, line, modes=2, width=2, depth=depth, mixing=0.0, key=jax.random.key(0))
        measured[f"{name} call"] = seconds(BatchedRollout(small, 1), beginning(line, 8), 100 * repeats)
    return measured


def theirs(repeats: int) -> dict[str, float]:
    """The same steps with neuraloperator."""
    import torch
    from neuralop.models import FNO

    torch.manual_seed(0)
    modes = 2 * (MODES - 1)
    net = FNO((modes, modes), in_channels=1, out_channels=1, hidden_channels=WIDTH, n_layers=DEPTH).eval()
    first = torch.randn(BATCH, 1, POINTS, POINTS)

    def call():
        states = [first]
        with torch.inference_mode():
            for _ in range(STEPS):
                states.append(net(states[-1]))
        return torch.stack(states[1:], 1)

    return {"step": best(call, repeats) / STEPS}


def best(call: Callable, repeats: int) -> float:
    """Shortest seconds of a call, the first two left out."""
    call(), call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help="time one side and print JSON")
    options = parser.parse_args()
    if options.side:
        print(json.dumps((ours if options.side == "neuralpde" else theirs)(options.repeats)))
        return
    measured: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(options.rounds):
        for side in SIDES:
            command = [sys.executable, __file__, "--side", side, "--repeats", str(options.repeats)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            measured[side].append(json.loads(done.stdout.splitlines()[-1]))
            print(side, "  ".join(f"{k} {v:.4g}" for k, v in measured[side][-1].items()), flush=True)
    print(record(measured, options))


def record(measured: dict[str, list[dict[str, float]]], options: argparse.Namespace) -> Path:
    from importlib.metadata import version

    from neuralpde.cli.run_folder import commit, environment
    from neuralpde.evaluation import ResultFigure, ResultRecord, write_record

    def figure(name: str, values: list[float], unit: str, reference: float | None, source: str) -> ResultFigure:
        return ResultFigure(name, statistics.fmean(values), statistics.pstdev(values), unit, reference, source)

    mine, peer = ([run["step"] for run in measured[side]] for side in SIDES)
    ratios = [b / a for a, b in zip(mine, peer, strict=True)]
    goal = "goal of the project"
    calls = [
        figure(f"a call, {name} net of {SMALL[name]} layers", [1e6 * run[f"{name} call"] for run in measured["neuralpde"]],
               "us", 200.0, goal)
        for name in SMALL
    ]  # fmt: skip
    return write_record(
        RESULTS,
        ResultRecord(
            name="rollout",
            title="Rollouts of batches: a call of a small net, and steps of an FNO against neuraloperator",
            command=f"scripts/bench_rollout.py --repeats {options.repeats} --rounds {options.rounds}",
            commit=(commit() or "unknown")[:12],
            device=f"{os.cpu_count()} x86 cores",
            date=datetime.date.today().isoformat(),
            seeds=(0,),
            figures=(
                figure("a step of the FNO, batch of 8", mine, "s", statistics.fmean(peer), "neuraloperator, same run"),
                figure("speed over neuraloperator's", ratios, "x", 1.0, goal),
                *calls,
            ),
            versions=environment()["versions"] | {name: version(name) for name in ("torch", "neuraloperator")},
            notes="Best of the calls of each process; mean and deviation of the processes.",
        ),
    )


if __name__ == "__main__":
    main()
