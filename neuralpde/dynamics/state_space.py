"""Linear state spaces x' = A x + B u, y = C x in discrete time: their steps, and the convolution that these amount to."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float


def generalized_bilinear(
    A: Float[Array, "n n"], B: Float[Array, " n"], dt: float | Float[Array, ""], alpha: float = 0.5
) -> tuple[Float[Array, "n n"], Float[Array, " n"]]:
    """A' and B' of the steps ``x_k = A' x_k-1 + B' u_k``, u_k held over the step.

        A' = (1 - alpha dt A)^-1 (1 + (1 - alpha) dt A),   B' = (1 - alpha dt A)^-1 dt B

    Forward Euler for alpha = 0, the trapezium rule for 1/2 (order 2), backward Euler for 1 (Gu, Johnson, Goel, Saab, Dao,
    Rudra & Ré, "Combining recurrent, convolutional and continuous-time models with linear state-space layers", NeurIPS
    2021, section 2). An input that varies within the step is met to first order where u_k is its value at the end.
    """
    one = jnp.eye(len(A), dtype=A.dtype)
    right = jnp.column_stack([one + (1 - alpha) * dt * A, dt * B])
    found = jnp.linalg.solve(one - alpha * dt * A, right)
    return found[:, :-1], found[:, -1]


def krylov(A: Float[Array, "n n"], b: Float[Array, " n"], length: int) -> Float[Array, "n length"]:
    """The columns b, A b, A^2 b, ... by doubling: [V, A^k V] from the k columns V, and A^2k as the square of A^k.

    log2(length) products of matrices, where one column after another takes ``length`` of them with vectors.
    """
    columns, power = b[:, None], A
    while columns.shape[1] < length:
        columns = jnp.concatenate([columns, power @ columns], axis=1)
        power = power @ power
    return columns[:, :length]


def causal_convolution(kernel: Float[Array, "*h length"], u: Float[Array, "*g length"]) -> Float[Array, "*h length"]:
    """``y_k = sum_{i <= k} kernel_i u_k-i`` by the FFT of twice the length, along the last axis; the others broadcast."""
    length = u.shape[-1]
    product = jnp.fft.rfft(kernel, 2 * length) * jnp.fft.rfft(u, 2 * length)
    return jnp.fft.irfft(product, 2 * length)[..., :length].astype(u.dtype)
