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
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).resolve().parent / "results"
PROBLEMS = ("ode", "latent_ode", "cde", "latent_sde")
PEERS = {"ode": "torchdiffeq", "latent_ode": "torchdiffeq", "cde": "torchcde", "latent_sde": "torchsde"}
STEPS = {"ode": 500, "latent_ode": 300, "cde": 100, "latent_sde": 200}
GOALS = {"ode": 0.1, "latent_ode": 12.0, "cde": 0.35, "latent_sde": 400.0}
RATES = {"ode": 0.05, "latent_ode": 1e-2, "cde": 1e-2, "latent_sde": 1e-2}
WINDOW = 20
LATENT, HIDDEN, WIDTH = 4, 25, 32
SDE = {"latent": 4, "context": 64, "hidden": 128, "noise": 0.1}


def data(problem: str) -> tuple[np.ndarray, ...]:
    """What both sides learn from: times, and values or values with labels."""
    rng = np.random.default_rng(0)
    if problem == "ode":
        times, a = np.linspace(0.0, 1.5, 30), np.array([[-0.1, 2.0], [-2.0, -0.1]])
        return times, _integrated(lambda y: y**3 @ a, np.array([[2.0, 0.0]]), times)[0]
    if problem == "latent_ode":
        times, a = np.linspace(0.0, 3.0, 20), np.array([[-0.1, 1.3], [-1.0, -0.1]])
        return times, _integrated(lambda y: y @ a.T, rng.standard_normal((256, 2)), times)
    if problem == "cde":
        times, a = np.linspace(0.0, 4 * np.pi, 100), np.array([[-0.3, 2.0], [-2.0, -0.3]])
        angle = rng.uniform(0, 2 * np.pi, 256)
        values = _integrated(lambda y: y @ a.T, np.stack([np.cos(angle), np.sin(angle)], 1), times)
        values[:128, :, 0] *= -1
        values = np.concatenate([np.broadcast_to(times[:, None], (256, 100, 1)), values], -1)
        return times, values, (np.arange(256) < 128).astype(float)
    times = np.linspace(0.0, 1.0, 50)
    return times, _lorenz(rng, 512, times)


def _integrated(rate: Callable, y: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Runge and Kutta's method, 20 steps between two times: (sample, time, c)."""
    states = [y]
    for h in np.diff(times) / 20:
        for _ in range(20):
            k1 = rate(y)
            k2 = rate(y + h / 2 * k1)
            k3 = rate(y + h / 2 * k2)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + rate(y + h * k3))
        states.append(y)
    return np.stack(states, 1)


def _lorenz(rng: np.random.Generator, count: int, times: np.ndarray) -> np.ndarray:
    """Normalised paths with a little noise (Li et al., AISTATS 2020)."""
    y, states, parts = rng.standard_normal((count, 3)), [], 20
    for h in np.diff(times, prepend=times[0] - 1e-9) / parts:
        for _ in range(parts):
            x1, x2, x3 = y.T
            drift = np.stack([10 * (x2 - x1), x1 * (28 - x3) - x2, x1 * x2 - 8 / 3 * x3], 1)
            y = y + h * drift + np.sqrt(h) * np.array([0.1, 0.28, 0.3]) * y * rng.standard_normal(y.shape)
        states.append(y)
    values = np.stack(states, 1)
    values = (values - values.mean((0, 1))) / values.std((0, 1))
    return values + 0.01 * rng.standard_normal(values.shape)


def batches(problem: str, count: int, steps: int) -> np.ndarray:
    """Indices of each step's samples, (step, batch); of the spiral there is one."""
    size = {"ode": 1, "latent_ode": 64, "cde": 32, "latent_sde": 128}[problem]
    return np.random.default_rng(1).integers(0, count, (steps, size))


# Here


