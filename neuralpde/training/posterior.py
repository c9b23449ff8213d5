"""How uncertain what was inferred is: Laplace's approximation of the posterior, with Gauss and Newton's Hessian."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.pinn import Estimate, Observations, Positive
from neuralpde.pinn.uncertainty import interval
from neuralpde.pinn.unknowns import scalars

from .failures import TrainingArgumentError
from .residual_batches import ResidualBatch
from .residual_task import ResidualTask
from .residuals import Residuals, residuals_of
from .second_order.jacobian import first_order, jacobian
from .state import Parts, put_together, take_apart

Quantity = Callable[[Any], Float[Array, "..."]]


class Laplace(eqx.Module):
    """A Gaussian posterior of all parameters around trained ones, weights of networks included.

    The loss is ``sum_i r_i^2``, and minus the logarithm of the posterior is the loss over ``2 tau^2``, where tau^2 is its
    variance of unit weight: the mean square of the rows of the data, over the degrees of freedom that fitting left them.
    So data have the deviation ``tau / sqrt(w / N)`` each, w and N weight and number of their condition, and residuals of
    the equation likewise. With J = dr/dtheta the covariance is tau^2 (J^T J)^-1, and that of a quantity g is g' of it:
    the other parameters are integrated out. For some parameters alone it is their block, the inverse of Schur's complement
    of that of the weights. Exact where the residuals are linear and the equation has errors as its weight says; with a
    large weight of the equation, where the equation is exact.

    factor: R of J = Q R. unit: tau. freedom: degrees of freedom of the data. noise: deviations of the data, by condition.
    MacKay, Neural Computation 4 (1992) 448.
    """

    parts: Parts
    factor: Float[Array, "p p"]
    unit: Float[Array, ""]
    freedom: Float[Array, ""]
    noise: dict[str, Float[Array, ""]]

    @property
    def model(self) -> Any:
        """The model in the middle."""
        return put_together(self.parts.parameters, self.parts.frozen, self.parts.static)

    def covariance(self, quantity: Quantity) -> Float[Array, "m m"]:
        """Covariance of the entries of ``quantity(model)``: numbers that were inferred, values of a coefficient at points."""
        flat, restore = ravel_pytree(self.parts.parameters)
        at = lambda x: jnp.ravel(quantity(put_together(restore(x), self.parts.frozen, self.parts.static)))
        half = jax.scipy.linalg.solve_triangular(self.factor, jax.jacrev(at)(flat).T, trans=1)
        return self.unit**2 * half.T @ half

    def deviation(self, quantity: Quantity) -> Float[Array, " m"]:
        """Standard deviations of the entries of ``quantity(model)``."""
        return jnp.sqrt(jnp.diag(self.covariance(quantity)))

    def estimates(self, level: float = 0.95) -> dict[str, Estimate]:
        """The unknown numbers of a candidate, with intervals of probability ``level`` (Student's t).

        The interval of a `Positive` one is that of its logarithm.
        """
        names = list(scalars(self.model.unknowns))
        if not names:
            return {}
        logarithmic = [isinstance(self.model.unknowns[name], Positive) for name in names]
        values, deviations = eqx.filter_jit(_numbers)(self, tuple(names), tuple(logarithmic))
        rows = zip(names, np.asarray(values), np.asarray(deviations), logarithmic, strict=True)
        return {name: interval(v, d, log, level, float(self.freedom)) for name, v, d, log in rows}


def laplace(
    task: ResidualTask, model: Any, key: PRNGKeyArray, *, batch: ResidualBatch | None = None, chunk: int = 64
) -> Laplace:
    """The posterior of a trained candidate, on points of ``key`` or on a given batch.

    Directions of the weights that change no residual by more than round-off of the largest are held. J is made as a whole,
    ``chunk`` points at once, so this is for thousands of residuals and parameters. Traceable in ``model`` and ``batch``.

    Raises `TrainingArgumentError` where the problem has no `Observations` that could tell the noise.
    """
    data = [name for name, term in task.terms.items() if isinstance(term.condition, Observations)]
    if not data:
        raise TrainingArgumentError(
            "The deviation of the noise is that of the data from the solution, and this problem has no condition "
            "Observations."
        )
    return _posterior(task, take_apart(model), batch, key, tuple(data), chunk)


@eqx.filter_jit
def _posterior(
    task: ResidualTask, parts: Parts, batch: ResidualBatch | None, key: PRNGKeyArray, data: Sequence[str], chunk: int
) -> Laplace:
    batch = task.batch_elsewhere(key) if batch is None else batch
    x, restore = ravel_pytree(parts.parameters)
    told = residuals_of(task, parts.frozen, parts.static, batch, key).after(restore)
    blocks = {
        name: Residuals(lambda x, b=block: jax.vmap(b.function, (None, 0))(x, b.points).reshape(-1), (block,))
        for name, block in zip(task.terms, told.blocks, strict=True)
    }
    rows = {name: jacobian(block, x, first_order(block, x), chunk) for name, block in blocks.items()}
    whole = jnp.concatenate(list(rows.values()))
    held = jnp.sqrt(len(x)) * jnp.finfo(x.dtype).eps * jnp.linalg.norm(whole)
    factor = jnp.linalg.qr(jnp.concatenate([whole, held * jnp.eye(len(x), dtype=x.dtype)]), mode="r")
    seen = jnp.concatenate([rows[name] for name in data])
    used = jnp.sum(jax.scipy.linalg.solve_triangular(factor, seen.T, trans=1) ** 2)
    freedom = len(seen) - used
    unit = jnp.sqrt(sum(jnp.sum(blocks[name](x) ** 2) for name in data) / freedom)
    noise = {name: unit / jnp.sqrt(jnp.mean(batch.weights[name] * batch.points[name].w)) for name in data}
    return Laplace(parts, factor, unit, freedom, noise)


def _numbers(posterior: Laplace, names: tuple[str, ...], logarithmic: tuple[bool, ...]) -> tuple[Array, Array]:
    """Values of the unknown numbers, and the deviations of them or of their logarithms."""

    def values(model):
        found = scalars(model.unknowns)
        return jnp.stack([found[name] for name in names])

    def transformed(model):
        v = values(model)
        return jnp.where(jnp.asarray(logarithmic), jnp.log(jnp.abs(v)), v)

    return values(posterior.model), posterior.deviation(transformed)
