"""Points and weights that follow the residual: a batch that is carried from step to step."""

from __future__ import annotations

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from neuralpde.nn import trainable
from neuralpde.pinn import AbstractBalance, AbstractResampling, Collocation, Term

from .failures import TrainingArgumentError
from .residual_batches import CarriedBatch, CollocationBatches

PROBES = 8


class ResidualView:
    """What a scheme of weights sees of a model: see `neuralpde.pinn.View`."""

    def __init__(self, model: Any, terms: dict[str, Term], points: dict[str, Collocation]):
        self._model, self._terms, self.points = model, terms, points
        self._parameters, self._rest = eqx.partition(model, trainable(model))

    def mean_squares(self) -> dict[str, Float[Array, ""]]:
        """Mean of |r|^2 of each term."""
        return {name: mean_square(self._rows(name, self._parameters), p.w) for name, p in self.points.items()}

    def gradients(self) -> dict[str, Any]:
        """Gradient of each mean square, a tree like the parameters."""
        return {
            name: jax.grad(lambda q, name=name, w=points.w: mean_square(self._rows(name, q), w))(self._parameters)
            for name, points in self.points.items()
        }

    def gradient_norms(self) -> dict[str, Float[Array, ""]]:
        """Norm of the gradient of each mean square."""
        return {name: jnp.sqrt(_squared(gradient)) for name, gradient in self.gradients().items()}

    def kernel_means(self, key: PRNGKeyArray) -> dict[str, Float[Array, ""]]:
        """Mean of |dr / dtheta|^2, by random signs (Hutchinson): E |J^T v|^2 is the trace of J J^T for v = +-1."""
        means = {}
        for (name, points), own_key in zip(self.points.items(), jax.random.split(key, len(self.points)), strict=True):
            rows, pull_back = jax.vjp(lambda q, name=name: self._rows(name, q), self._parameters)
            signs = jax.random.rademacher(own_key, (PROBES, *rows.shape), rows.dtype)
            scaled = jnp.sqrt(points.w)[:, None] * signs
            means[name] = jnp.mean(jax.vmap(lambda v, f=pull_back: _squared(f(v)[0]))(scaled))
        return means

    def sizes(self) -> dict[str, Float[Array, " n"]]:
        """|r| at each point."""
        return {name: size(self._rows(name, self._parameters)) for name in self.points}

    def _rows(self, name: str, parameters: Any) -> Float[Array, "n k"]:
        return self._terms[name].residuals(eqx.combine(parameters, self._rest), self.points[name])


class Renewal:
    """How the batch of a step comes from the one before, the model, the step and a key.

    resampling: schemes by the names of the terms whose points they renew, every ``batches.every`` steps; the points of the
    others are those of ``batches``. balance: the scheme of the factors. Raises `TrainingArgumentError` where factors of
    single points would outlive their points, and for names of no term.
    """

    def __init__(
        self,
        batches: CollocationBatches,
        resampling: dict[str, AbstractResampling],
        balance: AbstractBalance | None,
    ):
        unknown = sorted({*resampling} - {*batches.terms})
        if unknown:
            raise TrainingArgumentError(f"There is no condition {', '.join(unknown)} whose points could be renewed.")
        if balance is not None and balance.remembers_points and batches.every is not None:
            raise TrainingArgumentError(
                f"{type(balance).__name__} remembers something of every point; set resample_every=None, so that they stay."
            )
        if (
            balance is not None
            and balance.weighs_points
            and batches.every is not None
            and batches.every % balance.every
        ):
            raise TrainingArgumentError(
                f"{type(balance).__name__} weighs single points, which are new after {batches.every} steps; let its "
                f"every={balance.every} divide resample_every."
            )
        self._batches, self._resampling, self._balance = batches, resampling, balance

    def start(self, model: Any, key: PRNGKeyArray) -> CarriedBatch:
        """The batch of step 0."""
        batch = self._batches.batch(0, key)
        points = dict(batch.points)
        for name, scheme in self._resampling.items():
            points[name] = scheme.start(len(points[name].w), self._drawing(name), jax.random.fold_in(key, 1))
        if self._balance is None:
            return CarriedBatch(points, batch.weights, jnp.zeros((), jnp.int32))
        balanced = self._balance.start(ResidualView(model, self._batches.terms, points))
        return self._weighted(points, jnp.zeros((), jnp.int32), balanced)

    def renew(self, batch: CarriedBatch, model: Any, step: Int[Array, ""], key: PRNGKeyArray) -> CarriedBatch:
        """The batch of ``step`` > 0, of which ``batch`` is the last one before. A pure function; inside jit.

        Where batches are held for some steps, what was due meanwhile is done once.
        """
        key_points, key_balance = jax.random.split(jax.random.fold_in(key, step))
        every = self._batches.every
        points = batch.points
        if every is not None:
            points = jax.lax.cond(
                step // every != batch.step // every,
                lambda old: self._new_points(old, model, step, key, key_points),
                lambda old: old,
                points,
            )
        if self._balance is None or batch.balanced is None:
            return CarriedBatch(points, batch.weights, step)
        view = ResidualView(model, self._batches.terms, points)
        balanced = jax.lax.cond(
            step // self._balance.every != batch.step // self._balance.every,
            lambda old: self._balance.renew(old, view, key_balance),
            lambda old: old,
            batch.balanced,
        )
        return self._weighted(points, step, balanced)

    def _new_points(self, old, model, step, key, key_points) -> dict[str, Collocation]:
        points = dict(self._batches.batch(step, key).points)
        for name, scheme in self._resampling.items():
            term = self._batches.terms[name]
            size_of = lambda cloud, term=term: size(term.residuals(model, cloud))
            points[name] = scheme.renew(old[name], size_of, self._drawing(name), key_points)
        return points

    def _drawing(self, name: str):
        term = self._batches.terms[name]
        return lambda key, n: dataclasses.replace(term, n=n).points(key)

    def _weighted(self, points: dict[str, Collocation], step: Int[Array, ""], balanced: Any) -> CarriedBatch:
        weights = {name: self._batches.weights[name] * factor for name, factor in balanced.factors.items()}
        return CarriedBatch(points, weights, step, balanced)


def mean_square(rows: Float[Array, "n k"], w: Float[Array, " n"]) -> Float[Array, ""]:
    """The weighted mean of the squared sizes of residuals."""
    return jnp.sum(w * jnp.sum(rows**2, axis=1))


def size(rows: Float[Array, "n k"]) -> Float[Array, " n"]:
    """The size of the residual at each point."""
    squared = jnp.sum(rows**2, axis=1)
    return jnp.where(squared > 0, jnp.sqrt(jnp.where(squared > 0, squared, 1.0)), 0.0)


def _squared(tree: Any) -> Float[Array, ""]:
    return sum((jnp.sum(leaf**2) for leaf in jax.tree.leaves(tree)), jnp.zeros(()))
