"""Quasi-Newton methods with a strong Wolfe search: L-BFGS, BFGS and their self-scaled relatives.

Each takes ``steps`` as every optimiser does, ``tolerance`` (largest entry of the gradient at which the work is done) and
``search_steps`` (evaluations in a line search). They work on one batch: see `Phase.hold`. What they tell is the length of
the step as ``learning_rate``. A search that fails forgets the memory; one that fails without a memory ends the phase.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, PyTree

from ..phases import OfOneBatch
from ..stopping import StopReason
from ..telling import KnownGradient
from .flat import flatten, improved, in_full_precision, value_on
from .memory import DenseMemory, LimitedMemory
from .self_scaled import plain, scaled_bfgs, scaled_broyden

SEARCH_STEPS = 25


@runtime_checkable
class Memory(Protocol):
    """What is known of the Hessian at H of a vector of n parameters; ``fresh``: nothing yet.

    ``outlives_batches``: whether it still serves when the batch is another one.
    """

    @property
    def outlives_batches(self) -> bool: ...

    def init(self, n: int, dtype: Any) -> PyTree: ...

    def direction(
        self, memory: PyTree, fresh: Bool[Array, ""], x: Float[Array, " n"], g: Float[Array, " n"]
    ) -> tuple[Float[Array, " n"], PyTree]:
        """``-H g``."""
        ...

    def learn(
        self, memory: PyTree, fresh: Bool[Array, ""], s: Float[Array, " n"], y: Float[Array, " n"], s_b_s: Array
    ) -> PyTree:
        """After a step s that changed the gradient by y."""
        ...


class QuasiNewtonState(NamedTuple):
    """``fresh``: the next direction is that of steepest descent."""

    memory: PyTree
    fresh: Bool[Array, ""]
    known_gradient: KnownGradient
    learning_rate: Float[Array, ""]
    stop_reason: Int[Array, ""]


def quasi_newton(memory: Memory, tolerance: float, search_steps: int) -> optax.GradientTransformationExtraArgs:
    """Steps ``-alpha H g`` with alpha of a strong Wolfe search (c1 = 1e-4, c2 = 0.9; Nocedal & Wright, alg. 3.5, 3.6).

    A step must improve (`improved`); the gradient at its end is kept, so that the next step starts without one more.
    """
    search = optax.scale_by_zoom_linesearch(search_steps, initial_guess_strategy="one")

    def init(parameters: PyTree) -> QuasiNewtonState:
        x, _ = flatten(parameters)
        known = KnownGradient(jnp.zeros((), bool), jax.tree.map(jnp.zeros_like, parameters))
        return QuasiNewtonState(
            memory.init(len(x), x.dtype), jnp.ones((), bool), known, jnp.zeros((), x.dtype), jnp.int32(StopReason.NONE)
        )

    def update(gradient, state, parameters, *, value, value_fn, new_batch=False, **others):
        del others
        flat = flatten(parameters)
        x, g, value_at = flat.x, flatten(gradient).x, value_on(flat, value_fn)
        fresh = state.fresh if memory.outlives_batches else state.fresh | new_batch
        direction, learned = memory.direction(state.memory, fresh, x, g)
        value = value.astype(x.dtype)
        s, found = search.update(direction, search.init(x), x, value=value, grad=g, value_fn=value_at)
        s, rate = jnp.asarray(s), found.learning_rate.astype(x.dtype)
        better = improved(value, g, found.value, found.grad)
        converged = jnp.max(jnp.abs(g)) <= tolerance
        taken = better & ~converged
        y = found.grad - g
        ys = jnp.vdot(y, s)
        curved = taken & (ys > jnp.finfo(x.dtype).eps * jnp.linalg.norm(y) * jnp.linalg.norm(s))
        learned = memory.learn(learned, fresh, s, y, -rate * jnp.vdot(s, g))
        reason = jnp.select(
            [converged, ~better & fresh, better & jnp.all(x + s == x)],
            [StopReason.CONVERGED, StopReason.LINE_SEARCH, StopReason.SMALL_STEP],
            StopReason.NONE,
        )
        known = KnownGradient(jnp.ones((), bool), flat.restore(jnp.where(taken, found.grad, g)))
        rate = jnp.where(taken, rate, 0.0)
        state = QuasiNewtonState(learned, ~curved, known, rate, reason.astype(jnp.int32))
        return flat.restore(jnp.where(taken, s, 0.0)), state

    return OfOneBatch(init, in_full_precision(update))


def lbfgs(
    steps: int, memory: int = 20, tolerance: float = 0.0, search_steps: int = SEARCH_STEPS
) -> optax.GradientTransformationExtraArgs:
    """BFGS from the latest ``memory`` pairs of steps and changes of the gradient (Liu & Nocedal, 1989)."""
    del steps
    return quasi_newton(LimitedMemory(memory), tolerance, search_steps)


def bfgs(
    steps: int, tolerance: float = 0.0, search_steps: int = SEARCH_STEPS, keep: bool = True
) -> optax.GradientTransformationExtraArgs:
    """BFGS with the whole inverse Hessian: n^2 numbers for n parameters. It stays on new batches if ``keep``."""
    del steps
    return quasi_newton(DenseMemory(plain, keep), tolerance, search_steps)


def ssbfgs(
    steps: int, tolerance: float = 0.0, search_steps: int = SEARCH_STEPS, keep: bool = True
) -> optax.GradientTransformationExtraArgs:
    """Self-scaled BFGS, see `self_scaled`: n^2 numbers for n parameters. They stay on new batches if ``keep``."""
    del steps
    return quasi_newton(DenseMemory(scaled_bfgs, keep), tolerance, search_steps)


def ssbroyden(
    steps: int, tolerance: float = 0.0, search_steps: int = SEARCH_STEPS, keep: bool = True
) -> optax.GradientTransformationExtraArgs:
    """Self-scaled Broyden, see `self_scaled`: n^2 numbers for n parameters. They stay on new batches if ``keep``."""
    del steps
    return quasi_newton(DenseMemory(scaled_broyden, keep), tolerance, search_steps)
