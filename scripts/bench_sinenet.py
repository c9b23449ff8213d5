#!/usr/bin/env python3
"""Time forward and backward passes of SineNet here and in torch, in turn, and count what the compiled ones do.

Two nets in float32: the published one of 8 waves for the smoke plume (35,490,219 parameters, 12 channels in, 3 out,
zero padding) at 64x64, one example; and the same 16 wide (2,188,515 parameters, 6 channels in, circular padding) in
batches of 8. The peer is the same net written with torch's own layers; ``--check`` copies the weights from one to the
other and compares their answers. Each side runs in a process of its own, so that neither side's threads disturb the
other. Needs torch (``pip install -e ".[bench]"``); without it, ``--sides neuralpde`` times ours alone.
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
NETS = {
    "paper": {"width": 64, "inputs": 12, "padding": "zeros", "batch": 1},
    "narrow": {"width": 16, "inputs": 6, "padding": "circular", "batch": 8},
}
WAVES, LEVELS, OUTPUTS, POINTS = 8, 4, 3, 64
SIDES = ("neuralpde", "torch")


def our_net(width: int, inputs: int, padding: str, waves: int = WAVES):
    import equinox as eqx
    import jax

    from neuralpde.operators import SineNet
    from neuralpde.spaces import Box, FunctionSpace

    torus = Box.cube(2, periodic=True)
    source, target = (FunctionSpace(torus, tuple(f"u{i}" for i in range(n))) for n in (inputs, OUTPUTS))
    make = lambda key: SineNet(source, target, waves=waves, width=width, padding=padding, key=key)
    return eqx.filter_jit(make)(jax.random.key(0))


def time_ours(width: int, inputs: int, padding: str, batch: int, repeats: int) -> dict[str, float]:
    """Seconds, and operations and bytes of the compiled program, of a loss and its gradient."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    from neuralpde.spaces import Field

    model = our_net(width, inputs, padding)
    params, static = eqx.partition(model, eqx.is_inexact_array)
    grid = model.source.domain.grid(POINTS)
    x = jax.random.normal(jax.random.key(1), (batch, POINTS, POINTS, inputs))

    def loss(params, x):
        answer = jax.vmap(lambda one: eqx.combine(params, static)(Field(one, grid, model.source)).values)(x)
        return jnp.mean(answer**2)

    start = time.perf_counter()
    program = jax.jit(jax.value_and_grad(loss)).lower(params, x).compile()
    compiled = time.perf_counter() - start
    cost = program.cost_analysis()
    flops, size = formulas(width, inputs, batch)
    return {
        "parameters": sum(p.size for p in jax.tree.leaves(params)),
        "compilation": compiled,
        "flops/formula": cost["flops"] / flops,
        "bytes/formula": cost["bytes accessed"] / size,
        **timed(lambda: jax.block_until_ready(program(params, x)), repeats),
    }


def time_torch(width: int, inputs: int, padding: str, batch: int, repeats: int) -> dict[str, float]:
    import torch

    torch.manual_seed(0)
    model = torch_net(width, inputs, padding)
    x = torch.randn(batch, inputs, POINTS, POINTS)

    def step():
        model.zero_grad()
        (model(x) ** 2).mean().backward()

    return {"parameters": sum(p.numel() for p in model.parameters()), **timed(step, repeats)}


def timed(step: Callable, repeats: int) -> dict[str, float]:
    """Best and median time, and the processor time of one step, which other processes disturb less."""
    step(), step()
    wall, cpu = [], []
    for _ in range(repeats):
        start, start_cpu = time.perf_counter(), time.process_time()
        step()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    return {"best": min(wall), "median": statistics.median(wall), "processor": min(cpu)}


