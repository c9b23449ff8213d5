"""Errors of the log-ODE method for a controlled equation, as rows of the table of orders."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from neuralpde.dynamics import Method, log_ode_field, solve

WINDOWS = (4, 8, 16)
PIECES = 8192


def field(z):
    """A matrix (2, 2) whose columns do not commute."""
    return jnp.array([[jnp.sin(z[1]), jnp.cos(z[0])], [z[0] * jnp.cos(z[1]), 0.5 + jnp.sin(z[0] + z[1])]])


def path(t):
    """A smooth path in the plane."""
    return jnp.stack([jnp.sin(2 * t), jnp.cos(3 * t)], axis=-1)


def solution() -> jax.Array:
    """The state at time 1, by the rule of chains: z' = f(z) X'."""
    rate = jax.jacfwd(path)
    method = Method(diffrax.Dopri8(), rtol=1e-12, atol=1e-12)
    return solve(lambda t, z, args: field(z) @ rate(t), jnp.array([0.3, -0.2]), (0.0, 1.0), method).last


def log_ode(windows: int, depth: int) -> jax.Array:
    """The state at time 1 by so many windows, each solved far below its own error, as are the pieces of the path."""
    values = path(jnp.linspace(0.0, 1.0, PIECES + 1))
    each = PIECES // windows
    index = np.arange(windows)[:, None] * each + np.arange(each + 1)
    method = Method(diffrax.Dopri5(), substeps=4, statistics=False)

    def window(z, values):
        return solve(log_ode_field(field, values, depth), z, (0.0, 1.0), method).last, None

    return jax.lax.scan(window, jnp.array([0.3, -0.2]), values[index])[0]


def log_ode_rows() -> list[tuple[str, str, float, list[float]]]:
    """Rule, where, expected order, errors as the number of windows doubles.

    The area of a smooth path over a window is of third order, so the increment alone is a method of second order; what
    depth two leaves out begins with brackets of the fourth order.
    """
    exact = jax.jit(solution)()
    rows = []
    for depth, order in ((1, 2.0), (2, 4.0)):
        found = [jax.jit(lambda n=n, d=depth: log_ode(n, d))() for n in WINDOWS]
        errors = [float(jnp.linalg.norm(z - exact)) for z in found]
        rows.append((f"log-ODE of depth {depth}", "smooth path in the plane", order, errors))
    return rows
