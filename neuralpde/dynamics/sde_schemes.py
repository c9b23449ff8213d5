"""One step of the schemes for stochastic differential equations that need increments of the Brownian motion alone.

A scheme is ``(start, step)``: ``start(problem, t0, y0)`` makes what is carried from step to step besides the state,
``step(problem, t, h, y, carry, dW)`` advances both. States and noise are pytrees; G dW is a linear operator's product.
Orders and conventions are those of Kloeden & Platen (1992) and of the solvers of diffrax of the same names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import lineax
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree


class Problem(NamedTuple):
    """dy = f(t, y) dt + G(t, y) dW with G a linear operator of lineax."""

    drift: Callable[[Any, PyTree], PyTree]
    operator: Callable[[Any, PyTree], Any]

    def noise(self, t: Any, y: PyTree, dw: PyTree) -> PyTree:
        """G(t, y) dW."""
        return self.operator(t, y).mv(dw)


class Scheme(NamedTuple):
    """What is carried at the start, and one step."""

    start: Callable[[Problem, Any, PyTree], Any]
    step: Callable[[Problem, Any, Any, PyTree, Any, PyTree], tuple[PyTree, Any]]


def combine(y: PyTree, *terms: tuple[Any, PyTree]) -> PyTree:
    """y + sum_i c_i z_i, leaf by leaf, in the precision of y."""
    add = lambda y, *z: y + sum(jnp.asarray(c, y.dtype) * z for (c, _), z in zip(terms, z, strict=True))
    return jax.tree.map(add, y, *(z for _, z in terms))


def _nothing(problem: Problem, t0: Any, y0: PyTree) -> None:
    return None


def euler(problem: Problem, t: Any, h: Any, y: PyTree, carry: None, dw: PyTree) -> tuple[PyTree, None]:
    """y + f h + G dW (Euler & Maruyama; Ito)."""
    return combine(y, (h, problem.drift(t, y)), (1, problem.noise(t, y, dw))), carry


def euler_heun(problem: Problem, t: Any, h: Any, y: PyTree, carry: None, dw: PyTree) -> tuple[PyTree, None]:
    """y + f h + (G(t, y) + G(t, y + G dW)) dW / 2 (Stratonovich)."""
    g = problem.noise(t, y, dw)
    predicted = problem.noise(t, combine(y, (1, g)), dw)
    return combine(y, (h, problem.drift(t, y)), (0.5, g), (0.5, predicted)), carry


def heun(problem: Problem, t: Any, h: Any, y: PyTree, carry: None, dw: PyTree) -> tuple[PyTree, None]:
    """The trapezium rule in drift and noise, from an Euler predictor (Stratonovich)."""
    f, g = problem.drift(t, y), problem.noise(t, y, dw)
    end, predicted = t + h, combine(y, (h, f), (1, g))
    f1, g1 = problem.drift(end, predicted), problem.noise(end, predicted, dw)
    return combine(y, (0.5 * h, f), (0.5 * h, f1), (0.5, g), (0.5, g1)), carry


def stratonovich_milstein(problem: Problem, t: Any, h: Any, y: PyTree, carry: None, dw: PyTree) -> tuple[PyTree, None]:
    """y + f h + G dW + D(G dW)[G dW] / 2, for commutative noise (Stratonovich)."""
    noise = lambda y: problem.noise(t, y, dw)
    g = noise(y)
    _, second = jax.jvp(noise, (y,), (g,))
    return combine(y, (h, problem.drift(t, y)), (1, g), (0.5, second)), carry


def ito_milstein(problem: Problem, t: Any, h: Any, y: PyTree, carry: None, dw: PyTree) -> tuple[PyTree, None]:
    """Milstein's step of Stratonovich from the drift f - `noise_drift`, for commutative noise (Ito)."""
    after, _ = stratonovich_milstein(problem, t, h, y, carry, dw)
    return combine(after, (-h, noise_drift(problem, t, y, commutative=True))), carry


def noise_drift(problem: Problem, t: Any, y: PyTree, commutative: bool = False) -> PyTree:
    """1/2 sum_j D(G e_j)[G e_j]: what the drift of Ito's integral has more than that of Stratonovich's.

    A derivative for each Brownian motion; a single one where the noise is diagonal and ``commutative``, which means
    that entry i of G depends on entry i of the state alone.
    """
    operator = problem.operator(t, y)
    zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), operator.in_structure())

    def along(e: PyTree) -> PyTree:
        noise = lambda y: problem.noise(t, y, e)
        return jax.jvp(noise, (y,), (noise(y),))[1]

    if commutative and isinstance(operator, lineax.DiagonalLinearOperator):
        return jax.tree.map(lambda x: 0.5 * x, along(jax.tree.map(jnp.ones_like, zeros)))
    flat, unravel = ravel_pytree(zeros)
    each = jax.vmap(lambda e: along(unravel(e)))(jnp.eye(flat.size, dtype=flat.dtype))
    return jax.tree.map(lambda x: 0.5 * x.sum(0), each)


def _reversible_start(problem: Problem, t0: Any, y0: PyTree) -> tuple[PyTree, PyTree, Any]:
    return y0, problem.drift(t0, y0), problem.operator(t0, y0)


def reversible_heun(problem: Problem, t: Any, h: Any, y: PyTree, carry: tuple, dw: PyTree) -> tuple[PyTree, tuple]:
    """Kidger, Foster, Li & Lyons, "Efficient and accurate gradients for neural SDEs", NeurIPS 2021 (Stratonovich)."""
    hat, f, g = carry
    noise = g.mv(dw)
    hat1 = combine(jax.tree.map(lambda a, b: 2 * a - b, y, hat), (h, f), (1, noise))
    f1, g1 = problem.drift(t + h, hat1), problem.operator(t + h, hat1)
    after = combine(y, (0.5 * h, f), (0.5 * h, f1), (0.5, noise), (0.5, g1.mv(dw)))
    return after, (hat1, f1, g1)


SCHEMES: dict[type, Scheme] = {
    diffrax.Euler: Scheme(_nothing, euler),
    diffrax.EulerHeun: Scheme(_nothing, euler_heun),
    diffrax.Heun: Scheme(_nothing, heun),
    diffrax.ItoMilstein: Scheme(_nothing, ito_milstein),
    diffrax.StratonovichMilstein: Scheme(_nothing, stratonovich_milstein),
    diffrax.ReversibleHeun: Scheme(_reversible_start, reversible_heun),
}
"""By the solver of diffrax that makes the same steps."""
