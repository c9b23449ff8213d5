#!/usr/bin/env python3
"""Time one training step of FNO, U-Net and DeepONet here and in torch, in turn, at equal configurations.

Forward pass, mean squared error, gradient and Adam's update on a fixed batch in float32. The peers: FNO of
neuraloperator, a U-Net of torch's own layers (the same layers as ours), DeepONet of DeepXDE (``DeepONetCartesianProd``
with torch). Ours runs as in training, many steps in one call of the compiled loop. Each side runs in a process of its
own, so that neither side's threads disturb the other; its peak memory is that of the process, less what it held before
the net was made. Needs ``pip install -e ".[bench]"``, which brings the peers.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
SIDES = ("neuralpde", "torch")
NETS = {
    "fno": {"title": "FNO, modes to 12, 32 wide, 4 layers, 64 x 64, batch 16", "peer": "neuraloperator", "goal": 2.0},
    "unet": {"title": "U-Net, 16 wide, 4 levels, 64 x 64, batch 8", "peer": "torch", "goal": 1.0},
    "deeponet": {
        "title": "DeepONet, 3 layers of 128, 100 sensors, 1000 points, batch 256",
        "peer": "DeepXDE",
        "goal": 2.0,
    },
}
FNO = {"modes": 13, "width": 32, "depth": 4}
"""|k| <= 12, as neuraloperator has with ``n_modes`` 24."""
UNET_WIDTH, UNET_LEVELS, POINTS = 16, 4, 64
SENSORS, QUERIES, HIDDEN, BASIS = 100, 1000, 128, 128
BATCH = {"fno": 16, "unet": 8, "deeponet": 256}
RATE = 1e-3


def ours(net: str, repeats: int) -> dict[str, float]:
    """Seconds of a step in the compiled training loop."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    from neuralpde.cli.train import count_parameters
    from neuralpde.data import Dataset
    from neuralpde.spaces import Box, Field, FunctionSpace, Sample
    from neuralpde.training import OperatorTask, adam, fit

    before = peak_memory()
    box = Box.cube(1) if net == "deeponet" else Box.cube(2, periodic=True)
    space, draw = FunctionSpace(box), np.random.default_rng(0)
    inputs, targets = (box.grid(SENSORS), box.grid(QUERIES)) if net == "deeponet" else (box.grid(POINTS),) * 2
    noise = lambda grid: draw.standard_normal((BATCH[net], *grid.shape, 1)).astype("float32")
    u, s = (Field.stack(noise(grid), grid, space) for grid in (inputs, targets))
    data = Dataset("noise", Sample(u, s))
    model = our_net(net, space, inputs, jax.random.key(0))
    task = OperatorTask(data, lambda a, b: jnp.mean((a - b).values ** 2), BATCH[net])
    # The first call of a run compiles; `samples_per_second` leaves it out.
    steps = 5 * repeats
    fitted = fit(model, task, adam(steps, RATE), steps=steps, key=jax.random.key(1), progress=False)
    return {
        "parameters": count_parameters(model),
        "step": BATCH[net] / fitted.samples_per_second,
        "compilation": fitted.compile_seconds,
        "memory": peak_memory() - before,
    }


def our_net(net: str, space, on, key):
    import jax

    from neuralpde.operators import FNO as OurFNO
    from neuralpde.operators import DeepONet, UNet

    if net == "fno":
        return OurFNO(space, space, **FNO, key=key)
    if net == "unet":
        return UNet(space, space, width=UNET_WIDTH, levels=UNET_LEVELS, key=key)
    return DeepONet(space, space, width=HIDDEN, depth=2, basis=BASIS, activation=jax.nn.tanh, on=on, key=key)


def theirs(net: str, repeats: int) -> dict[str, float]:
    """The same with torch."""
    import torch

    before = peak_memory()
    torch.manual_seed(0)
    if net == "deeponet":
        os.environ["DDE_BACKEND"] = "pytorch"
        import deepxde

        deepxde.config.set_default_float("float32")
        sizes = [HIDDEN] * 2 + [BASIS]
        before = peak_memory()
        model = deepxde.nn.DeepONetCartesianProd([SENSORS, *sizes], [1, *sizes], "tanh", "Glorot normal")
        u, y = torch.randn(BATCH[net], SENSORS), torch.linspace(0, 1, QUERIES)[:, None]
        forward, target = lambda: model((u, y)), torch.randn(BATCH[net], QUERIES)
    else:
        model = torch_unet() if net == "unet" else neuraloperator_fno()
        x, target = torch.randn(BATCH[net], 1, POINTS, POINTS), torch.randn(BATCH[net], 1, POINTS, POINTS)
        forward = lambda: model(x)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)

    def step():
        optimizer.zero_grad()
        ((forward() - target) ** 2).mean().backward()
        optimizer.step()

    return {
        "parameters": sum(p.numel() * (2 if p.is_complex() else 1) for p in model.parameters()),
        "step": timed(step, 5 * repeats),
        "memory": peak_memory() - before,
    }


