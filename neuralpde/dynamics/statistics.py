"""A solver that adds up the error estimates and the stiffness estimates of its accepted steps.

diffrax keeps the old state of a solver where it rejects a step, and hands the last one back together with its
gradients: sums in the solver's state are sums over accepted steps, and can be part of a loss (Pal, Ma, Shah &
Rackauckas, "Opening the blackbox: accelerating neural differential equations by regularizing internal solver
heuristics", ICML 2021). Lengths of steps are constants in these gradients.
"""

from __future__ import annotations

from typing import Any, Literal

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree

from .norms import Norm, safe_ratio
from .solved import Tally


class RecordedState(eqx.Module):
    """State of a `RecordedSolver`: that of its solver, and the sums so far."""

    inner: Any
    errors: Tally
    stiffnesses: Tally


class RecordedSolver(diffrax.AbstractWrappedSolver):
    """A solver of diffrax that keeps a `Tally` of E_j |h_j| and one of S_j over its accepted steps.

    E_j = norm(e / (atol + rtol max(|y_j|, |y_j+1|))) for the solver's estimate e of its local error, or norm(e) where
    ``rtol`` and ``atol`` are None. S_j is

        "stages":      |f(g') - f(g)| / |g' - g| for the last two stages g, g' of equal time (Tsit5, Dopri5: the
                       sixth and seventh; Hairer & Wanner, Solving ODEs II, section IV.2), no evaluation more;
        "derivative":  |J e| / |e|, J the Jacobian of the (drift's) vector field at the new state.

    Steps that the solver cannot estimate count as zero. States may be pytrees.
    """

    solver: diffrax.AbstractSolver
    rtol: Any
    atol: Any
    norm: Norm = eqx.field(static=True)
    stiffness: Literal["stages", "derivative"] = eqx.field(static=True)

    @property
    def has_errors(self) -> bool:
        """Whether the solver estimates its errors."""
        return isinstance(self.solver, diffrax.AbstractAdaptiveSolver)

    @property
    def has_stiffness(self) -> bool:
        """Whether there is something to estimate the stiffness from."""
        return self.has_errors if self.stiffness == "derivative" else equal_stages(self.solver) is not None

    # All that diffrax reads of a solver.

    @property
    def term_structure(self):
        return self.solver.term_structure

    @property
    def interpolation_cls(self):
        return self.solver.interpolation_cls

    @property
    def term_compatible_contr_kwargs(self):
        return self.solver.term_compatible_contr_kwargs

    @property
    def scan_kind(self):
        return self.solver.scan_kind

    @property
    def root_finder(self):
        return self.solver.root_finder

    @property
    def root_find_max_steps(self):
        return self.solver.root_find_max_steps

    @property
    def minimal_levy_area(self):
        return self.solver.minimal_levy_area

    def order(self, terms):
        return self.solver.order(terms)

    def strong_order(self, terms):
        return self.solver.strong_order(terms)

    def error_order(self, terms):
        return self.solver.error_order(terms)

    def func(self, terms, t0, y0, args):
        return self.solver.func(terms, t0, y0, args)

    def init(self, terms, t0, t1, y0, args):
        dtype = jnp.real(jnp.zeros((), jnp.result_type(*jax.tree.leaves(y0)))).dtype
        return RecordedState(self.solver.init(terms, t0, t1, y0, args), Tally.empty(dtype), Tally.empty(dtype))

    def step(self, terms, t0, t1, y0, args, solver_state, made_jump):
        y1, y_error, dense_info, inner, result = self.solver.step(
            terms, t0, t1, y0, args, solver_state.inner, made_jump
        )
        h = jnp.abs(t1 - t0)
        fine, (error, k, y, y_new) = _finite((y_error, dense_info.get("k"), y0, y1))
        errors, stiffnesses = solver_state.errors, solver_state.stiffnesses
        if self.has_errors:
            errors = errors.add(jnp.where(fine, self._scaled(error, y, y_new) * h, 0.0))
        if self.has_stiffness and self.stiffness == "derivative":
            stiffnesses = stiffnesses.add(
                jnp.where(fine, directional_stiffness(terms, t1, y_new, args, error, self.norm), 0.0)
            )
        elif self.has_stiffness:
            found = stage_stiffness(self.solver.tableau, *equal_stages(self.solver), k, self.norm) / h
            stiffnesses = stiffnesses.add(jnp.where(fine, found, 0.0))
        return y1, y_error, dense_info, RecordedState(inner, errors, stiffnesses), result

    def _scaled(self, error: PyTree, y0: PyTree, y1: PyTree) -> Float[Array, ""]:
        if self.rtol is None:
            return self.norm(error)
        scale = lambda e, a, b: e / (self.atol + self.rtol * jnp.maximum(jnp.abs(a), jnp.abs(b)))
        return self.norm(jax.tree.map(scale, error, y0, y1))


def equal_stages(solver: diffrax.AbstractSolver) -> tuple[int, int] | None:
    """The last two stages of equal time of an explicit Runge-Kutta method, counted from 0; None where there are none."""
    if isinstance(solver, diffrax.AbstractWrappedSolver) or not isinstance(solver, diffrax.AbstractERK):
        return None
    c = np.concatenate([[0.0], solver.tableau.c])
    return next(((i, j) for j in range(len(c) - 1, 0, -1) for i in range(j - 1, -1, -1) if c[i] == c[j]), None)


def stage_stiffness(tableau: diffrax.ButcherTableau, i: int, j: int, k: PyTree, norm: Norm) -> Float[Array, ""]:
    """h |f(g_j) - f(g_i)| / |g_j - g_i| of two stages, from the products k_i = h f(g_i) of a step."""
    weights = np.zeros(tableau.num_stages)
    for stage, sign in ((j, 1), (i, -1)):
        if stage > 0:
            weights[:stage] += sign * tableau.a_lower[stage - 1]
    apart = jax.tree.map(lambda x: jnp.tensordot(jnp.asarray(weights, x.dtype), x, 1), k)
    return safe_ratio(norm(jax.tree.map(lambda x: x[j] - x[i], k)), norm(apart))


def directional_stiffness(
    terms: Any, t: Any, y: PyTree, args: PyTree, direction: PyTree, norm: Norm
) -> Float[Array, ""]:
    """|J v| / |v| for the Jacobian J of the vector field, the drift's where there is noise."""
    drift = terms.terms[0] if isinstance(terms, diffrax.MultiTerm) else terms
    _, moved = jax.jvp(lambda y: drift.vf(t, y, args), (y,), (direction,))
    return safe_ratio(norm(moved), norm(direction))


def _finite(states: PyTree) -> tuple[Bool[Array, ""], PyTree]:
    """Whether all is finite, and the states or ones in their place: with zero cotangents, ones pass no infinity back."""
    fine = jnp.all(jnp.stack([jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(states)]))
    return fine, jax.tree.map(lambda x: jnp.where(fine, x, jnp.ones_like(x)), states)
