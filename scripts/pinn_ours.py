"""The problems of ``bench_pinn.py`` with neuralpde."""

from __future__ import annotations

import time

import numpy as np
from pinn_settings import DEPTH, RATE, SETTINGS, VISCOSITY, WIDTH, Trace, relative_l2


def speed(problem: str, steps: int) -> dict[str, float]:
    """Steps a second of the compiled loop, its compilation left out."""
    fitted = trained(problem, steps, adam_of(steps), evaluate_every=steps)
    return {
        "steps a second": fitted.samples_per_second / SETTINGS[problem].points,
        "compilation": fitted.compile_seconds,
    }


def trace(problem: str, steps: int, every: int, held_out: tuple[np.ndarray, np.ndarray]) -> Trace:
    """Errors over the seconds of Adam at the common settings."""
    return timed_trace(problem, steps, every, held_out, adam_of(steps))


def recipe(problem: str, steps: int, every: int, held_out: tuple[np.ndarray, np.ndarray]) -> Trace:
    """Errors over the seconds of the default recipe: hard conditions, double precision, Adam and self-scaled Broyden."""
    import jax

    from neuralpde.training import Phase, Phases, adam, ssbroyden

    jax.config.update("jax_enable_x64", True)
    phases = [
        Phase(lambda steps: adam(steps, 5e-3), steps=0.1),
        Phase(lambda steps: ssbroyden(steps), hold=500),
    ]
    return timed_trace(problem, steps, every, held_out, Phases(steps, phases), hard=True)


def posed(problem: str, hard: bool):
    """The problem with conditions in the loss, or met by the form of the function."""
    import jax.numpy as jnp

    from neuralpde.equations import AllenCahn, Burgers
    from neuralpde.pinn import Boundary, Initial, Problem, problems
    from neuralpde.spaces import Box, Dirichlet

    if hard or problem == "cavity":
        named = {"burgers": problems.burgers, "allen_cahn": problems.allen_cahn, "cavity": problems.cavity}
        return named[problem](hard=hard)
    laws = {
        "burgers": (Burgers(VISCOSITY), lambda x: -jnp.sin(jnp.pi * x[0]), 0.0),
        "allen_cahn": (AllenCahn(), lambda x: x[0] ** 2 * jnp.cos(jnp.pi * x[0]), -1.0),
    }
    law, start, wall = laws[problem]
    return Problem(Box.of(x=(-1.0, 1.0), t=(0.0, 1.0)), law, [Boundary(Dirichlet(wall)), Initial(start)])


def adam_of(steps: int):
    from neuralpde.training import adam

    return adam(steps, RATE, schedule="constant")


def trained(problem: str, steps: int, optimizer, evaluate_every: int, measure=None, hard: bool = False):
    """The result of `fit`; ``measure`` is called with the candidate at every evaluation."""
    import jax
    import jax.numpy as jnp

    from neuralpde.nn import mlp
    from neuralpde.spaces import Neural
    from neuralpde.training import ResidualTask, fit

    class Measured(ResidualTask):
        def evaluate(self, model) -> dict[str, float]:
            return {self.monitor: 0.0 if measure is None else measure(model)}

    setting, problem_ = SETTINGS[problem], posed(problem, hard)
    counts = {"boundary": setting.boundary, "initial": setting.initial}
    stated = {condition.name for condition in problem_.conditions}
    network = mlp(2, setting.outputs, width=WIDTH, depth=DEPTH, activation=jnp.tanh, key=jax.random.key(0))
    task = Measured(
        problem_,
        setting.points,
        counts={name: count for name, count in counts.items() if name in stated},
        resample_every=None,
    )
    candidate = problem_.candidate(Neural(network, problem_.space))
    options = {"steps_per_call": 50, "evaluate_every": evaluate_every, "key": jax.random.key(1), "progress": False}
    return fit(candidate, task, optimizer, steps=steps, **options)


def timed_trace(problem, steps, every, held_out, optimizer, hard=False) -> Trace:
    """Seconds from the call of `fit` on, compilation included and the measuring left out."""
    import equinox as eqx
    import jax

    points, values = held_out
    answer = eqx.filter_jit(lambda model, x: jax.vmap(model.u)(x))
    clock = {"since": 0.0, "spent": 0.0}
    found: Trace = []

    def measure(model) -> float:
        clock["spent"] += time.perf_counter() - clock["since"]
        error = relative_l2(np.asarray(answer(model, points)), values)
        found.append((every * (len(found) + 1), clock["spent"], error))
        clock["since"] = time.perf_counter()
        return error

    clock["since"] = time.perf_counter()
    trained(problem, steps, optimizer, every, measure, hard)
    return found