def neuraloperator_fno():
    from neuralop.models import FNO as TheirFNO

    modes = 2 * (FNO["modes"] - 1)
    return TheirFNO((modes, modes), in_channels=1, out_channels=1, hidden_channels=FNO["width"], n_layers=FNO["depth"])


def torch_unet():
    """The layers of our U-Net, with torch's own."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    c = [UNET_WIDTH * 2**level for level in range(UNET_LEVELS + 1)]

    def half(i, o):
        return (nn.Conv2d(i, o, 3, padding=1, padding_mode="circular"), nn.GroupNorm(1, o), nn.GELU())

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            block = lambda i, o: nn.Sequential(*half(i, o), *half(o, o))
            self.down = nn.ModuleList(block(i, o) for i, o in zip([1, *c[:-1]], c, strict=True))
            self.upsample = nn.ModuleList(nn.ConvTranspose2d(2 * o, o, 2, 2, bias=False) for o in c[:-1])
            self.up = nn.ModuleList(block(2 * o, o) for o in c[:-1])
            self.head = nn.Conv2d(c[0], 1, 1)

        def forward(self, x):
            states = []
            for level, block in enumerate(self.down):
                x = block(F.max_pool2d(x, 2) if level else x)
                states.append(x)
            x = states.pop()
            for upsample, block in zip(reversed(self.upsample), reversed(self.up), strict=True):
                x = block(torch.cat([states.pop(), upsample(x)], 1))
            return self.head(x)

    return Net()


def timed(step: Callable, repeats: int) -> float:
    """Mean seconds of a step, the first two left out."""
    step(), step()
    start = time.perf_counter()
    for _ in range(repeats):
        step()
    return (time.perf_counter() - start) / repeats


def peak_memory() -> float:
    """Largest resident size of this process up to now, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_side(side: str, net: str, repeats: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--side", side, "--nets", net, "--repeats", str(repeats)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def figures_of(net: str, measured: dict[str, list[dict[str, float]]]) -> list:
    from neuralpde.evaluation import ResultFigure

    about, (mine, peer) = NETS[net], (measured[side] for side in SIDES)
    mean = lambda runs, key: statistics.fmean(run[key] for run in runs)
    spread = lambda runs, key: statistics.pstdev(run[key] for run in runs)
    ratios = [b["step"] / a["step"] for a, b in zip(mine, peer, strict=True)]
    source = f"{about['peer']}, same run"
    return [
        ResultFigure(
            f"{about['title']}: a step", mean(mine, "step"), spread(mine, "step"), "s", mean(peer, "step"), source
        ),
        ResultFigure(
            f"{net}: speed over the peer's",
            statistics.fmean(ratios),
            statistics.pstdev(ratios),
            "x",
            about["goal"],
            "goal of the project",
        ),
        ResultFigure(
            f"{net}: peak memory", mean(mine, "memory"), spread(mine, "memory"), "MB", mean(peer, "memory"), source
        ),
        ResultFigure(f"{net}: parameters", mean(mine, "parameters"), 0.0, "", mean(peer, "parameters"), source),
        ResultFigure(f"{net}: compilation", mean(mine, "compilation"), spread(mine, "compilation"), "s"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", nargs="+", choices=NETS, default=list(NETS))
    parser.add_argument("--repeats", type=int, default=20, help="calls of five steps")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help="time one side of one net and print JSON")
    options = parser.parse_args()
    if options.side:
        print(json.dumps((ours if options.side == "neuralpde" else theirs)(options.nets[0], options.repeats)))
        return
    figures = []
    for net in options.nets:
        measured: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for _ in range(options.rounds):
            for side in SIDES:
                measured[side].append(run_side(side, net, options.repeats))
                print(net, side, "  ".join(f"{k} {v:.4g}" for k, v in measured[side][-1].items()), flush=True)
        figures += figures_of(net, measured)
    print(record(figures, options))


def record(figures: list, options: argparse.Namespace) -> Path:
    from importlib.metadata import version

    from neuralpde.cli.run_folder import commit, environment
    from neuralpde.evaluation import ResultRecord, write_record

    return write_record(
        RESULTS,
        ResultRecord(
            name="training_step",
            title="A training step of FNO, U-Net and DeepONet, against neuraloperator, torch and DeepXDE",
            command=f"scripts/bench_training_step.py --nets {' '.join(options.nets)} --rounds {options.rounds}",
            commit=(commit() or "unknown")[:12],
            device=f"{os.cpu_count()} x86 cores",
            date=datetime.date.today().isoformat(),
            seeds=(0,),
            figures=tuple(figures),
            versions=environment()["versions"]
            | {name: version(name) for name in ("torch", "neuraloperator", "deepxde")},
        ),
    )


if __name__ == "__main__":
    main()
