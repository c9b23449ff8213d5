"""The problems of ``bench_pinn.py`` with neuralpde."""

from __future__ import annotations

import time

import numpy as np
from pinn_settings import DEPTH, RATE, SETTINGS, VISCOSITY, WIDTH, Trace, relative_l2


def speed(problem: str, steps: int) -> dict[str, float]:
    """Steps a second of the compiled loop, its compilation left out."""
    fitted = trained(problem, posed(problem), steps, adam_of(steps), evaluate_every=steps)
    return {
        "steps a second": fitted.samples_per_second / SETTINGS[problem].points,
        "compilation": fitted.compile_seconds,
    }


def trace(problem: str, steps: int, every: int, held_out: tuple[np.ndarray, np.ndarray]) -> Trace:
    """Errors over the seconds of Adam at the common settings."""
    return timed_trace(problem, posed(problem), steps, every, held_out, adam_of(steps))


def recipe(problem: str, steps: int, every: int, held_out: tuple[np.ndarray, np.ndarray]) -> Trace:
    """Errors over the seconds of the default recipe, that of ``experiment=pinn/burgers``, in double precision: conditions
    met by the form of the function, Burgers' equation on the half of its interval that tells the other one, points that
    follow the residual, Adam for a fiftieth of the steps and self-scaled Broyden.
    """
    import jax

    from neuralpde.pinn import RAD, problems
    from neuralpde.training import Phase, Phases, adam, ssbroyden

    jax.config.update("jax_enable_x64", True)
    phases = [
        Phase(lambda steps: adam(steps, 5e-3), steps=0.02),
        Phase(lambda steps: ssbroyden(steps), hold=500),
    ]
    points, values = held_out
    if problem == "burgers":
        sign = np.where(points[:, :1] < 0, -1.0, 1.0)
        held_out = np.concatenate([np.abs(points[:, :1]), points[:, 1:]], axis=1), sign * values
        posed_ = problems.burgers(half=True)
    else:
        posed_ = {"allen_cahn": problems.allen_cahn, "cavity": problems.cavity}[problem]()
    options = {"points": 4000, "resampling": RAD()}
    return timed_trace(problem, posed_, steps, every, held_out, Phases(steps, phases), options)


def posed(problem: str):
    """The problem with conditions in the loss."""
    import jax.numpy as jnp

    from neuralpde.equations import AllenCahn, Burgers
    from neuralpde.pinn import Boundary, Initial, Problem, problems
    from neuralpde.spaces import Box, Dirichlet

    if problem == "cavity":
        return problems.cavity(hard=False)
    laws = {
        "burgers": (Burgers(VISCOSITY), lambda x: -jnp.sin(jnp.pi * x[0]), 0.0),
        "allen_cahn": (AllenCahn(), lambda x: x[0] ** 2 * jnp.cos(jnp.pi * x[0]), -1.0),
    }
    law, start, wall = laws[problem]
    return Problem(Box.of(x=(-1.0, 1.0), t=(0.0, 1.0)), law, [Boundary(Dirichlet(wall)), Initial(start)])


def adam_of(steps: int):
    from neuralpde.training import adam

    return adam(steps, RATE, schedule="constant")


def trained(problem: str, posed_, steps: int, optimizer, evaluate_every: int, measure=None, options=None):
    """The result of `fit`; ``measure`` is called with the candidate at every evaluation."""
    import jax
    import jax.numpy as jnp

    from neuralpde.nn import mlp
    from neuralpde.spaces import Neural
    from neuralpde.training import ResidualTask, fit

    class Measured(ResidualTask):
        def evaluate(self, model) -> dict[str, float]:
            return {self.monitor: 0.0 if measure is None else measure(model)}

    setting = SETTINGS[problem]
    counts = {"boundary": setting.boundary, "initial": setting.initial}
    stated = {condition.name for condition in posed_.conditions}
    network = mlp(2, setting.outputs, width=WIDTH, depth=DEPTH, activation=jnp.tanh, key=jax.random.key(0))
    defaults = {
        "points": setting.points,
        "counts": {name: count for name, count in counts.items() if name in stated},
        "resample_every": None,
    }
    task = Measured(posed_, **(options or defaults))
    candidate = posed_.candidate(Neural(network, posed_.space))
    loop = {"steps_per_call": 50, "evaluate_every": evaluate_every, "key": jax.random.key(1), "progress": False}
    return fit(candidate, task, optimizer, steps=steps, **loop)


def timed_trace(problem, posed_, steps, every, held_out, optimizer, options=None) -> Trace:
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
    trained(problem, posed_, steps, optimizer, every, measure, options)
    return found