def ours(problem: str, steps: int) -> dict[str, float]:
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import optax

    arrays = [jnp.asarray(a, jnp.float32) for a in data(problem)]
    model, loss = OURS[problem](jax.random.key(0), np.asarray(arrays[0]))
    params, static = eqx.partition(model, eqx.is_inexact_array)
    optimizer = optax.adam(RATES[problem])
    rows = jnp.asarray(batches(problem, len(arrays[1]), steps))

    @jax.jit
    def step(params, state, rows, key):
        batch = arrays[1:] if problem == "ode" else [a[rows] for a in arrays[1:]]
        value, gradient = jax.value_and_grad(lambda p: loss(eqx.combine(p, static), *batch, key))(params)
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, value

    state, keys = optimizer.init(params), jax.random.split(jax.random.key(1), steps)
    carry = [params, state]

    def advance(i: int) -> float:
        carry[0], carry[1], value = step(*carry, rows[i], keys[i])
        return float(value)

    return {"parameters": sum(p.size for p in jax.tree.leaves(params))} | timed(advance, problem, steps)


def _our_ode(key, times):
    import equinox as eqx
    import jax.numpy as jnp
    from diffrax import Dopri5

    from neuralpde.dynamics import Method, solve

    method = Method(Dopri5(), rtol=1e-4, atol=1e-4, statistics=False)
    field = lambda t, y, net: net(y**3)

    def loss(net, truth, key):
        return jnp.sum((solve(field, truth[0], times, method, args=net).states - truth) ** 2)

    return eqx.nn.MLP(2, 2, 50, 1, jnp.tanh, key=key), lambda net, truth, key: loss(net, truth, key)


def _our_latent_ode(key, times):
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    from diffrax import Dopri5

    from neuralpde.dynamics import Method, solve_together

    method = Method(Dopri5(), rtol=1e-3, atol=1e-3, statistics=False)
    keys = jax.random.split(key, 4)
    model = {
        "gru": eqx.nn.GRUCell(2, HIDDEN, key=keys[0]),
        "head": eqx.nn.Linear(HIDDEN, 2 * LATENT, key=keys[1]),
        "field": eqx.nn.MLP(LATENT, LATENT, WIDTH, 2, jax.nn.softplus, final_activation=jnp.tanh, key=keys[2]),
        "decoder": eqx.nn.Linear(LATENT, 2, key=keys[3]),
    }

    def loss(model, values, key):
        def encode(values):
            h, _ = jax.lax.scan(lambda h, x: (model["gru"](x, h), None), jnp.zeros(HIDDEN), values, reverse=True)
            return jnp.split(model["head"](h), 2)

        mean, log_std = jax.vmap(encode)(values)
        z0 = mean + jnp.exp(log_std) * jax.random.normal(key, mean.shape)
        latents = solve_together(lambda t, z, net: net(z), z0, times, method, args=model["field"]).states
        found = jax.vmap(jax.vmap(model["decoder"]))(latents)
        likelihood = 0.5 * jnp.sum(((found - values.swapaxes(0, 1)) / 0.3) ** 2) / len(values)
        kl = 0.5 * jnp.mean(jnp.sum(mean**2 + jnp.exp(2 * log_std) - 2 * log_std - 1, -1))
        return likelihood + kl

    return model, loss


def _our_cde(key, times):
    import diffrax
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    from neuralpde.dynamics import Method, solve

    method = Method(diffrax.Dopri5(), rtol=1e-3, atol=1e-3, statistics=False)
    keys = jax.random.split(key, 3)
    net = eqx.nn.MLP(8, 24, 128, 1, jax.nn.softplus, final_activation=jnp.tanh, key=keys[0])
    model = (net, eqx.nn.Linear(3, 8, key=keys[1]), eqx.nn.Linear(8, 1, key=keys[2]))

    def loss(model, values, labels, key):
        net, first, last = model

        def logit(values):
            path = diffrax.CubicInterpolation(times, diffrax.backward_hermite_coefficients(times, values))
            field = lambda t, z, args: net(z).reshape(8, 3) @ path.derivative(t)
            z = solve(field, first(values[0]), times[[0, -1]], method).last
            return last(z)[0]

        logits = jax.vmap(logit)(values)
        return jnp.mean(jnp.maximum(logits, 0) - logits * labels + jnp.log1p(jnp.exp(-jnp.abs(logits))))

    return model, loss


