"""The problems of ``bench_pinn.py`` with DeepXDE, on torch or on jax."""

from __future__ import annotations

import os
import time

import numpy as np
from pinn_settings import DEPTH, RATE, REYNOLDS, SETTINGS, VISCOSITY, WIDTH, Trace, traced


def speed(problem: str, steps: int, backend: str) -> dict[str, float]:
    """Steps a second of ``model.train``, after a first hundred."""
    model = made(problem, backend)
    model.compile("adam", lr=RATE)
    timed(model, 100)
    return {"steps a second": steps / timed(model, steps)}


def trace(problem: str, steps: int, every: int, held_out: tuple[np.ndarray, np.ndarray], backend: str) -> Trace:
    """Errors over the seconds of Adam, what is compiled included."""
    model = made(problem, backend)
    model.compile("adam", lr=RATE)
    return traced([every] * (steps // every), lambda count: timed(model, count), model.predict, held_out)


def recipe(problem: str, steps: int, every: int, held_out: tuple[np.ndarray, np.ndarray]) -> Trace:
    """Errors over the seconds of its own example: Adam, then L-BFGS for as many steps; torch, the backend that has it.

    The example has 15,000 steps of each.
    """
    model = made(problem, "pytorch")
    model.compile("adam", lr=RATE)
    found = traced([every] * (steps // every), lambda count: timed(model, count), model.predict, held_out)
    import deepxde as dde

    dde.optimizers.set_LBFGS_options(maxiter=steps)
    model.compile("L-BFGS")
    steps_before, seconds, _ = found[-1]
    start = time.perf_counter()
    model.train(display_every=10**9, verbose=0)
    made_steps = model.train_state.step - steps_before
    after = traced([made_steps], lambda _: time.perf_counter() - start, model.predict, held_out)
    return found + [(steps_before + step, seconds + more, error) for step, more, error in after]


def timed(model, steps: int) -> float:
    """Seconds of so many steps."""
    start = time.perf_counter()
    model.train(iterations=steps, display_every=10**9, verbose=0)
    return time.perf_counter() - start


def made(problem: str, backend: str):
    """Network, points, law and conditions."""
    os.environ["DDE_BACKEND"] = backend
    import deepxde as dde

    setting = SETTINGS[problem]
    data = cavity(dde, setting) if problem == "cavity" else front(dde, problem, setting)
    return dde.Model(data, dde.nn.FNN([2, *[WIDTH] * DEPTH, setting.outputs], "tanh", "Glorot normal"))


def values(z):
    """The values of what a law is given: the jax backend hands over a function beside them."""
    return z[0] if isinstance(z, tuple) else z


def front(dde, problem: str, setting):
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
    counts = {"num_domain": setting.points, "num_boundary": setting.boundary, "num_initial": setting.initial}
    return dde.data.TimePDE(domain, law, conditions, **counts)


def cavity(dde, setting):
    def law(x, y):
        w = values(y)
        u, v = w[:, 0:1], w[:, 1:2]
        first = lambda i, j: values(dde.grad.jacobian(y, x, i=i, j=j))
        spread = lambda i: sum(values(dde.grad.hessian(y, x, component=i, i=j, j=j)) for j in (0, 1)) / REYNOLDS
        return [
            u * first(0, 0) + v * first(0, 1) + first(2, 0) - spread(0),
            u * first(1, 0) + v * first(1, 1) + first(2, 1) - spread(1),
            first(0, 0) + first(1, 1),
        ]

    domain = dde.geometry.Rectangle([0, 0], [1, 1])
    lid = lambda x: 4 * x[:, 0:1] * (1 - x[:, 0:1]) * (x[:, 1:2] > 1 - 1e-6)
    on_walls = lambda _, on_boundary: on_boundary
    conditions = [
        dde.icbc.DirichletBC(domain, lid, on_walls, component=0),
        dde.icbc.DirichletBC(domain, lambda x: 0.0, on_walls, component=1),
        dde.icbc.PointSetBC(np.zeros((1, 2)), np.zeros((1, 1)), component=2),
    ]
    return dde.data.PDE(domain, law, conditions, num_domain=setting.points, num_boundary=setting.boundary)
