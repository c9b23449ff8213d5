"""Errors of the layers on functions over a sequence of grids, against the continuum operators: for tests and tables."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from numpy.polynomial.legendre import leggauss

from neuralpde.nn import DifferentialStencil, InstanceNorm, KernelIntegral, LowRankIntegral, PhysicalPool
from neuralpde.spaces import Axis, Box, Dirichlet, Field, Free, FunctionSpace, Neumann

KEY = jax.random.key(3)
PERIODIC = Box((Axis("x", 0.5, 2.5, periodic=True), Axis("y", -1.0, 0.0, periodic=True)))
WALLED = Box((Axis("x", 0.5, 2.5), Axis("y", -1.0, 0.0)))
SIZES = ((24, 20), (48, 40), (96, 80))
"""Points of x and y: the spacings differ."""

PLACES = {
    "periodic": (PERIODIC, "periodic", None),
    "periodic cells": (PERIODIC, "cells", None),
    "nodes, free": (WALLED, "nodes", Free()),
    "nodes, dirichlet": (WALLED, "nodes", Dirichlet(0.0)),
    "nodes, neumann": (WALLED, "nodes", Neumann(0.0)),
    "cells, free": (WALLED, "cells", Free()),
    "cells, dirichlet": (WALLED, "cells", Dirichlet(0.0)),
    "cells, neumann": (WALLED, "cells", Neumann(0.0)),
}


def grid(place, shape):
    box, layout, _ = PLACES[place]
    extra = 1 if layout == "nodes" else 0
    return box.grid(*(n + extra for n in shape), layout=layout)


def function(place, x):
    """Two channels, smooth on the domain and without symmetries; periodic where the domain is."""
    if PLACES[place][0] is PERIODIC:
        a, b = np.pi * (x[..., 0] - 0.5), 2 * np.pi * (x[..., 1] + 1)
        return jnp.stack([jnp.exp(jnp.sin(a) * jnp.cos(b)), jnp.sin(a + b) + jnp.cos(2 * a)], axis=-1)
    a, b = x[..., 0], x[..., 1]
    return jnp.stack([jnp.exp(0.5 * a * b) + jnp.sin(2 * a), jnp.cos(a + 2 * b) + a], axis=-1)


def extended(place, x):
    """The function of `function` on the whole plane, as the place's boundary condition continues it."""
    box, _, side = PLACES[place]
    if box is PERIODIC:
        return function(place, x)
    lower, upper = np.asarray(box.lower), np.asarray(box.upper)
    nearest = np.clip(x, lower, upper)
    if isinstance(side, Neumann):
        return function(place, 2 * nearest - x)
    inside = (nearest == x).all(-1, keepdims=True)
    return function(place, nearest) * (inside if isinstance(side, Dirichlet) else 1.0)


RADIUS, HATS = (0.31, 0.22), 3


def kernel_layer(place):
    box, _, side = PLACES[place]
    return KernelIntegral(FunctionSpace(box, ("u",), side).boundary, 2, 2, radius=RADIUS, hats=HATS, key=KEY)


def _pieces(place, x, axis):
    """Gauss points and weights of z in [-radius, radius], in pieces on which hats and extension are smooth."""
    box, r = PLACES[place][0], RADIUS[axis]
    breaks = [*np.linspace(-r, r, HATS + 2), box.lower[axis] - x[axis], box.upper[axis] - x[axis]]
    breaks = sorted(b for b in breaks if -r <= b <= r)
    nodes, weights = leggauss(10)
    halves = np.diff(breaks)[:, None] / 2
    z = np.asarray(breaks[:-1])[:, None] + halves * (nodes + 1)
    return z.ravel(), (halves * weights).ravel()


def kernel_integral_at(place, layer, x):
    """The integral at one point by Gauss quadrature, with hat functions written out."""
    (z1, w1), (z2, w2) = (_pieces(place, x, axis) for axis in range(2))
    z = np.stack(np.meshgrid(z1, z2, indexing="ij"), axis=-1)
    hats = []
    for axis, coordinates in enumerate((z1, z2)):
        width = 2 * RADIUS[axis] / (HATS + 1)
        knots = -RADIUS[axis] + width * np.arange(1, HATS + 1)
        hats.append(np.maximum(0, 1 - np.abs(coordinates[:, None] - knots) / width) / width)
    kernel = np.einsum("xa,yb,abio->xyio", hats[0], hats[1], np.asarray(layer.weight))
    return np.einsum("x,y,xyio,xyi->o", w1, w2, kernel, np.asarray(extended(place, x + z)))


@functools.cache
def kernel_exact(place):
    x = shared(place)
    layer = kernel_layer(place)
    return np.stack([kernel_integral_at(place, layer, y) for y in x.reshape(-1, 2)]).reshape(*x.shape[:-1], 2)


