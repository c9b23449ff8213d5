"""Learning the solution of a problem from its residuals: physics-informed neural networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from neuralpde.pinn import (
    AbstractBalance,
    AbstractResampling,
    AbstractSampler,
    Candidate,
    Interior,
    Problem,
    Term,
    Uniform,
    reference_values,
)
from neuralpde.pinn.terms import terms_of
from neuralpde.pinn.unknowns import scalars

from .failures import TrainingArgumentError
from .residual_batches import CarriedBatch, CollocationBatches, ResidualBatch
from .residual_renewal import Renewal, mean_square


class ResidualTask:
    """Make ``sum over conditions of weight * mean of |residual|^2`` small, means over points of each condition's set.

    The model is a `Candidate` (``problem.candidate(u)``). Raissi, Perdikaris & Karniadakis, J. Comput. Phys. 378 (2019)
    686.

    points: number of points inside. boundary_points: of every other condition; observations are all used. counts,
    weights: numbers of points, and factors of the mean squares, of single conditions by name (``problem.labels``),
    instead of those. sampler: how points are spread. resample_every: steps between new points; None: never.

    resampling: how new points follow the residual (`RAD`, `RARD`, `R3`): of the equations, or by the names of conditions.
    balance: how factors of the conditions follow the training; ``initial_weight`` and the like in the metrics are means
    over points. With one of the two, batches come from one another by `start` and `renew`, as `fit` knows; others are
    refused.

    `evaluate` measures at points that are not trained on: ``validation/loss``, the same sum, which is monitored, so that
    the reference has no part in the choice of the best model; and where the problem has a reference
    ``validation/relative_l2`` over domain and components. A reference that is a Field on a grid is compared with on its
    grid, others at ``evaluation_points`` points. ``initial_loss`` and the like in the
    metrics are mean squares without weights, and unknown numbers appear by their names.

    Raises `TrainingArgumentError` for names that no condition has, and for numbers that are no counts.
    """

    def __init__(
        self,
        problem: Problem,
        points: int = 1024,
        boundary_points: int = 128,
        *,
        counts: Mapping[str, int] | None = None,
        weights: Mapping[str, float] | None = None,
        sampler: AbstractSampler = Uniform(),
        resample_every: int | None = 1,
        resampling: AbstractResampling | Mapping[str, AbstractResampling] | None = None,
        balance: AbstractBalance | None = None,
        evaluation_points: int = 4096,
    ):
        counts, weights = dict(counts or {}), dict(weights or {})
        _check(problem, counts, weights, points, boundary_points, resample_every, evaluation_points)
        terms = terms_of(problem, points, boundary_points, counts, sampler)
        named = zip(problem.labels, problem.conditions, strict=True)
        factors = {name: weights.get(name, condition.weight) for name, condition in named}
        self.problem, self.terms = problem, terms
        self.batches = CollocationBatches(terms, factors, resample_every)
        self.carries_batches = resampling is not None or balance is not None
        self._renewal = Renewal(self.batches, _by_name(problem, resampling), balance)
        self.batch_size = points
        self.monitor = "validation/loss"
        self._reference = reference_values(problem, evaluation_points, jax.random.key(2**31 - 2))
        self._held_out_loss = eqx.filter_jit(self._loss_elsewhere)

    def loss(self, model: Any, batch: ResidualBatch, key: PRNGKeyArray) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The weighted sum; the mean square of each condition without weights; the unknown numbers."""
        rows = self._rows(model, batch)
        logged = {f"{name}_loss": mean_square(r, batch.points[name].w) for name, r in rows.items()}
        if isinstance(batch, CarriedBatch) and batch.balanced is not None:
            logged |= {f"{name}_weight": jnp.mean(weight) for name, weight in batch.weights.items()}
        weighted = [mean_square(r, batch.weights[name] * batch.points[name].w) for name, r in rows.items()]
        return sum(weighted, jnp.zeros(())), {**logged, **scalars(model.unknowns)}

    def residuals(self, model: Any, batch: ResidualBatch, key: PRNGKeyArray) -> Float[Array, " n"]:
        """All residuals, scaled so that the sum of their squares is the loss."""
        rows = self._rows(model, batch)
        scales = {name: jnp.sqrt(batch.weights[name] * batch.points[name].w) for name in rows}
        return jnp.concatenate([(scales[name][:, None] * r).reshape(-1) for name, r in rows.items()])

    def residual_blocks(self, batch: ResidualBatch, key: PRNGKeyArray) -> list[tuple[Callable, Any]]:
        """The same residuals one point at a time: see `residuals.residuals_of`."""

        def at_point(term: Term) -> Callable:
            return lambda model, point: point[1] * term.residual(model, point[0])

        scales = {name: jnp.sqrt(batch.weights[name] * points.w) for name, points in batch.points.items()}
        return [(at_point(term), (batch.points[name], scales[name])) for name, term in self.terms.items()]

    def start(self, model: Any, key: PRNGKeyArray) -> CarriedBatch:
        """The batch of step 0, where batches are carried."""
        return self._renewal.start(model, key)

    def renew(self, batch: CarriedBatch, model: Any, step: Int[Array, ""], key: PRNGKeyArray) -> CarriedBatch:
        """The batch of a later step from the one before: a pure function, for inside jit. The key stays the same."""
        return self._renewal.renew(batch, model, step, key)

    def evaluate(self, model: Candidate) -> dict[str, float]:
        """The loss at points of its own, and the relative L2 error where the solution is known."""
        found = {"validation/loss": self._held_out_loss(model, jax.random.key(2**31 - 1))}
        if self._reference is not None:
            errors = self._reference.relative_l2(self.problem.answer(model.u))
            found["validation/relative_l2"] = errors[0]
            names = [f"validation/relative_l2_{name}" for name in self.problem.answer_space.names]
            if len(names) > 1:
                found |= dict(zip(names, errors[1:], strict=True))
        return {name: float(value) for name, value in jax.device_get(found).items()}

    def _rows(self, model: Any, batch: ResidualBatch) -> dict[str, Float[Array, "n k"]]:
        if not isinstance(model, Candidate):
            raise TrainingArgumentError(
                f"ResidualTask trains a Candidate, got {type(model).__name__}; make one by problem.candidate(u)."
            )
        if self.carries_batches and not isinstance(batch, CarriedBatch):
            raise TrainingArgumentError(
                "This task carries points or weights from step to step, and was given a batch that was drawn without regard "
                "to the model; batches come from task.start and task.renew."
            )
        return {name: term.residuals(model, batch.points[name]) for name, term in self.terms.items()}

    def batch_elsewhere(self, key: PRNGKeyArray) -> CarriedBatch:
        """Points drawn without regard to a model, with the user's weights."""
        batch = self.batches.batch(0, key)
        return CarriedBatch(batch.points, batch.weights, jnp.zeros((), jnp.int32))

    def _loss_elsewhere(self, model: Any, key: PRNGKeyArray) -> Float[Array, ""]:
        return self.loss(model, self.batch_elsewhere(key), key)[0]