def _our_latent_sde(key, times):
    import jax
    import jax.numpy as jnp

    from neuralpde.dynamics import LatentSDE

    def loss(model, values, key):
        keys = jax.random.split(key, len(values))
        return -jnp.mean(jax.vmap(lambda x, k: model.elbo(times, x, key=k))(values, keys))

    return LatentSDE(3, **SDE, key=key), loss


OURS = {"ode": _our_ode, "latent_ode": _our_latent_ode, "cde": _our_cde, "latent_sde": _our_latent_sde}


# With torch


def theirs(problem: str, steps: int) -> dict[str, float]:
    import torch

    torch.manual_seed(0)
    arrays = [torch.tensor(a, dtype=torch.float32) for a in data(problem)]
    model, loss = THEIRS[problem](arrays[0])
    optimizer = torch.optim.Adam(model.parameters(), RATES[problem])
    rows = torch.tensor(batches(problem, len(arrays[1]), steps))

    def advance(i: int) -> float:
        batch = arrays[1:] if problem == "ode" else [a[rows[i]] for a in arrays[1:]]
        optimizer.zero_grad()
        value = loss(*batch)
        value.backward()
        optimizer.step()
        return value.item()

    return {"parameters": sum(p.numel() for p in model.parameters())} | timed(advance, problem, steps)


def _torch_net(inputs: int, outputs: int, width: int, depth: int, activation, final=None):
    from torch import nn

    sizes = [inputs, *[width] * depth]
    layers = [part for a, b in itertools.pairwise(sizes) for part in (nn.Linear(a, b), activation())]
    return nn.Sequential(*layers, nn.Linear(width, outputs), *([final()] if final else []))


def _their_ode(times):
    from torch import nn
    from torchdiffeq import odeint

    net = _torch_net(2, 2, 50, 1, nn.Tanh)
    field = lambda t, y: net(y**3)
    solution = lambda y0: odeint(field, y0, times, rtol=1e-4, atol=1e-4, method="dopri5")
    return net, lambda truth: ((solution(truth[0]) - truth) ** 2).sum()


def _their_latent_ode(times):
    import torch
    from torch import nn
    from torchdiffeq import odeint

    parts = nn.ModuleDict(
        {
            "gru": nn.GRU(2, HIDDEN, batch_first=True),
            "head": nn.Linear(HIDDEN, 2 * LATENT),
            "field": _torch_net(LATENT, LATENT, WIDTH, 2, nn.Softplus, nn.Tanh),
            "decoder": nn.Linear(LATENT, 2),
        }
    )

    def loss(values):
        _, h = parts["gru"](values.flip(1))
        mean, log_std = parts["head"](h[0]).chunk(2, -1)
        z0 = mean + log_std.exp() * torch.randn_like(mean)
        latents = odeint(lambda t, z: parts["field"](z), z0, times, rtol=1e-3, atol=1e-3, method="dopri5")
        found = parts["decoder"](latents).transpose(0, 1)
        likelihood = 0.5 * (((found - values) / 0.3) ** 2).sum() / len(values)
        return likelihood + 0.5 * (mean**2 + (2 * log_std).exp() - 2 * log_std - 1).sum(-1).mean()

    return parts, loss