def shared(place):
    """Where the errors are read, the walls included where they carry nodes."""
    box = PLACES[place][0]
    fractions = np.array([0.0, 1 / 12, 0.5, 0.75, 1.0])
    if PLACES[place][1] != "nodes":
        fractions = np.array([1 / 12, 0.25, 0.5, 0.75])
    axes = [low + fractions * (up - low) for low, up in zip(box.lower, box.upper, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def read(place, on, values):
    """Values at the shared points, by cubic interpolation where they are no points of the grid."""
    space = FunctionSpace(on.domain, tuple(f"c{i}" for i in range(values.shape[-1])))
    x = shared(place)
    return Field(values, on, space).at(jnp.asarray(x.reshape(-1, 2)), "cubic").reshape(*x.shape[:-1], -1)


def _largest(found, exact):
    return float(np.abs(np.asarray(found) - np.asarray(exact)).max())


@functools.cache
def kernel_errors(place):
    layer, errors = kernel_layer(place), []
    for shape in SIZES:
        on = grid(place, shape)
        found = jax.jit(lambda on=on: read(place, on, layer(function(place, on.coords()), on)))()
        errors.append(_largest(found, kernel_exact(place)))
    return errors


@functools.cache
def differential_errors(place):
    layer = DifferentialStencil(2, 2, 3, length=0.3, order=2, key=KEY)

    def exact(x):
        first, second = (derive(lambda y: function(place, y))(x) for derive in (jax.jacfwd, jax.hessian))
        by_power = {
            (1, 0): first[:, 0],
            (0, 1): first[:, 1],
            (2, 0): second[:, 0, 0],
            (1, 1): second[:, 0, 1],
            (0, 2): second[:, 1, 1],
        }
        return sum(
            0.3 ** sum(power) * by_power[power] @ matrix
            for power, matrix in zip(layer.powers, layer.weight, strict=True)
        )

    def error(on):
        x = on.coords()
        return jnp.abs(layer(function(place, x), on) - jax.vmap(jax.vmap(exact))(x)).max()

    return [float(jax.jit(lambda on=grid(place, shape): error(on))()) for shape in SIZES[:2]]


def _against_spectral(place, apply):
    """Errors of ``apply(values, grid)`` against the same on a grid of spectral accuracy."""
    box, _, _ = PLACES[place]
    fine = box.grid(64, layout="periodic") if box is PERIODIC else box.grid(40, layout="chebyshev")
    exact, *found = (
        jax.jit(lambda on=on: apply(function(place, on.coords()), on))()
        for on in (fine, *(grid(place, shape) for shape in SIZES[:2]))
    )
    return [_largest(values, exact) for values in found]


@functools.cache
def low_rank_errors(place):
    box = PLACES[place][0]
    layer = LowRankIntegral(box, 2, 3, rank=3, width=8, key=KEY)
    at = box.grid(5, layout="cells")
    return _against_spectral(place, lambda v, on: layer(v, on, at))


@functools.cache
def instance_norm_errors(place):
    layer = InstanceNorm(2)

    def scale_and_offset(v, on):
        """Of the affine map that the layer is for this function, whose statistics they tell."""
        w = layer(v, on)
        scale = (w[-1, -1] - w[0, 0]) / (v[-1, -1] - v[0, 0])
        return jnp.stack([scale, w[0, 0] - scale * v[0, 0]])

    return _against_spectral(place, scale_and_offset)


@functools.cache
def pool_errors(place):
    """Means over 4 x 3 windows; their exact values by Gauss quadrature in each window."""
    box = PLACES[place][0]
    pool = PhysicalPool((4, 3))
    nodes, weights = leggauss(12)
    exact = np.empty((4, 3, 2))
    for i, j in np.ndindex(4, 3):
        sides = [length / count for length, count in zip(box.extents, (4, 3), strict=True)]
        x = box.lower[0] + sides[0] * (i + (nodes + 1) / 2)
        y = box.lower[1] + sides[1] * (j + (nodes + 1) / 2)
        values = function(place, np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1))
        exact[i, j] = np.einsum("x,y,xyc->c", weights / 2, weights / 2, np.asarray(values))
    means = lambda on: pool(function(place, on.coords()), on)[0]
    return [_largest(jax.jit(lambda on=grid(place, shape): means(on))(), exact) for shape in SIZES[:2]]


QUADRATURES = ("periodic", "nodes, free", "cells, free")
KERNEL_ORDER = {place: 1 if place == "cells, free" else 2 for place in PLACES}
QUICK_KERNELS = ("periodic", "nodes, dirichlet", "cells, neumann", "cells, free")
"""Each extension past the sides, and each layout, once."""


def function_layer_rows():
    """Rows of the table of orders: (rule, where, expected order, errors)."""
    for place, order in KERNEL_ORDER.items():
        yield "kernel integral, hats", place, str(order), kernel_errors(place)
    for place in QUADRATURES:
        yield "differential stencil, first and second", place, "2", differential_errors(place)
    for place in QUADRATURES:
        expected = "spectral" if PLACES[place][0] is PERIODIC else "2"
        yield "low-rank integral", place, expected, low_rank_errors(place)
        yield "instance norm", place, expected, instance_norm_errors(place)
        yield "pool over windows", place, "2", pool_errors(place)
