"""The problems of ``bench_pinn.py`` with jinns."""

from __future__ import annotations

import itertools
import time

import numpy as np
from pinn_settings import DEPTH, RATE, REYNOLDS, SETTINGS, VISCOSITY, WIDTH, Trace, traced


def speed(problem: str, steps: int) -> dict[str, float]:
    """Steps a second of ``jinns.solve``: the difference of a long run and a short one, which both compile the loop."""
    run = Solve(problem)
    run(10)  # what only the first run compiles
    short, long = run(10), run(steps + 10)
    return {"steps a second": steps / (long - short), "compilation": short}


def trace(problem: str, steps: int, every: int, held_out: tuple[np.ndarray, np.ndarray]) -> Trace:
    """Errors over the seconds of Adam; the loop is compiled anew for every piece, and counted once."""
    run = Solve(problem)
    compilation = run(10)
    once = iter([0.0])
    seconds = lambda count: run(count) - next(once, compilation)
    run = Solve(problem)
    return traced([every] * (steps // every), seconds, run.predict, held_out)


class Solve:
    """A training that goes on with every call."""

    def __init__(self, problem: str):
        import equinox as eqx
        import jax
        import jinns
        import optax

        self.key, self.optimizer, self.solve = jax.random.key(0), optax.adam(RATE), jinns.solve
        sizes = [2, *[WIDTH] * DEPTH, SETTINGS[problem].outputs]
        layers = [(eqx.nn.Linear, i, o) for i, o in itertools.pairwise(sizes)]
        listed = (*(part for layer in layers[:-1] for part in (layer, (jax.nn.tanh,))), layers[-1])
        kind = "PDEStatio" if problem == "cavity" else "PDENonStatio"
        self.u, weights = jinns.nn.PINN_MLP.create(key=self.key, eqx_list=listed, eq_type=kind)
        numbers = {"nu": 1 / REYNOLDS, "rho": 1.0} if problem == "cavity" else {"nu": VISCOSITY}
        self.params = jinns.parameters.Params(nn_params=weights, eq_params=numbers)
        make = cavity if problem == "cavity" else front
        self.loss, self.data = make(jinns, problem, self.u, self.params, self.key)
        self.state = None

    def __call__(self, steps: int) -> float:
        """Seconds of so many steps."""
        import jax

        start = time.perf_counter()
        found = self.solve(
            init_params=self.params,
            data=self.data,
            optimizer=self.optimizer,
            opt_state=self.state,
            loss=self.loss,
            n_iter=steps,
            key=self.key,
            verbose=False,
        )
        self.params, self.data, self.loss, self.state = found[0], found[3], found[4], found[5]
        jax.block_until_ready(jax.tree.leaves(self.params.nn_params))
        return time.perf_counter() - start

    def predict(self, points: np.ndarray) -> np.ndarray:
        import jax
        import jax.numpy as jnp

        at = jnp.asarray(points if self.u.eq_type == "PDEStatio" else points[:, ::-1])  # time is the first coordinate
        return np.asarray(jax.vmap(lambda x: self.u(x, self.params))(at))


def front(jinns, problem: str, u, params, key):
    import jax.numpy as jnp

    if problem == "burgers":
        law, wall, begin = jinns.loss.BurgersEquation(Tmax=1), 0.0, lambda x: -jnp.sin(jnp.pi * x)
    else:
        law, wall, begin = allen_cahn(jinns), -1.0, lambda x: x**2 * jnp.cos(jnp.pi * x)

    class Walls(jinns.loss.Dirichlet):
        @jinns.loss.equation_on_all_facets_equal
        def equation_f(self, inputs, params, gridify=False):
            return jnp.full((1,), wall)

    weights = jinns.loss.LossWeightsPDENonStatio(dyn_loss=1.0, boundary_loss=1.0, initial_condition=1.0)
    loss = jinns.loss.LossPDENonStatio(
        u=u,
        dynamic_loss=law,
        boundary_condition=Walls(),
        initial_condition_fun=begin,
        loss_weights=weights,
        params=params,
    )
    counts = {"n": SETTINGS[problem].points, "nb": SETTINGS[problem].boundary, "ni": SETTINGS[problem].initial}
    box = {"dim": 1, "min_pts": (-1.0,), "max_pts": (1.0,), "tmin": 0.0, "tmax": 1.0}
    return loss, jinns.data.CubicMeshPDENonStatio(key=key, **counts, **box)


def allen_cahn(jinns):
    import jax
    import jax.numpy as jnp

    class AllenCahn(jinns.loss.PDENonStatio):
        def equation(self, t_x, u, params):
            value = lambda z: jnp.squeeze(u(z, params))
            slope = jax.grad(value)
            u_xx = jax.grad(lambda z: slope(z)[1])(t_x)[1:2]
            v = value(t_x)
            return slope(t_x)[0:1] - 1e-4 * u_xx - 5 * (v - v**3)

    return AllenCahn()


def cavity(jinns, problem: str, u, params, key):
    """The level of the pressure, which the error leaves out, is left free: jinns has no condition at one point."""
    import jax.numpy as jnp

    class Walls(jinns.loss.Dirichlet):
        @jinns.loss.equation_on_all_facets_equal
        def equation_u(self, inputs, u, params):
            return u(inputs, params)[:2]

        @jinns.loss.equation_on_all_facets_equal
        def equation_f(self, inputs, params, gridify=False):
            x, y = inputs
            return jnp.stack([4 * x * (1 - x) * (y > 1 - 1e-6), jnp.zeros(())])

    loss = jinns.loss.LossPDEStatio(
        u=u,
        dynamic_loss=jinns.loss.NavierStokesMassConservation2DStatio(),
        boundary_condition=Walls(),
        loss_weights=jinns.loss.LossWeightsPDEStatio(dyn_loss=1.0, boundary_loss=1.0),
        params=params,
    )
    setting = SETTINGS[problem]
    box = {"dim": 2, "min_pts": (0.0, 0.0), "max_pts": (1.0, 1.0)}
    return loss, jinns.data.CubicMeshPDEStatio(key=key, n=setting.points, nb=setting.boundary, **box)
