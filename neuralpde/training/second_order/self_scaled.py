"""Updates of the inverse Hessian of Broyden's class, with self-scaling.

For a step s with y = g+ - g, and B = H^-1,

    H+ = (1/tau) [H - Hy (Hy)^T / (y.Hy) + phi v v^T] + s s^T / (y.s),   v = sqrt(y.Hy) (s/(y.s) - Hy/(y.Hy)).

As v.y = 0, H+ y = s for every phi and tau > 0. With b = s.Bs / (y.s) and h = y.Hy / (y.s), so that a = b h - 1 >= 0,
H+ is positive definite for theta = (1 - phi) / (1 + a phi) > -1/a. BFGS has phi = tau = 1, DFP phi = 0.

Al-Baali & Khalfan, "Wide interval for efficient self-scaling quasi-Newton algorithms", Optim. Methods Softw. 20 (2005);
Urban, Stefanou & Pons, "Unveiling the optimization process of physics informed neural networks", J. Comput. Phys. 523
(2025), 113656, section 3.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float

Scalar = Float[Array, ""]
Scaling = Callable[[Scalar, Scalar, int], tuple[Scalar, Scalar]]
"""From b, h and the number of parameters to tau and phi."""


def plain(b: Scalar, h: Scalar, n: int) -> tuple[Scalar, Scalar]:
    """BFGS: tau = phi = 1."""
    del h, n
    return jnp.ones_like(b), jnp.ones_like(b)


def scaled_bfgs(b: Scalar, h: Scalar, n: int) -> tuple[Scalar, Scalar]:
    """Self-scaled BFGS: tau = min(1, 1/b), phi = 1."""
    del h, n
    return jnp.minimum(1.0, 1.0 / b), jnp.ones_like(b)


def scaled_broyden(b: Scalar, h: Scalar, n: int) -> tuple[Scalar, Scalar]:
    """Self-scaled Broyden: theta in [theta-, theta+] next to (1 - b) / b, and tau by the size of sigma = 1 + a theta."""
    a = jnp.maximum(b * h - 1.0, jnp.finfo(b.dtype).eps)  # 0 where Bs and y are parallel, and theta then has no effect
    rho = jnp.minimum(1.0, h * (1.0 - jnp.sqrt(a / (1.0 + a))))
    theta = jnp.maximum((rho - 1.0) / a, jnp.minimum(1.0 / rho, (1.0 - b) / b))
    sigma = 1.0 + a * theta
    q = sigma ** (1.0 / (1.0 - n)) if n > 1 else jnp.ones_like(sigma)
    largest = jnp.minimum(1.0, 1.0 / b)
    positive = largest * jnp.minimum(q, 1.0 / jnp.where(theta > 0, theta, 1.0))
    tau = jnp.where(theta > 0, positive, jnp.minimum(largest * q, sigma))
    return tau, (1.0 - theta) / sigma


def updated(
    inverse: Float[Array, "n n"], s: Float[Array, " n"], y: Float[Array, " n"], s_b_s: Scalar, scaling: Scaling
) -> Float[Array, "n n"]:
    """H+ of H, with ``s_b_s`` = s.Bs; the caller sees to y.s > 0."""
    hy, ys = inverse @ y, jnp.vdot(y, s)
    yhy = jnp.vdot(y, hy)
    tau, phi = scaling(s_b_s / ys, yhy / ys, len(s))
    v = jnp.sqrt(yhy) * (s / ys - hy / yhy)
    return (inverse - jnp.outer(hy, hy) / yhy + phi * jnp.outer(v, v)) / tau + jnp.outer(s, s) / ys
