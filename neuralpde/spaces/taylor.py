"""Taylor series of what a network computes along lines through a point.

Along ``x + t v`` every intermediate value is a series ``y(t) = y_0 + y_1 t + y_2 t^2 + ...``, and its coefficients
follow from those of what it is computed from (Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter
13). They are found when they are asked for, and once: all orders and directions share what they have in common.

Where the sum of the highest coefficient over many directions is wanted, as in a Laplacian, the sum is propagated in
place of the terms: it depends on the terms of the series before it in a linear way (Dangel, Siebert, Zeinhofer &
Walther, NeurIPS 2025, arXiv 2505.13644). A Laplacian in d coordinates then takes d + 2 vectors, not 2 d + 1.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

Coefficient = Array | None
"""A coefficient of a series; None stands for zero, which costs nothing."""


@dataclasses.dataclass(frozen=True, eq=False)
class Directions:
    """The lines ``x + t v_i`` through a point, i = 1..D, and the weights w_i (by default one) of sums over them.

    Two objects are different directions even where their vectors are equal.
    """

    vectors: Float[Array, "D d"]
    weights: Float[Array, " D"] | None = None

    def sum(self, terms: Inexact[Array, " D *n"]) -> Inexact[Array, "*n"]:
        """``sum_i w_i terms_i``."""
        return terms.sum(0) if self.weights is None else jnp.tensordot(self.weights.astype(terms.dtype), terms, 1)


class Order(NamedTuple):
    """Names a coefficient: that of t^degree along each of the directions, or the weighted sum of these."""

    directions: Directions
    degree: int
    summed: bool = False

    def lower(self, degree: int) -> Order:
        """A coefficient of lower degree along each direction."""
        return Order(self.directions, degree)

    def gathered(self, terms: Coefficient) -> Coefficient:
        """Terms along each direction, summed where this order is a sum."""
        return self.directions.sum(terms) if self.summed and terms is not None else terms


class TaylorSeries:
    """A value (*n) at a point with the coefficients of its series, (D, *n) along D directions or (*n) if summed.

    It takes part in arithmetic with arrays and other series, ``W @ x`` and ``x[i:j]`` included, so that code written
    for values serves series as it stands; `propagate` applies functions and layers. ``rule(order)`` gives the
    coefficients of degree one and more.
    """

    # numpy's arrays leave the operators to this class.
    __array_ufunc__ = None

    def __init__(self, value: Array, rule: Callable[[Order], Coefficient]):
        self.value = value
        self.rule = rule
        self._known: dict[Order, Coefficient] = {}

    @classmethod
    def point(cls, x: Float[Array, " d"]) -> TaylorSeries:
        """The point that moves along the directions."""

        def rule(order):
            return order.gathered(order.directions.vectors.astype(x.dtype)) if order.degree == 1 else None

        return cls(x, rule)

    @classmethod
    def constant(cls, value: Any) -> TaylorSeries:
        """What does not move."""
        return cls(jnp.asarray(value), lambda order: None)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    def coefficient(self, order: Order) -> Coefficient:
        """The coefficient, or None where it is known to be zero."""
        if order not in self._known:
            found = self.rule(order)
            self._known[order] = None if found is None else jnp.broadcast_to(found, self.coefficient_shape(order))
        return self._known[order]

    def coefficient_shape(self, order: Order) -> tuple[int, ...]:
        """Shape of a coefficient."""
        return self.shape if order.summed else (len(order.directions.vectors), *self.shape)

    def linear(self, image: Callable[[Array], Array]) -> TaylorSeries:
        """``image`` of every coefficient: a linear map of the last axes that lets axes in front pass."""

        def rule(order):
            c = self.coefficient(order)
            return None if c is None else image(c)

        return TaylorSeries(image(self.value), rule)

    def __add__(self, other: Any) -> TaylorSeries:
        a, b = _aligned(self, other)
        return TaylorSeries(a.value + b.value, lambda n: total([a.coefficient(n), b.coefficient(n)]))

    def __mul__(self, other: Any) -> TaylorSeries:
        a, b = _aligned(self, other)

        def rule(n):
            ends = [times(a.coefficient(n), b.value), times(a.value, b.coefficient(n))]
            return total([*ends, n.gathered(total(_inner_products(a, b, n)))])

        return TaylorSeries(a.value * b.value, rule)

    def __truediv__(self, other: Any) -> TaylorSeries:
        if not isinstance(other, TaylorSeries):
            return self.linear(lambda c: c / other)
        a, b = _aligned(self, other)

        def rule(n):
            known = total([times(b.coefficient(n), y.value), n.gathered(total(_inner_products(b, y, n)))])
            top = total([a.coefficient(n), None if known is None else -known])
            return None if top is None else top / b.value

        y = TaylorSeries(a.value / b.value, rule)
        return y

    def __rtruediv__(self, other: Any) -> TaylorSeries:
        return TaylorSeries.constant(other) / self

    def __neg__(self) -> TaylorSeries:
        return self.linear(lambda c: -c)

    def __sub__(self, other: Any) -> TaylorSeries:
        return self + (-other)

    def __rsub__(self, other: Any) -> TaylorSeries:
        return -self + other

    def __pow__(self, exponent: int) -> TaylorSeries:
        if exponent < 1:
            raise ValueError(f"A series has positive integer powers here, got {exponent}; divide by it for others.")
        if exponent == 1:
            return self
        half = self ** (exponent // 2)
        return half * half * self if exponent % 2 else half * half

    def __rmatmul__(self, matrix: Float[Array | np.ndarray, "o i"]) -> TaylorSeries:
        # One matrix product for all directions.
        return self.linear(lambda c: matrix @ c if c.ndim == 1 else c @ matrix.T)

    def __getitem__(self, index: int | slice) -> TaylorSeries:
        return self.linear(lambda c: c[..., index])

    __radd__, __rmul__ = __add__, __mul__


Value = Inexact[Array, "..."] | TaylorSeries
"""What a layer takes and gives: a value, or the series of one."""


def linear(image: Callable[[Array], Array], x: Value) -> Value:
    """A linear map of the last axes, which lets axes in front pass, of a value or of a series."""
    return x.linear(image) if isinstance(x, TaylorSeries) else image(x)


def concatenate(parts: Sequence[Value]) -> Value:
    """Vectors one after the other: values, series or both."""
    if not any(isinstance(part, TaylorSeries) for part in parts):
        return jnp.concatenate(parts)
    series = [_series(part) for part in parts]

    def rule(order):
        found = [part.coefficient(order) for part in series]
        if all(c is None for c in found):
            return None
        zeros = [jnp.zeros(part.coefficient_shape(order), part.dtype) for part in series]
        return jnp.concatenate([z if c is None else c for c, z in zip(found, zeros, strict=True)], axis=-1)

    return TaylorSeries(jnp.concatenate([part.value for part in series]), rule)


def solution(value: Array, slope: Callable[[TaylorSeries], TaylorSeries], x: TaylorSeries) -> TaylorSeries:
    """The series y of ``y' = slope(y) x'``, elementwise, that starts from ``value``."""
    y = TaylorSeries(value, lambda n: chain(w, x, n))
    w = slope(y)
    return y


def chain(w: TaylorSeries, x: TaylorSeries, n: Order) -> Coefficient:
    """Coefficient n of y where ``y' = w x'``: ``y_n = w_0 x_n + sum_{0 < i < n} (i / n) x_i w_{n - i}``."""
    inner = _inner_products(x, w, n, weight=lambda i: i / n.degree)
    return total([times(w.value, x.coefficient(n)), n.gathered(total(inner))])


def total(terms: Iterable[Coefficient]) -> Coefficient:
    """The sum of those that are not zero."""
    found = [term for term in terms if term is not None]
    return sum(found[1:], found[0]) if found else None


def times(a: Coefficient, b: Coefficient) -> Coefficient:
    """The product, zero where a factor is."""
    return None if a is None or b is None else a * b


def _inner_products(a: TaylorSeries, b: TaylorSeries, n: Order, weight: Callable[[int], float] = lambda i: 1.0):
    """``weight(i) a_i b_{n - i}`` for 0 < i < n."""
    for i in range(1, n.degree):
        product = times(a.coefficient(n.lower(i)), b.coefficient(n.lower(n.degree - i)))
        if product is not None:
            yield product if weight(i) == 1 else weight(i) * product


def _series(value: Any) -> TaylorSeries:
    return value if isinstance(value, TaylorSeries) else TaylorSeries.constant(value)


def _aligned(a: TaylorSeries, b: Any) -> tuple[TaylorSeries, TaylorSeries]:
    """Both as series with as many axes: the axis of directions stays in front of those that broadcast."""
    # Plain numbers take the precision of the series.
    b = jnp.asarray(b, a.dtype) if isinstance(b, int | float) else b
    b = _series(b)
    ndim = max(a.ndim, b.ndim)
    return _raised(a, ndim), _raised(b, ndim)


def _raised(x: TaylorSeries, ndim: int) -> TaylorSeries:
    new = ndim - x.ndim
    if not new:
        return x
    own = x.ndim
    return x.linear(lambda c: c.reshape(*c.shape[: c.ndim - own], *(1,) * new, *c.shape[c.ndim - own :]))