def _by_name(
    problem: Problem, resampling: AbstractResampling | Mapping[str, AbstractResampling] | None
) -> dict[str, AbstractResampling]:
    if isinstance(resampling, AbstractResampling):
        named = zip(problem.labels, problem.conditions, strict=True)
        return {name: resampling for name, condition in named if isinstance(condition, Interior)}
    return dict(resampling or {})


def _check(
    problem: Problem,
    counts: dict[str, int],
    weights: dict[str, float],
    points: int,
    boundary_points: int,
    resample_every: int | None,
    evaluation_points: int,
) -> None:
    unknown = sorted({*counts, *weights} - {*problem.labels})
    if unknown:
        raise TrainingArgumentError(
            f"No condition has the name {', '.join(unknown)}; the problem has {', '.join(problem.labels)}."
        )
    numbers = {"points": points, "boundary_points": boundary_points, "evaluation_points": evaluation_points}
    numbers |= {f"counts[{name!r}]": n for name, n in counts.items()}
    numbers |= {"resample_every": 1 if resample_every is None else resample_every}
    for name, n in numbers.items():
        if n < 1:
            raise TrainingArgumentError(f"{name} is a number of points or steps, at least 1; got {n}.")
    for name, weight in weights.items():
        if not weight >= 0:
            raise TrainingArgumentError(f"weights[{name!r}] is a factor of a mean square, not negative; got {weight}.")
