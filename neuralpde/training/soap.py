"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al., arXiv 2409.11321)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from .failures import TrainingArgumentError
from .optimizers import chained, descend
from .schedules import ScheduleConstructor, make_schedule


class Basis(NamedTuple):
    """Of the matrices G on the last two axes of an array: averages of G G^T and G^T G, and bases near their eigenbases.

    A side that is longer than the limit is left as it is: its arrays are empty.
    """

    left: Float[Array, "*batch m m"]
    right: Float[Array, "*batch n n"]
    left_basis: Float[Array, "*batch m m"]
    right_basis: Float[Array, "*batch n n"]


class SoapState(NamedTuple):
    """``mean`` of the gradients, ``square`` of the rotated ones; ``bases`` has None for vectors and scalars."""

    count: Int[Array, ""]
    mean: PyTree
    square: PyTree
    bases: PyTree


def soap(
    steps: int,
    learning_rate: float = 3e-3,
    weight_decay: float = 0.0,
    schedule: str | ScheduleConstructor = "onecycle",
    b1: float = 0.95,
    b2: float = 0.95,
    eps: float = 1e-8,
    refresh: int = 10,
    largest: int = 4096,
    clip: float | None = None,
) -> optax.GradientTransformation:
    """Adam in the eigenbases of the averages of G G^T and G^T G, for matrices G; plain Adam for vectors and scalars.

    An array of two or more axes is a matrix on its last two; axes before them are a batch. The bases are refreshed every
    ``refresh`` steps by one iteration of the power method; sides longer than ``largest`` are not rotated. The first
    gradient makes the bases and moves nothing. Raises `TrainingArgumentError` for complex parameters.
    """
    if refresh < 1:
        raise TrainingArgumentError(f"refresh is a number of steps, at least 1; got refresh={refresh}.")
    return chained(
        clip,
        scale_by_soap(b1, b2, eps, refresh, largest),
        optax.add_decayed_weights(weight_decay),
        descend(make_schedule(schedule, steps, learning_rate)),
    )


def scale_by_soap(b1: float, b2: float, eps: float, refresh: int, largest: int) -> optax.GradientTransformation:
    """The direction of `soap`."""

    def init(parameters):
        leaves = jax.tree.leaves(parameters)
        if any(jnp.iscomplexobj(leaf) for leaf in leaves):
            raise TrainingArgumentError("soap needs real parameters; use adamw for a model with complex ones.")
        zero = jax.tree.map(jnp.zeros_like, parameters)
        return SoapState(jnp.int32(0), zero, zero, [_first_basis(leaf, largest) for leaf in leaves])

    def update(gradients, state, parameters=None):
        del parameters
        leaves, tree = jax.tree.flatten(gradients)
        mean = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state.mean, gradients)
        rotated = [_rotate(g, basis) for g, basis in zip(leaves, state.bases, strict=True)]
        square = [b2 * v + (1 - b2) * g**2 for v, g in zip(jax.tree.leaves(state.square), rotated, strict=True)]
        # The first gradient is not in the averages: it only makes the bases.
        first, made = state.count == 0, jnp.maximum(state.count, 1)
        correction = jnp.sqrt(1 - b2**made) / (1 - b1**made)
        directions = [
            _rotate_back(correction.astype(m.dtype) * _rotate(m, basis) / (jnp.sqrt(v) + eps), basis)
            for m, v, basis in zip(jax.tree.leaves(mean), square, state.bases, strict=True)
        ]
        averaged = [_averaged(basis, g, b2, first) for basis, g in zip(state.bases, leaves, strict=True)]

        def keep():
            return averaged, square

        def turn():
            turned = [_turned(basis, v) for basis, v in zip(averaged, square, strict=True)]
            return [basis for basis, _ in turned], [v for _, v in turned]

        def start():
            return [_eigenbases(basis) for basis in averaged], square

        choice = jnp.where(first, 2, (state.count % refresh == 0).astype(jnp.int32))
        bases, square = jax.lax.switch(choice, [keep, turn, start])

        def after_first(new, old):
            return jax.tree.map(lambda n, o: jnp.where(first, o, n), new, old)

        zero = jax.tree.map(jnp.zeros_like, gradients)
        state = SoapState(
            state.count + 1,
            after_first(mean, state.mean),
            after_first(jax.tree.unflatten(tree, square), state.square),
            bases,
        )
        return after_first(jax.tree.unflatten(tree, directions), zero), state

    return optax.GradientTransformation(init, update)


def _first_basis(leaf: Array, largest: int) -> Basis | None:
    if leaf.ndim < 2:
        return None
    *batch, m, n = leaf.shape
    sides = [jnp.zeros((*batch, size, size) if size <= largest else (0,), leaf.dtype) for size in (m, n)]
    return Basis(*sides, *sides)


def _averaged(basis: Basis | None, g: Array, b2: float, first: Array) -> Basis | None:
    if basis is None:
        return None

    def average(old, new):
        return jnp.where(first, new, b2 * old + (1 - b2) * new) if old.size else old

    transposed = jnp.swapaxes(g, -1, -2)
    return basis._replace(left=average(basis.left, g @ transposed), right=average(basis.right, transposed @ g))


def _rotate(g: Array, basis: Basis | None) -> Array:
    """``Q_L^T G Q_R``."""
    if basis is None:
        return g
    g = jnp.swapaxes(basis.left_basis, -1, -2) @ g if basis.left_basis.size else g
    return g @ basis.right_basis if basis.right_basis.size else g


def _rotate_back(g: Array, basis: Basis | None) -> Array:
    """``Q_L G Q_R^T``."""
    if basis is None:
        return g
    g = basis.left_basis @ g if basis.left_basis.size else g
    return g @ jnp.swapaxes(basis.right_basis, -1, -2) if basis.right_basis.size else g


def _eigenbases(basis: Basis | None) -> Basis | None:
    """The bases of the averages, by their eigenvectors, large eigenvalues first."""
    if basis is None:
        return None
    left, right = (jnp.linalg.eigh(a)[1][..., ::-1] if a.size else a for a in (basis.left, basis.right))
    return basis._replace(left_basis=left, right_basis=right)


def _turned(basis: Basis | None, square: Array) -> tuple[Basis | None, Array]:
    """One power iteration from the bases, ordered by the sizes of their columns, which ``square`` follows."""
    if basis is None:
        return None, square
    left, order = _iterated(basis.left, basis.left_basis)
    square = square if order is None else jnp.take_along_axis(square, order[..., :, None], axis=-2)
    right, order = _iterated(basis.right, basis.right_basis)
    square = square if order is None else jnp.take_along_axis(square, order[..., None, :], axis=-1)
    return basis._replace(left_basis=left, right_basis=right), square


def _iterated(average: Array, q: Array) -> tuple[Array, Array | None]:
    if not average.size:
        return q, None
    image = average @ q
    order = jnp.argsort(-jnp.sum(q * image, axis=-2), axis=-1)
    turned, _ = jnp.linalg.qr(jnp.take_along_axis(image, order[..., None, :], axis=-1))
    return turned, order
