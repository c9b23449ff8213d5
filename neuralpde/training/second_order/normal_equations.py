"""Damped steps of Gauss-Newton, from normal equations in the parameters or in the residuals.

    d(w) = -(J^T J + lambda I)^-1 J^T w = -J^T (J J^T + lambda I)^-1 w,

the first of p equations for p parameters, the second (kernel form, by Woodbury) of n for n residuals; d(r) minimises
``|r + J d|^2 + lambda |d|^2``. Müller & Zeinhofer, "Achieving high accuracy with PINNs via energy natural gradient
descent", ICML 2023; Guzmán-Cordero et al., arXiv 2505.12149, section 3.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..failures import TrainingArgumentError
from ..residuals import Residuals
from .jacobian import FirstOrder, gram_of_rows, jacobian

FORMS = ("auto", "parameters", "kernel")


@dataclasses.dataclass(frozen=True)
class NormalEquations:
    """The matrix J^T J, or J J^T where ``kernel``, of residuals to first order."""

    local: FirstOrder
    gram: Float[Array, "m m"]
    kernel: bool

    @property
    def round_off(self) -> Float[Array, ""]:
        """A damping below which the factorisation of the matrix may fail."""
        return jnp.finfo(self.gram.dtype).eps * jnp.trace(self.gram)

    def solver(self, damping: Float[Array, ""]) -> Callable[[Float[Array, " n"]], Float[Array, " p"]]:
        """The map d; its values are NaN where the damped matrix is not positive definite."""
        factors = jax.scipy.linalg.cho_factor(self.gram + damping * jnp.eye(len(self.gram), dtype=self.gram.dtype))
        if self.kernel:
            return lambda w: -self.local.pull(jax.scipy.linalg.cho_solve(factors, w))
        return lambda w: -jax.scipy.linalg.cho_solve(factors, self.local.pull(w))


def normal_equations(
    residuals: Residuals, x: Float[Array, " p"], local: FirstOrder, form: str, chunk: int
) -> NormalEquations:
    """The matrix at x; ``form="auto"`` takes the smaller one. Jacobians are made as by `jacobian`."""
    kernel = len(local.r) < len(x) if form == "auto" else form == "kernel"
    if kernel:
        rows = jacobian(residuals, x, local, chunk)
        return NormalEquations(local, rows @ rows.T, kernel)
    return NormalEquations(local, gram_of_rows(residuals, x, local, chunk), kernel)


def check_form(form: str, chunk: int) -> None:
    """Raises `TrainingArgumentError` for an unknown form, or chunks of nothing."""
    if form not in FORMS:
        raise TrainingArgumentError(f"form={form!r} is unknown; choose one of {', '.join(FORMS)}.")
    if chunk < 1:
        raise TrainingArgumentError(f"chunk is the number of rows or columns made at once, at least 1; got {chunk}.")
