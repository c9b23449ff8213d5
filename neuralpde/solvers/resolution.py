"""Figures that show whether the grid and the step of a Fourier method resolve a solution."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import AbstractConservationLaw, AbstractSemilinear, Vorticity
from neuralpde.spaces import Field, Trajectory
from neuralpde.spaces.fourier import Fourier

from .solver import Limit

TAIL, STEP = "spectral_tail", "step_number"

FOURIER_LIMITS = {
    TAIL: Limit(
        1e-3,
        "largest part of the energy in the top third of the wavenumbers that the solver resolves",
        "a finer grid (refine, resolution) or more diffusion",
    ),
    STEP: Limit(
        2.8,
        "largest number of radians that advection turns a mode by in one step, less what the linear part damps",
        "a smaller step of the solver",
    ),
}


def fourier_figures(
    equation: AbstractSemilinear, solution: Trajectory, step: float, dealias: float
) -> dict[str, Float[Array, ""]]:
    """``spectral_tail`` of all states after the first, and ``step_number`` where the equation says how fast it carries.

    The initial state is what it is; what the solver makes of it has to be resolved. Of a solution that blew up the
    states before count.
    """
    later = jax.tree.map(lambda values: values[1:], solution.field)
    fourier = Fourier(solution.field.on, solution.field.values.dtype, dealias)
    tails = jax.vmap(lambda u: spectral_tail(u, fourier))(later)
    numbers = jax.vmap(lambda u: _step_number(equation, u, step, fourier))(later)
    return {TAIL: jnp.nanmax(tails)} | ({} if numbers is None else {STEP: jnp.nanmax(numbers)})


def spectral_tail(u: Field, fourier: Fourier) -> Float[Array, ""]:
    """Part of the energy of a field, its mean left out, in the top third of the resolved wavenumbers and beyond them.

    Resolved are those that nonlinear terms see, ``|m| < dealias n / 2`` on every axis. The component in which the part
    is largest counts, of those that hold at least 1e-6 of the energy.
    """
    spectrum = fourier.analyse(u)
    # The transform of real values holds most modes for two.
    last = jnp.arange(fourier.shape[-1])
    weight = jnp.where((last == 0) | (2 * last == fourier.grid.shape[-1]), 1.0, 2.0)
    energy = weight * jnp.abs(spectrum) ** 2
    high = jnp.zeros((), bool)
    for axis, (n, length) in enumerate(zip(fourier.grid.shape, fourier.grid.domain.extents, strict=True)):
        top = 2 / 3 * fourier.dealias * n / 2
        high = high | (jnp.abs(fourier.wavenumber(axis)) >= 2 * jnp.pi / length * top)
    axes = tuple(range(1, energy.ndim))
    constant = (slice(None), *(0,) * fourier.dim)
    mean, energy = energy[constant], energy.at[constant].set(0.0)
    # What is smaller than a millionth of the mean is round-off, or soon will be: a state at rest is resolved.
    total, tail = jnp.maximum(energy.sum(axes), 1e-12 * mean), jnp.where(high, energy, 0.0).sum(axes)
    counts = total > 1e-6 * total.max()
    return jnp.max(jnp.where(counts, tail / jnp.where(total > 0, total, 1.0), 0.0))


def _step_number(equation: AbstractSemilinear, u: Field, step: float, fourier: Fourier) -> Float[Array, ""] | None:
    """``max over resolved k of  h sum_i |v_i k_i| / (1 + h |Re L(k)|)``, v the largest velocity along each axis.

    Explicit Runge-Kutta steps of fourth order are stable on the imaginary axis up to 2.8.
    """
    speeds = _speeds(equation, u)
    if speeds is None:
        return None
    rate = sum(speed * jnp.abs(fourier.wavenumber(axis)) for axis, speed in enumerate(speeds))
    damping = jnp.abs(jnp.real(equation.symbol(fourier)))
    if damping.ndim > fourier.dim:
        damping = damping.reshape(-1, *damping.shape[-fourier.dim :]).min(0)
    resolved = jnp.abs(fourier.filter(jnp.ones(fourier.shape, complex)))
    return jnp.max(resolved * step * rate / (1 + step * damping))


def _speeds(equation: AbstractSemilinear, u: Field) -> list[Float[Array, ""]] | None:
    """Largest speed along each axis at which the nonlinear part carries a state; None where it does not say."""
    if equation.nonlinear(equation.transform(u)) is None:
        return None
    if isinstance(equation, AbstractConservationLaw):
        return [jnp.abs(jnp.stack(equation.signal_speeds(u.values, axis))).max() for axis in range(u.space.dim)]
    if isinstance(equation, Vorticity):
        return [jnp.abs(component).max() for component in jnp.moveaxis(equation.velocity(u).values, -1, 0)]
    return None