def _their_cde(times):
    import torchcde
    from torch import nn
    from torch.nn import functional as F

    class CDE(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = _torch_net(8, 24, 128, 1, nn.Softplus, nn.Tanh)
            self.first, self.last = nn.Linear(3, 8), nn.Linear(8, 1)

        def forward(self, t, z):
            return self.net(z).view(*z.shape[:-1], 8, 3)

    model = CDE()

    def loss(values, labels):
        coefficients = torchcde.hermite_cubic_coefficients_with_backward_differences(values, times)
        path = torchcde.CubicSpline(coefficients, times)
        options = {"adjoint": False, "method": "dopri5", "rtol": 1e-3, "atol": 1e-3}
        z = torchcde.cdeint(path, model, model.first(values[:, 0]), path.interval, **options)
        return F.binary_cross_entropy_with_logits(model.last(z[:, -1])[:, 0], labels)

    return model, loss


def _their_latent_sde(times):
    import torch
    import torchsde
    from torch import nn

    latent, context, hidden, noise = SDE["latent"], SDE["context"], SDE["hidden"], SDE["noise"]

    class Latent(nn.Module):
        noise_type, sde_type = "diagonal", "ito"

        def __init__(self):
            super().__init__()
            # The reader is told which values are missing, as ours is: here none.
            self.gru, self.to_context = nn.GRU(6, hidden, batch_first=True), nn.Linear(hidden, context)
            self.to_initial = nn.Linear(context, 2 * latent)
            self.mean, self.log_std = nn.Parameter(torch.zeros(latent)), nn.Parameter(torch.zeros(latent))
            self.posterior = _torch_net(latent + context, latent, hidden, 2, nn.Softplus)
            self.prior = _torch_net(latent, latent, hidden, 2, nn.Softplus)
            self.diffusions = nn.ModuleList(_torch_net(1, 1, hidden, 1, nn.Softplus, nn.Sigmoid) for _ in range(latent))
            self.decoder = nn.Linear(latent, 3)

        def f(self, t, z):
            following = min(int(torch.searchsorted(times, t, right=True)), len(times) - 1)
            return self.posterior(torch.cat([z, self.contexts[:, following]], -1))

        def h(self, t, z):
            return self.prior(z)

        def g(self, t, z):
            parts = [net(one) for net, one in zip(self.diffusions, z.split(1, -1), strict=True)]
            return 0.01 + 0.99 * torch.cat(parts, -1)

    model = Latent()

    def loss(values):
        states, _ = model.gru(torch.cat([values, torch.ones_like(values)], -1).flip(1))
        model.contexts = model.to_context(states).flip(1)
        mean, log_std = model.to_initial(model.contexts[:, 0]).chunk(2, -1)
        z0 = mean + log_std.exp() * torch.randn_like(mean)
        dt = float(times[1] - times[0])
        latents, log_ratio = torchsde.sdeint(model, z0, times, dt=dt, method="euler", logqp=True)
        found = model.decoder(latents).transpose(0, 1)
        log_density = torch.distributions.Normal(found, noise).log_prob(values).sum((1, 2))
        q, p = (torch.distributions.Normal(m, s.exp()) for m, s in ((mean, log_std), (model.mean, model.log_std)))
        return -(log_density - log_ratio.sum(0) - torch.distributions.kl_divergence(q, p).sum(-1)).mean()

    return model, loss


THEIRS = {"ode": _their_ode, "latent_ode": _their_latent_ode, "cde": _their_cde, "latent_sde": _their_latent_sde}


# Both


def timed(advance: Callable[[int], float], problem: str, steps: int) -> dict[str, float]:
    """The first step apart; median time of the others, the loss at the end, and the time until it was good."""
    start = time.perf_counter()
    losses, ends = [advance(0)], [time.perf_counter()]
    for i in range(1, steps):
        losses.append(advance(i))
        ends.append(time.perf_counter())
    window = min(WINDOW, steps)
    smooth = np.convolve(losses, np.ones(window) / window, "valid")
    good = np.flatnonzero(smooth < GOALS[problem])
    reached = ends[good[0] + window - 1] - ends[0] if len(good) else float("nan")
    return {
        "first step": ends[0] - start,
        "step": statistics.median(np.diff(ends)),
        "steps per second": (steps - 1) / (ends[-1] - ends[0]),
        "time to the loss": reached,
        "loss at the end": float(smooth[-1]),
    }


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
        measure = ours if options.side == "neuralpde" else theirs
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