def torch_net(width: int, inputs: int, padding: str, waves: int = WAVES):
    """SineNet of torch's own layers, its parameters in the order of ours."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    from neuralpde.operators.sinenet import equal_multiplier

    c = [int(width * equal_multiplier(waves) ** level) for level in range(LEVELS + 1)]

    def conv(i, o):
        return nn.Conv2d(i, o, 3, padding=1, padding_mode=padding)

    class Stage(nn.Module):
        def __init__(self, i, o, shortcut):
            super().__init__()
            half = lambda i: (conv(i, o), nn.GroupNorm(1, o), nn.GELU())
            self.block = nn.Sequential(*half(i), *half(o))
            self.shortcut = nn.Conv2d(shortcut, o, 1)

        def forward(self, x, p):
            return self.block(x) + self.shortcut(p)

    def upsample(x):
        if padding == "zeros":
            return F.interpolate(x, scale_factor=2, mode="bicubic")
        x = F.pad(x, (2, 2, 2, 2), mode="circular")
        return F.interpolate(x, scale_factor=2, mode="bicubic")[..., 4:-4, 4:-4]

    class Wave(nn.Module):
        def __init__(self):
            super().__init__()
            self.down = nn.ModuleList(Stage(c[n] + (c[0] if n else 0), c[n + 1], c[n]) for n in range(LEVELS))
            self.up = nn.ModuleList(Stage(c[n] + c[n + 1], c[n], c[n + 1]) for n in range(LEVELS))

        def forward(self, x):
            d, s = x, [x]
            for level, stage in enumerate(self.down):
                d, p = F.avg_pool2d(d, 2), F.avg_pool2d(s[-1], 2)
                s.append(stage(torch.cat([p, d], 1) if level else p, p))
            r = s.pop()
            for stage in reversed(self.up):
                u = upsample(r)
                r = stage(torch.cat([s.pop(), u], 1), u)
            return r

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = conv(inputs, width)
            self.waves = nn.ModuleList(Wave() for _ in range(waves))
            self.decoder = conv(width, OUTPUTS)

        def forward(self, x):
            x = self.encoder(x)
            for wave in self.waves:
                x = x + wave(x)
            return self.decoder(x)

    return Net()


def difference(padding: str) -> float:
    """Largest difference of the two nets' answers over the largest answer, with our weights in both; 2 waves, 8 wide."""
    import equinox as eqx
    import jax
    import numpy as np
    import torch

    from neuralpde.spaces import Field

    ours, theirs = our_net(8, 4, padding, waves=2), torch_net(8, 4, padding, waves=2)
    leaves = jax.tree.leaves(eqx.filter(ours, eqx.is_inexact_array))
    with torch.no_grad():
        for p, leaf in zip(theirs.parameters(), leaves, strict=True):
            value = np.asarray(leaf)
            # Ours end in (in, out), torch's begin with (out, in); 1x1 convolutions have no axes of space here.
            value = value.T if value.ndim == 2 else np.moveaxis(value, (-1, -2), (0, 1)) if value.ndim > 1 else value
            p.copy_(torch.tensor(value.reshape(p.shape)))
        x = np.random.default_rng(0).standard_normal((32, 32, 4)).astype(np.float32)
        expected = theirs(torch.tensor(x).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
    u = Field(jax.numpy.asarray(x), ours.source.domain.grid(32), ours.source)
    answer = np.asarray(eqx.filter_jit(lambda net, u: net(u).values)(ours, u))
    return float(np.abs(answer - expected).max() / np.abs(expected).max())


def formulas(width: int, inputs: int, batch: int) -> tuple[float, float]:
    """Operations and bytes of a forward and a backward pass, each number read or written once by what needs it.

    A convolution is made three times: forward, for the gradient of its input and for that of its kernel (the first
    one has no input gradient). Operations are those of convolutions. Bytes are the inputs and outputs of convolutions
    (three times), of normalisation with activation (two arrays forward, three backward), of joining, pooling and
    interpolation (forward and backward).
    """
    from neuralpde.operators.sinenet import equal_multiplier

    c = [int(width * equal_multiplier(WAVES) ** level) for level in range(LEVELS + 1)]
    area = [batch * (POINTS / 2**level) ** 2 for level in range(LEVELS + 1)]
    flops, numbers = 0.0, 0.0

    def conv(i, o, points, kernel=9, passes=3):
        nonlocal flops, numbers
        flops += passes * 2 * kernel * i * o * points
        numbers += passes * ((i + o) * points + kernel * i * o)

    def stage(i, o, shortcut, points):
        nonlocal numbers
        conv(i, o, points), conv(o, o, points), conv(shortcut, o, points, kernel=1)
        numbers += 2 * 5 * o * points + 3 * o * points + 4 * i * points

    for level in range(LEVELS):
        stage(c[level] + (c[0] if level else 0), c[level + 1], c[level], area[level + 1])
        stage(c[level] + c[level + 1], c[level], c[level + 1], area[level])
        numbers += 2 * (c[level] + c[0]) * (area[level] + area[level + 1])
        numbers += 2 * c[level + 1] * (area[level] + area[level + 1])
    flops, numbers = WAVES * flops, WAVES * (numbers + 3 * c[0] * area[0])
    conv(inputs, width, area[0], passes=2), conv(width, OUTPUTS, area[0])
    return flops, 4 * numbers


def run_side(side: str, net: str, repeats: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--side", side, "--net", net, "--repeats", str(repeats)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", choices=SIDES, help="time one side alone, and print JSON")
    parser.add_argument("--sides", choices=SIDES, nargs="+", default=list(SIDES))
    parser.add_argument("--net", choices=NETS, nargs="+", default=list(NETS))
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--check", action="store_true", help="compare the answers of the two sides only")
    options = parser.parse_args()
    if options.check:
        print({padding: difference(padding) for padding in ("zeros", "circular")})
        return
    if options.side is not None:
        measure = time_ours if options.side == "neuralpde" else time_torch
        print(json.dumps(measure(**NETS[options.net[0]], repeats=options.repeats)))
        return
    measured = {net: measured_in_turn(net, options) for net in options.net}
    print(record(measured, options))


def measured_in_turn(net: str, options: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    """The rounds of each side that can be run: torch may be missing."""
    runs: dict[str, list[dict[str, float]]] = {side: [] for side in options.sides}
    print(f"{net}: {NETS[net]}")
    for _ in range(options.rounds):
        for side, done in runs.items():
            done.append(run_side(side, net, options.repeats))
            print(f"  {side:10}" + "  ".join(f"{name} {value:.4g}" for name, value in done[-1].items()), flush=True)
    return runs


def record(measured: dict[str, dict[str, list[dict[str, float]]]], options: argparse.Namespace) -> Path:
    from importlib.metadata import version

    from neuralpde.cli.run_folder import commit, environment
    from neuralpde.evaluation import ResultFigure, ResultRecord, write_record

    def figures(net: str, runs: dict[str, list[dict[str, float]]]) -> list[ResultFigure]:
        mean = lambda side, key: statistics.fmean(run[key] for run in runs[side]) if side in runs else None
        spread = lambda key: statistics.pstdev(run[key] for run in runs["neuralpde"])

        def figure(
            key: str, name: str, unit: str = "", source: str = "torch, same run", reference=None
        ) -> ResultFigure:
            reference = mean("torch", key) if reference is None else reference
            source = source if reference is not None else ""
            return ResultFigure(f"{net}: {name}", mean("neuralpde", key), spread(key), unit, reference, source)

        formulas = "the formulas' count, within 1.2"
        return [
            figure("median", "forward and backward pass, median", "s"),
            figure("processor", "processor time of a pass", "s"),
            figure("flops/formula", "operations over those of the formulas", "", formulas, 1.0),
            figure("bytes/formula", "bytes over those of the formulas", "", formulas, 1.0),
            figure("parameters", "parameters"),
        ]

    versions = environment()["versions"] | ({"torch": version("torch")} if "torch" in options.sides else {})
    return write_record(
        RESULTS,
        ResultRecord(
            name="sinenet_step",
            title="Forward and backward pass of SineNet of 8 waves at 64 x 64, against torch",
            command=f"scripts/bench_sinenet.py --net {' '.join(options.net)} --rounds {options.rounds}",
            commit=(commit() or "unknown")[:12],
            device=f"{os.cpu_count()} x86 cores",
            date=datetime.date.today().isoformat(),
            seeds=(0,),
            figures=tuple(f for net, runs in measured.items() for f in figures(net, runs)),
            versions=versions,
            notes="paper: 64 wide, zero padding, one example; narrow: 16 wide, circular padding, batches of 8.",
        ),
    )


if __name__ == "__main__":
    main()
