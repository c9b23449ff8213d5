"""Linear problems by one linear least-squares solve for the last layers of networks.

A function is affine in the last layers of its networks, and so are the residuals of a linear equation with linear
conditions. With hidden layers that stay, random ones (`neuralpde.nn.extreme_learning_machine`) or trained ones, the best
last layers are found at once (Dong & Li, Comput. Methods Appl. Mech. Engrg. 387 (2021) 114129; in windows: Anderson,
Dolean, Moseley & Pestana, arXiv 2408.06003, 2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import Stacked
from neuralpde.spaces import Neural

from .candidate import Candidate
from .problem import Problem
from .sampling import Uniform
from .sampling.sampler import AbstractSampler
from .terms import terms_of

CHUNK = 256
"""Points whose rows are made at once."""


def solve_heads(
    candidate: Candidate,
    problem: Problem,
    points: int = 1024,
    boundary_points: int = 128,
    *,
    counts: Mapping[str, int] | None = None,
    weights: Mapping[str, float] | None = None,
    sampler: AbstractSampler = Uniform(),
    ridge: float | None = None,
    key: PRNGKeyArray,
) -> Candidate:
    """``candidate`` with the last layers of its networks that make the loss of a linear problem smallest.

    The loss is that of `neuralpde.training.ResidualTask` with the same arguments, at points drawn once. A solver of its
    own, or the start of a training. ridge: see `damped_least_squares`.

    Raises ``ValueError`` where residuals are not affine in the last layers: the equation or a condition is not linear.
    """
    weights = dict(weights or {})
    terms = terms_of(problem, points, boundary_points, dict(counts or {}), sampler)
    by_name = zip(terms, problem.conditions, strict=True)
    factors = {name: weights.get(name, condition.weight) for name, condition in by_name}
    theta, affine = _solved(candidate, terms, factors, ridge, key)
    bent = [name for name, fits in affine.items() if not bool(fits)]
    if bent:
        raise ArgumentError(
            f"The residuals of {', '.join(bent)} are not affine in the last layers, so the problem is not linear; train the "
            "candidate by a method for nonlinear problems, such as levenberg_marquardt."
        )
    _, restore = ravel_pytree(heads(candidate))
    return eqx.tree_at(heads, candidate, restore(theta))


@eqx.filter_jit
def _solved(candidate, terms, factors, ridge, key) -> tuple[Float[Array, " p"], dict[str, Bool[Array, ""]]]:
    """The parameters of the heads, and whether the residuals of each term are affine in them."""
    start, restore = ravel_pytree(heads(candidate))
    put = lambda theta: eqx.tree_at(heads, candidate, restore(theta))
    zero, probe = jnp.zeros_like(start), jax.random.normal(jax.random.fold_in(key, 1), start.shape, start.dtype)
    rows, values, affine = [], [], {}
    for (name, term), k in zip(terms.items(), jax.random.split(key, len(terms)), strict=True):
        drawn = term.points(k)
        residual = lambda theta, point, term=term: term.residual(put(theta), point)
        to_first_order = lambda point, residual=residual: (
            residual(zero, point),
            jax.jacrev(residual)(zero, point),
            residual(probe, point),
        )
        r, J, probed = jax.lax.map(to_first_order, drawn, batch_size=CHUNK)
        # Round-off grows with what is added up, a true curvature is of the size of the change itself.
        size = jnp.abs(r) + jnp.abs(J) @ jnp.abs(probe) + jnp.abs(probed)
        affine[name] = jnp.all(jnp.abs(probed - r - J @ probe) <= jnp.finfo(start.dtype).eps ** 0.5 * size)
        scale = jnp.sqrt(factors[name] * drawn.w)[:, None]
        rows.append((scale[..., None] * J).reshape(-1, len(start)))
        values.append((scale * r).reshape(-1))
    return damped_least_squares(jnp.concatenate(rows), -jnp.concatenate(values), ridge), affine


def damped_least_squares(
    J: Float[Array, "n p"], b: Float[Array, " n"], ridge: float | None = None
) -> Float[Array, " p"]:
    """The minimiser of ``|J theta - b|^2 + (ridge sigma)^2 |theta|^2``, sigma = |J|_F / sqrt(p), by QR factorisation.

    Features of networks are nearly dependent: the ridge bounds the parameters by ``|b| / (2 ridge sigma)`` where the
    residual hardly feels them. By default it is eps^0.8, 3e-13 in double precision.
    """
    p = J.shape[1]
    ridge = float(jnp.finfo(J.dtype).eps) ** 0.8 if ridge is None else ridge
    damping = ridge * jnp.linalg.norm(J) / p**0.5
    Q, R = jnp.linalg.qr(jnp.concatenate([J, damping * jnp.eye(p, dtype=J.dtype)]))
    return jax.scipy.linalg.solve_triangular(R, Q[: len(b)].T @ b)


def heads(model: Any) -> list[Any]:
    """Weights and biases of the last layers of all networks in a function or a candidate.

    Raises ``ValueError`` where there is no function of a network, or one without a linear last layer.
    """
    u = model.u if isinstance(model, Candidate) else model
    holds_networks = lambda node: isinstance(node, Neural | Stacked)
    found = filter(holds_networks, jax.tree.leaves(u, is_leaf=holds_networks))
    networks = [node.network if isinstance(node, Neural) else node.networks for node in found]
    layers = [_last_layer(network) for network in networks]
    if not layers:
        raise ArgumentError(f"There is no network in {type(model).__name__} whose last layer could be solved for.")
    return [p for layer in layers for p in (layer.weight, layer.bias) if p is not None]


def _last_layer(network: Any) -> Any:
    last = network.layers[-1] if isinstance(network, eqx.nn.MLP) else getattr(network, "head", None)
    if isinstance(last, eqx.nn.MLP):
        last = last.layers[-1]
    if not isinstance(last, eqx.nn.Linear):
        raise ArgumentError(
            f"Last layers are solved for where they are linear; the one of {type(network).__name__} is {type(last).__name__}."
        )
    return last
