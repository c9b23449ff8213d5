"""The solution of -Laplace(u) + k^2 u = f on the square [-1, 1]^2 with round holes, f = A (p^2/pi^2 + q^2/pi^2 + x^2 + y^2)

sin(p x) sin(q y) with p, q multiples of pi, by three parts: one that has the source and vanishes on the walls, in closed
form; one without source that is one on the walls, a series of cosines; and one that sets the values on the holes, by
multipoles (modified Bessel functions) in the holes and in their mirror images behind the walls. Coefficients of these
follow by least squares from the values on the holes; the error obeys the equation, and is largest where it is seen.
"""

from __future__ import annotations

import dataclasses
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import kve

from neuralpde.spaces import AbstractFunction, FunctionSpace

ORDERS, COSINES, NODES = 36, 400, 25
MIRRORS = tuple(itertools.product((-2, -1, 0, 1, 2), repeat=2))
"""Images farther away are smaller than round-off for k = 8."""

Scalar = Float[Array, ""]


@dataclasses.dataclass(frozen=True)
class Screened:
    """The numbers of the problem: k, A, (p, q) in units of pi, holes (x, y, radius), values on the walls and on the holes."""

    k: float = 8.0
    amplitude: float = 10.0
    waves: tuple[int, int] = (1, 4)
    holes: tuple[tuple[float, float, float], ...] = (
        (0.5, 0.5, 0.2),
        (0.4, -0.4, 0.4),
        (-0.2, -0.7, 0.1),
        (-0.6, 0.5, 0.3),
    )
    walls: float = 0.2
    rim: float = 1.0

    def source(self, x: Float[Array, " 2"]) -> Scalar:
        """f"""
        m = jnp.asarray(self.waves, x.dtype)
        return self.amplitude * jnp.sum(m**2 + x**2) * jnp.prod(jnp.sin(jnp.pi * m * x))


class Perforated(AbstractFunction):
    """``s + walls c + sum_i coefficients_i multipoles_i``."""

    coefficients: Float[Array, " n"]
    problem: Screened = eqx.field(static=True)
    space: FunctionSpace = eqx.field(static=True)

    def __call__(self, x: Float[Array, " 2"]) -> Float[Array, " 1"]:
        own = multipoles(self.problem, x) @ self.coefficients.astype(x.dtype)
        return (driven(self.problem, x) + self.problem.walls * raised(self.problem, x) + own)[None]


def perforated(problem: Screened, space: FunctionSpace) -> Perforated:
    """The solution, by values at 4 points for each order of multipoles on every hole."""
    angle = 2 * np.pi * np.arange(4 * ORDERS) / (4 * ORDERS)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.concatenate([np.asarray(hole[:2]) + hole[2] * ring for hole in problem.holes])

    def at(x):
        return multipoles(problem, x), problem.rim - driven(problem, x) - problem.walls * raised(problem, x)

    with jax.enable_x64(True):
        matrix, wanted = (np.asarray(values) for values in jax.jit(jax.vmap(at))(points))
    return Perforated(jnp.asarray(np.linalg.lstsq(matrix, wanted)[0]), problem, space)


def driven(problem: Screened, x: Float[Array, " 2"]) -> Scalar:
    """s: the source, and zero on the walls. It is X(x) sin(q y) + sin(p x) Y(y)."""
    (m, n), k2, size = problem.waves, problem.k**2, problem.amplitude
    p, q = m * np.pi, n * np.pi
    along_x = _between_walls(x[0], p, k2 + q**2, size * (m**2 + n**2), size) * jnp.sin(q * x[1])
    return along_x + jnp.sin(p * x[0]) * _between_walls(x[1], q, k2 + p**2, 0.0, size)


