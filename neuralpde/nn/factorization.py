"""Low-rank tensors in place of the dense weights of a spectral convolution (Kossaifi et al., TMLR 2024, 2310.00120).

Complex numbers are pairs of real ones along a leading axis of two, as in `SpectralConvolution`.
"""

# Annotations are not postponed in this file, as in every room with an abstract module.
import abc
import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.optimize import brentq

from neuralpde.errors import ArgumentError


def complex_einsum(pattern: str, a: Float[Array, "2 *a"], b: Float[Array, "2 *b"]) -> Float[Array, "2 *c"]:
    """``einsum`` of two complex tensors, each a pair of real ones: one real contraction that also sums over pairs."""
    (left, right), out = pattern.split("->")[0].split(","), pattern.split("->")[1]
    re, im = b
    matrix = jnp.stack([jnp.stack([re, im]), jnp.stack([-im, re])])
    return jnp.einsum(f"S{left},SR{right}->R{out}", a, matrix)


class AbstractFactorization(eqx.Module):
    """The weights R (*modes, i, o) of a spectral convolution, held as factors."""

    @abc.abstractmethod
    def dense(self) -> Float[Array, "2 *modes i o"]:
        """The tensor that the factors stand for."""

    @abc.abstractmethod
    def __call__(self, z: Float[Array, "2 *modes i"]) -> Float[Array, "2 *modes o"]:
        """``y_ko = sum_i R_kio z_ki``, through the factors or through the dense tensor, whichever multiplies less."""


class Tucker(AbstractFactorization):
    """``R = G x_1 U_1 x_2 U_2 ...``: a core G (*ranks) and a factor U_j (n_j, r_j) for each of its axes."""

    core: Float[Array, "2 *ranks"]
    factors: tuple[Float[Array, "2 _ _"], ...]

    def dense(self) -> Float[Array, "2 *modes i o"]:
        return self._expanded(len(self.factors))

    def __call__(self, z: Float[Array, "2 *modes i"]) -> Float[Array, "2 *modes o"]:
        *_, (_, i, r_i), (_, o, r_o) = (u.shape for u in self.factors)
        if i * r_i + r_i * r_o + r_o * o >= i * o:
            return complex_einsum("...i,...io->...o", z, self.dense())
        reduced = complex_einsum("...i,ir->...r", z, self.factors[-2])
        reduced = complex_einsum("...i,...io->...o", reduced, self._expanded(len(self.factors) - 2))
        return complex_einsum("...r,or->...o", reduced, self.factors[-1])

    def _expanded(self, count: int) -> Array:
        """The core with its first ``count`` axes multiplied by their factors."""
        tensor = self.core
        for axis, factor in enumerate(self.factors[:count]):
            tensor = jnp.moveaxis(tensor, axis + 1, -1)
            tensor = jnp.moveaxis(complex_einsum("...r,nr->...n", tensor, factor), -1, axis + 1)
        return tensor


class CP(AbstractFactorization):
    """``R_k1...kd,io = sum_r U_1[k1, r] ... U_d[kd, r] V[i, r] W[o, r]``: a sum of r products of vectors."""

    factors: tuple[Float[Array, "2 _ _"], ...]

    def dense(self) -> Float[Array, "2 *modes i o"]:
        *modes, v, w = self.factors
        return complex_einsum("...ir,or->...io", complex_einsum("...r,ir->...ir", _outer(modes), v), w)

    def __call__(self, z: Float[Array, "2 *modes i"]) -> Float[Array, "2 *modes o"]:
        *modes, v, w = self.factors
        (i, r), o = v.shape[1:], w.shape[1]
        if r * (i + o) >= i * o:
            return complex_einsum("...i,...io->...o", z, self.dense())
        reduced = complex_einsum("...r,...r->...r", complex_einsum("...i,ir->...r", z, v), _outer(modes))
        return complex_einsum("...r,or->...o", reduced, w)


def factorize(
    kind: str, shape: Sequence[int], rank: float, scale: float, *, key: PRNGKeyArray
) -> AbstractFactorization:
    """A random factorised tensor whose entries have real and imaginary parts of variance ``scale^2``.

    ``rank`` is the number of parameters over that of the dense tensor, as near as whole ranks come; a Tucker core
    takes the same share of every axis. Raises ``ValueError`` on a kind other than ``tucker`` and ``cp`` and on a rank
    outside (0, 1].
    """
    if kind not in ("tucker", "cp"):
        raise ArgumentError(f"Unknown factorization {kind!r}; choose 'tucker', 'cp' or None for dense weights.")
    if not 0 < rank <= 1:
        raise ArgumentError(f"`rank` is the share of the dense weights that is kept, in (0, 1]; got {rank}.")
    key_core, *keys = jax.random.split(key, len(shape) + 1)
    if kind == "tucker":
        ranks = tucker_ranks(shape, rank)
        # Complex factors of mean square 1/r leave the variance of the core to the tensor.
        factors = [_normal(k, (n, r), (2 * r) ** -0.5) for k, n, r in zip(keys, shape, ranks, strict=True)]
        return Tucker(_normal(key_core, ranks, scale), tuple(factors))
    r = max(1, round(rank * math.prod(shape) / sum(shape)))
    # Each term is a product of len(shape) entries, r terms add up: r (2 s^2)^len(shape) = 2 scale^2.
    s = math.sqrt((2 * scale**2 / r) ** (1 / len(shape)) / 2)
    return CP(tuple(_normal(k, (n, r), s) for k, n in zip(keys, shape, strict=True)))


def tucker_ranks(shape: Sequence[int], rank: float) -> tuple[int, ...]:
    """Whole ranks near ``c n_j`` whose core and factors come closest to ``rank`` times the dense entries."""
    size, squares = math.prod(shape), sum(n * n for n in shape)
    c = float(brentq(lambda c: c ** len(shape) * size + c * squares - rank * size, 0, 1))  # type: ignore[arg-type]

    def error(ranks: tuple[int, ...]) -> float:
        return abs(math.prod(ranks) + sum(n * r for n, r in zip(shape, ranks, strict=True)) - rank * size)

    # Ranks of short axes are rounded far: shares next to c round otherwise.
    shares = (c * (1 + step / 200) for step in range(-30, 31))
    return min((tuple(max(1, min(n, round(share * n))) for n in shape) for share in shares), key=error)


def _outer(factors: Sequence[Array]) -> Array:
    """``U_1[k1, r] U_2[k2, r] ...`` for every k1, k2, ..., r."""
    product = factors[0]
    for factor in factors[1:]:
        product = complex_einsum("...r,nr->...nr", product, factor)
    return product


def _normal(key: PRNGKeyArray, shape: Sequence[int], scale: float) -> Array:
    return scale * jax.random.normal(key, (2, *shape))
