#!/usr/bin/env python3
"""Steps a second of physics-informed networks here, in DeepXDE (torch and jax) and in jinns, in turn.

Adam in float32 on the same network, with the same numbers of fixed points and the same conditions. Ours runs as in
training, many steps in one call of the compiled loop. Every side runs in a process of its own. Needs
``pip install -e ".[bench]"``, which brings the peers.
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
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
SIDES = ("neuralpde", "DeepXDE torch", "DeepXDE jax", "jinns")
POINTS, BOUNDARY, INITIAL = 2540, 80, 160
LAYERS = (2, 20, 20, 20, 1)
RATE = 1e-3
VISCOSITY = 0.01 / 3.141592653589793
TITLES = {"burgers": "Burgers, viscosity 0.01/pi", "allen_cahn": "Allen-Cahn, diffusivity 1e-4"}


def ours(problem: str, steps: int) -> dict[str, float]:
    """Steps a second of the compiled loop, its compilation left out."""
    import jax
    import jax.numpy as jnp

    from neuralpde.equations import AllenCahn, Burgers
    from neuralpde.nn import mlp
    from neuralpde.pinn import Boundary, Initial, Problem
    from neuralpde.spaces import Box, Dirichlet, Neural
    from neuralpde.training import ResidualTask, adam, fit

    if problem == "burgers":
        law, start, wall = Burgers(VISCOSITY), lambda x: -jnp.sin(jnp.pi * x[0]), 0.0
    else:
        law, start, wall = AllenCahn(), lambda x: x[0] ** 2 * jnp.cos(jnp.pi * x[0]), -1.0
    conditions = [Boundary(Dirichlet(wall)), Initial(start)]
    posed = Problem(Box.of(x=(-1.0, 1.0), t=(0.0, 1.0)), law, conditions)
    network = mlp(LAYERS[0], 1, width=LAYERS[1], depth=3, activation=jnp.tanh, key=jax.random.key(0))
    task = ResidualTask(posed, POINTS, counts={"boundary": BOUNDARY, "initial": INITIAL}, resample_every=None)
    fitted = fit(
        posed.candidate(Neural(network, posed.space)),
        task,
        adam(steps, RATE, schedule="constant"),
        steps=steps,
        steps_per_call=50,
        evaluate_every=steps,
        key=jax.random.key(1),
        progress=False,
    )
    return {"steps a second": fitted.samples_per_second / POINTS, "compilation": fitted.compile_seconds}


def deepxde(problem: str, steps: int, backend: str) -> dict[str, float]:
    """Steps a second of ``model.train``, after a first hundred."""
    model = deepxde_model(problem, backend)
    model.compile("adam", lr=RATE)
    model.train(iterations=100, display_every=10**9, verbose=0)
    start = time.perf_counter()
    model.train(iterations=steps, display_every=10**9, verbose=0)
    return {"steps a second": steps / (time.perf_counter() - start)}


def deepxde_model(problem: str, backend: str):
    os.environ["DDE_BACKEND"] = backend
    import deepxde as dde
    import numpy as np

    def values(z):  # the jax backend hands over a function beside the values
        return z[0] if isinstance(z, tuple) else z

    def law(x, y):
        u = values(y)
        u_t = values(dde.grad.jacobian(y, x, i=0, j=1))
        u_xx = values(dde.grad.hessian(y, x, i=0, j=0))
        if problem == "allen_cahn":
            return u_t - 1e-4 * u_xx - 5 * (u - u**3)
        return u_t + u * values(dde.grad.jacobian(y, x, i=0, j=0)) - VISCOSITY * u_xx

    if problem == "burgers":
        start, wall = lambda x: -np.sin(np.pi * x[:, 0:1]), 0.0
    else:
        start, wall = lambda x: x[:, 0:1] ** 2 * np.cos(np.pi * x[:, 0:1]), -1.0
    domain = dde.geometry.GeometryXTime(dde.geometry.Interval(-1, 1), dde.geometry.TimeDomain(0, 1))
    conditions = [
        dde.icbc.DirichletBC(domain, lambda x: wall, lambda _, on_boundary: on_boundary),
        dde.icbc.IC(domain, start, lambda _, on_initial: on_initial),
    ]
    data = dde.data.TimePDE(domain, law, conditions, num_domain=POINTS, num_boundary=BOUNDARY, num_initial=INITIAL)
    return dde.Model(data, dde.nn.FNN(list(LAYERS), "tanh", "Glorot normal"))


def jinns(problem: str, steps: int) -> dict[str, float]:
    """Steps a second of ``jinns.solve``: the difference of a long run and a short one, which both compile the loop."""
    jinns_run(problem, 10)  # what only the first run compiles
    seconds = []
    for count in (10, steps + 10):
        start = time.perf_counter()
        jinns_run(problem, count)
        seconds.append(time.perf_counter() - start)
    return {"steps a second": steps / (seconds[1] - seconds[0]), "compilation": seconds[0]}


def jinns_run(problem: str, steps: int):
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import jinns as peer
    import optax

    key = jax.random.key(0)
    tanh = (jax.nn.tanh,)
    layers = [(eqx.nn.Linear, i, o) for i, o in itertools.pairwise(LAYERS)]
    listed = (*(part for layer in layers[:-1] for part in (layer, tanh)), layers[-1])
    u, weights = peer.nn.PINN_MLP.create(key=key, eqx_list=listed, eq_type="PDENonStatio")
    if problem == "burgers":
        law, wall = peer.loss.BurgersEquation(Tmax=1), 0.0
        begin = lambda x: -jnp.sin(jnp.pi * x)
    else:
        law, wall = allen_cahn_of_jinns(peer), -1.0
        begin = lambda x: x**2 * jnp.cos(jnp.pi * x)

    class Walls(peer.loss.Dirichlet):
        @peer.loss.equation_on_all_facets_equal
        def equation_f(self, inputs, params, gridify=False):
            return jnp.full((1,), wall)

    parameters = peer.parameters.Params(nn_params=weights, eq_params={"nu": VISCOSITY})
    loss = peer.loss.LossPDENonStatio(
        u=u,
        dynamic_loss=law,
        boundary_condition=Walls(),
        initial_condition_fun=begin,
        loss_weights=peer.loss.LossWeightsPDENonStatio(dyn_loss=1.0, boundary_loss=1.0, initial_condition=1.0),
        params=parameters,
    )
    data = peer.data.CubicMeshPDENonStatio(
        key=key, n=POINTS, nb=BOUNDARY, ni=INITIAL, dim=1, min_pts=(-1.0,), max_pts=(1.0,), tmin=0.0, tmax=1.0
    )
    optimizer = optax.adam(RATE)
    trained, *_ = peer.solve(
        init_params=parameters, data=data, optimizer=optimizer, loss=loss, n_iter=steps, key=key, verbose=False
    )
    jax.block_until_ready(jax.tree.leaves(trained.nn_params))
    return u, trained


def allen_cahn_of_jinns(peer):
    import jax
    import jax.numpy as jnp

    class AllenCahn(peer.loss.PDENonStatio):
        def equation(self, t_x, u, params):
            value = lambda z: jnp.squeeze(u(z, params))
            slope = jax.grad(value)
            u_xx = jax.grad(lambda z: slope(z)[1])(t_x)[1:2]
            v = value(t_x)
            return slope(t_x)[0:1] - 1e-4 * u_xx - 5 * (v - v**3)

    return AllenCahn()


def run_side(side: str, problem: str, steps: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--side", side, "--problems", problem, "--steps", str(steps)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(side: str, problem: str, steps: int) -> dict[str, float]:
    if side.startswith("DeepXDE"):
        return deepxde(problem, steps, {"torch": "pytorch", "jax": "jax"}[side.split()[1]])
    return {"neuralpde": ours, "jinns": jinns}[side](problem, steps)


def figures_of(problem: str, measured: dict[str, list[dict[str, float]]]) -> list:
    from neuralpde.evaluation import ResultFigure

    speeds = {side: [run["steps a second"] for run in runs] for side, runs in measured.items()}
    mine = speeds.pop("neuralpde")
    figures = []
    for side, theirs in speeds.items():
        title = f"{TITLES[problem]}: steps a second, beside {side}"
        source = f"{side}, same run"
        figures.append(
            ResultFigure(
                title, statistics.fmean(mine), statistics.pstdev(mine), "1/s", statistics.fmean(theirs), source
            )
        )
        ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
        goal = 1.5 if side == "jinns" else 3.0
        figures.append(
            ResultFigure(
                f"{problem}: speed over {side}",
                statistics.fmean(ratios),
                statistics.pstdev(ratios),
                "x",
                goal,
                "goal of the project",
            )
        )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", choices=TITLES, default=list(TITLES))
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help="time one side of one problem and print JSON")
    options = parser.parse_args()
    if options.side:
        print(json.dumps(measure(options.side, options.problems[0], options.steps)))
        return
    figures = []
    for problem in options.problems:
        measured: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for _ in range(options.rounds):
            for side in SIDES:
                measured[side].append(run_side(side, problem, options.steps))
                print(problem, side, "  ".join(f"{k} {v:.4g}" for k, v in measured[side][-1].items()), flush=True)
        figures += figures_of(problem, measured)
    print(record(figures, options))


def record(figures: list, options: argparse.Namespace) -> Path:
    from importlib.metadata import version

    from neuralpde.cli.run_folder import commit, environment
    from neuralpde.evaluation import ResultRecord, write_record

    return write_record(
        RESULTS,
        ResultRecord(
            name="pinn_speed",
            title="Physics-informed networks: training steps, against DeepXDE and jinns",
            command=f"scripts/bench_pinn.py --problems {' '.join(options.problems)} --steps {options.steps}",
            commit=(commit() or "unknown")[:12],
            device=f"{os.cpu_count()} x86 cores",
            date=datetime.date.today().isoformat(),
            seeds=(0,),
            figures=tuple(figures),
            versions=environment()["versions"] | {name: version(name) for name in ("torch", "deepxde", "jinns")},
        ),
    )


if __name__ == "__main__":
    main()