def _between_walls(x: Scalar, p: float, alpha2: float, constant: float, square: float) -> Scalar:
    """``-X'' + alpha^2 X = (constant + square x^2) sin(p x)``, X(-1) = X(1) = 0, p a multiple of pi."""
    q, alpha = p**2 + alpha2, np.sqrt(alpha2)
    b = square / q
    c = 4 * b * p / q
    a = (constant + 2 * b - 2 * c * p) / q
    layer = jnp.sign(x) * jnp.exp(alpha * (jnp.abs(x) - 1)) * (1 - jnp.exp(-2 * alpha * jnp.abs(x)))
    return (a + b * x**2) * jnp.sin(p * x) + c * x * jnp.cos(p * x) - c * np.cos(p) * layer / (1 - np.exp(-2 * alpha))


def raised(problem: Screened, x: Float[Array, " 2"]) -> Scalar:
    """c: no source, and one on the walls: a layer at x = -1, 1, and cosines in x that vanish there."""
    m = jnp.arange(COSINES, dtype=x.dtype)
    mu, k2 = (m + 0.5) * jnp.pi, problem.k**2
    weights = 2 * (1 - 2 * (m % 2)) * k2 / (mu * (k2 + mu**2))
    return _layers(problem.k, x[0]) + jnp.sum(weights * jnp.cos(mu * x[0]) * _layers(jnp.sqrt(k2 + mu**2), x[1]))


def _layers(k, x: Scalar):
    """cosh(k x) / cosh(k)"""
    far = jnp.exp(k * (x - 1)) + jnp.exp(-k * (x + 1))
    return far / (1 + jnp.exp(-2 * k))


def multipoles(problem: Screened, x: Float[Array, " 2"]) -> Float[Array, " n"]:
    """``K_n(k r) cos(n phi)`` and ``K_n(k r) sin(n phi)`` about every hole, one on its rim, made zero on the walls by images.

    K_n by its recurrence, which is stable upwards, from K_0 and K_1.
    """
    steps = jnp.asarray(MIRRORS, x.dtype)
    signs = 1 - 2 * (steps % 2)  # of a mirror image, and of its coordinates
    images = signs * x + 2 * steps
    holes = np.asarray(problem.holes)
    offset = images[:, None] - jnp.asarray(holes[:, :2], x.dtype)
    distance = jnp.sqrt(jnp.sum(offset**2, axis=-1))
    turn = offset / distance[..., None]
    z = problem.k * distance
    on_rim = kve(np.arange(ORDERS + 2)[:, None], problem.k * holes[:, 2]) * np.exp(-problem.k * holes[:, 2])
    first, second = (bessel / jnp.asarray(rim, x.dtype) for bessel, rim in zip(_bessel(z), on_rim[:2], strict=True))
    n = np.arange(1, ORDERS + 1)
    older = jnp.asarray(on_rim[:-2] / on_rim[2:], x.dtype)
    newer = jnp.asarray(2 * n[:, None] * on_rim[1:-1] / on_rim[2:], x.dtype)
    sign = jnp.prod(signs, axis=1)

    def order(state, factors):
        before, now, cos, sin = state
        summed = jnp.stack([sign @ (now * cos), sign @ (now * sin)])
        after = factors[0] * before + factors[1] / z * now
        turned = cos * turn[..., 0] - sin * turn[..., 1], sin * turn[..., 0] + cos * turn[..., 1]
        return (now, after, *turned), summed

    _, higher = jax.lax.scan(order, (first, second, turn[..., 0], turn[..., 1]), (older, newer))
    return jnp.concatenate([sign @ first, higher.reshape(-1)])


def _bessel(z: Float[Array, "*m"]) -> tuple[Float[Array, "*m"], Float[Array, "*m"]]:
    """K_0 and K_1: ``K_n(z) = int_0^inf exp(-z cosh t) cosh(n t) dt``, for which the trapezium rule converges geometrically."""
    t = 5 * np.arange(NODES) / (NODES - 1)
    weights = np.where(t == 0, 0.5, 1.0) * t[1]
    decay = jnp.exp(-z[..., None] * jnp.asarray(np.cosh(t), z.dtype))
    return decay @ jnp.asarray(weights, z.dtype), decay @ jnp.asarray(weights * np.cosh(t), z.dtype)
