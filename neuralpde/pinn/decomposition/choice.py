"""The reward of a choice of interface conditions: how exact the solution becomes with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neuralpde.errors import ArgumentError
from neuralpde.pinn.candidate import Candidate
from neuralpde.pinn.problem import Problem
from neuralpde.pinn.reference import reference_values

from .decomposed import VOCABULARY, decomposed
from .partition import AbstractPartition


def interface_reward(
    make: Callable[[Float[Array, " c"]], Problem],
    solve: Callable[[Problem], Candidate],
    cuts: Mapping[str, Sequence[float]] | None = None,
    names: Sequence[str] = tuple(VOCABULARY),
    partition: AbstractPartition | None = None,
    points: int = 4096,
) -> Callable[[Float[Array, " c"], Bool[Array, " k"]], float]:
    """``reward(context, subset) = -log(relative L2 error)`` for `play`, in a family of problems with known solutions.

    make: the problem of a context, its parameters. solve: trains an `xpinn` with these ``cuts`` on it, such as ``lambda
    problem: fit(...).best_model``. names: of the interface conditions to choose from (see `decomposed`). points: for the
    error of a reference that is no Field. A solution that is not finite counts as an error of e^10.

    Raises ``ValueError`` where the problem of a context has no reference.
    """
    names = tuple(names)

    def reward(context: Float[Array, " c"], subset: Bool[Array, " k"]) -> float:
        chosen = [name for name, taken in zip(names, np.asarray(subset), strict=True) if taken]
        problem = decomposed(make(context), cuts, chosen, partition)
        known = reference_values(problem, points, jax.random.key(2**31 - 4))
        if known is None:
            raise ArgumentError("A choice of conditions is judged by errors: the problem needs a reference.")
        error = known.relative_l2(solve(problem).u)[0]
        return float(-jnp.log(error)) if bool(jnp.isfinite(error)) else -10.0

    return reward
