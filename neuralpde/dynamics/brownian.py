"""Brownian motions for a solver: what drives the noise, and how much of its path the solver has to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import lineax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from neuralpde.errors import ArgumentError

Diffusion = Callable[[Any, Any, Any], Any]
"""``diffusion(t, y, args)``: numbers with the structure and shapes of y for diagonal noise, a matrix (c, m) for a
state (c,) driven by m Brownian motions, or any linear operator of lineax from a noise of any structure to states."""


def diffusion_operator(diffusion: Diffusion) -> Callable[[Any, PyTree, Any], lineax.AbstractLinearOperator]:
    """The diffusion as a linear operator from noise to states.

    Calling it raises ``ArgumentError`` where the answer is none of the three kinds.
    """

    def operator(t, y, args):
        g = diffusion(t, y, args)
        if isinstance(g, lineax.AbstractLinearOperator):
            return g
        if _shapes(g) == _shapes(y):
            return lineax.DiagonalLinearOperator(g)
        if isinstance(g, jax.Array) and isinstance(y, jax.Array) and y.ndim == 1 and g.shape[:-1] == y.shape:
            return lineax.MatrixLinearOperator(g)
        raise ArgumentError(
            f"A diffusion gives one number for each entry of the state (diagonal noise), a matrix (c, m) for a state "
            f"(c,), or a lineax operator; for a state of {_shapes(y)} it gave {_shapes(g)}."
        )

    return operator


def noise_structure(diffusion: Diffusion, t0: Array, y0: PyTree, args: Any) -> PyTree:
    """Shapes and types of the Brownian motions that a diffusion takes."""
    found = {}

    def probe(t, y, args):
        found["in"] = diffusion_operator(diffusion)(t, y, args).in_structure()
        return 0

    jax.eval_shape(probe, t0, y0, args)
    return found["in"]


def levy_area(solver: diffrax.AbstractSolver) -> type:
    """What of each interval of a Brownian path the solver needs: W alone, W with H, or W, H and K.

    H and K are the space-time and space-time-time Lévy areas (Foster, Lyons & Oberhauser, "An optimal polynomial
    approximation of Brownian motion", SIAM J. Numer. Anal. 2020). The path of one key is another for another area.
    """
    needed = getattr(solver, "minimal_levy_area", diffrax.AbstractBrownianIncrement)
    kinds = (diffrax.BrownianIncrement, diffrax.SpaceTimeLevyArea, diffrax.SpaceTimeTimeLevyArea)
    return next(kind for kind in kinds if issubclass(kind, needed))


def brownian_tree(
    solver: diffrax.AbstractSolver, structure: PyTree, t0: Any, t1: Any, tolerance: Any, key: PRNGKeyArray
) -> diffrax.VirtualBrownianTree:
    """A Brownian path over [t0, t1] with what the solver needs, resolved to differences of time ``tolerance``.

    One key gives one path whatever the steps, unless they are shorter than ``tolerance``.
    """
    return diffrax.VirtualBrownianTree(t0, t1, tolerance, structure, key, levy_area(solver))


def drawn_increments(structure: PyTree, steps: Float[Array, " step"], key: PRNGKeyArray) -> PyTree:
    """W(t + h) - W(t) ~ N(0, h) for every step of length h and each Brownian motion: leaves (step, ...)."""
    leaves, tree = jax.tree.flatten(structure)
    keys = jax.random.split(key, len(leaves))
    draw = lambda key, s: jax.random.normal(key, (len(steps), *s.shape), s.dtype)
    drawn = [draw(k, s) for k, s in zip(keys, leaves, strict=True)]
    scale = lambda z: z * jnp.sqrt(steps.astype(z.dtype)).reshape(-1, *[1] * (z.ndim - 1))
    return jax.tree.unflatten(tree, [scale(z) for z in drawn])


def increments_of(path: diffrax.AbstractPath, times: Float[Array, " time"]) -> PyTree:
    """Increments of a path between each two of the times: leaves (step, ...)."""
    return jax.vmap(path.evaluate)(times[:-1], times[1:])


def _shapes(state: PyTree) -> Any:
    return jax.tree.map(jnp.shape, state)
