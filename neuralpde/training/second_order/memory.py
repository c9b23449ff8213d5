"""What a quasi-Newton method remembers of the Hessian: all of its inverse, or the latest steps."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, PyTree

from ..failures import TrainingArgumentError
from .self_scaled import Scalar, Scaling, updated

LARGEST = 30_000
"""Parameters of a dense memory: 7 GB in float64."""


@dataclasses.dataclass(frozen=True)
class DenseMemory:
    """The inverse Hessian, updated by `self_scaled.updated`.

    It starts from the identity; while ``fresh`` the direction is ``-min(1, 1/|g|) g``, as the search tries a length of 1
    first. An identity scaled to the largest curvature instead (``y.s / y.y``) takes many more steps where curvatures are
    of many sizes: what is too small in H grows slowly, what is too large shrinks at once.

    H is positive definite whatever batch it was learned on, so that its directions descend on another one too.
    """

    scaling: Scaling
    outlives_batches: bool = True

    def init(self, n: int, dtype: Any) -> Float[Array, "n n"]:
        """Zeros; raises `TrainingArgumentError` for more parameters than n^2 numbers can serve."""
        if n > LARGEST:
            raise TrainingArgumentError(
                f"The inverse Hessian of {n} parameters has {n}^2 entries, which are too many beyond {LARGEST} parameters; "
                "use lbfgs, or a smaller network."
            )
        return jnp.zeros((n, n), dtype)

    def direction(
        self, memory: Float[Array, "n n"], fresh: Bool[Array, ""], x: Float[Array, " n"], g: Float[Array, " n"]
    ) -> tuple[Float[Array, " n"], Float[Array, "n n"]]:
        """``-H g``."""
        del x
        return -jnp.where(fresh, g / jnp.maximum(1.0, jnp.linalg.norm(g)), memory @ g), memory

    def learn(
        self,
        memory: Float[Array, "n n"],
        fresh: Bool[Array, ""],
        s: Float[Array, " n"],
        y: Float[Array, " n"],
        s_b_s: Scalar,
    ) -> Float[Array, "n n"]:
        """H after a step s that changed the gradient by y."""
        start = jnp.where(fresh, jnp.eye(len(s), dtype=s.dtype), memory)
        return updated(start, s, y, jnp.where(fresh, jnp.vdot(s, s), s_b_s), self.scaling)


@dataclasses.dataclass(frozen=True)
class LimitedMemory:
    """The latest ``size`` pairs of s and y, by optax, which adds a pair when the next direction is asked for."""

    size: int

    @property
    def outlives_batches(self) -> bool:
        """No: optax would take the change of the batch for one of the gradient."""
        return False

    def init(self, n: int, dtype: Any) -> PyTree:
        return self._method().init(jnp.zeros(n, dtype))

    def direction(
        self, memory: PyTree, fresh: Bool[Array, ""], x: Float[Array, " n"], g: Float[Array, " n"]
    ) -> tuple[Float[Array, " n"], PyTree]:
        """``-H g``."""
        start = self.init(len(x), x.dtype)
        memory = jax.tree.map(lambda new, old: jnp.where(fresh, new, old), start, memory)
        preconditioned, memory = self._method().update(g, memory, x)
        return -preconditioned.astype(x.dtype), memory

    def learn(
        self, memory: PyTree, fresh: Bool[Array, ""], s: Float[Array, " n"], y: Float[Array, " n"], s_b_s: Scalar
    ) -> PyTree:
        """Nothing: optax sees s and y in the next direction."""
        del fresh, s, y, s_b_s
        return memory

    def _method(self) -> optax.GradientTransformation:
        return optax.scale_by_lbfgs(self.size)
