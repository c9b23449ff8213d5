"""MgNO read from its formulas by loops over points, taps and channels, in NumPy: slow, and independent of the library.

Only the parameters and the names of the model's parts are taken from it.
"""

import math

import numpy as np

from neuralpde.nn import LayerNorm, Pointwise
from neuralpde.spaces import Dirichlet, Neumann, Periodic


def mgno(model, a):
    """Values of ``model(a)`` on the grid of the field ``a``."""
    u = np.asarray(a.values)
    for layer in model.layers:
        v = v_cycle(layer.W, u, a.on)
        if layer.N is not None:
            v = normalised(layer.N, v, a.on)
        if layer.B is not None:
            v = v + pointwise(layer.B, u)
        u = gelu(v)
    head = pointwise(model.head, u) if isinstance(model.head, Pointwise) else v_cycle(model.head, u, a.on)
    return np.asarray(a.values) + head if model.residual else head


def v_cycle(cycle, f, grid):
    """Recursive, as multigrid is taught: smooth, go down, come back, smooth."""

    def level(number, u, f, grid):
        layout = grid.layout
        for step in cycle.pre[number]:
            u = convolution(step.S, f, layout) if u is None or step.A is None else smoothed(step, u, f, layout)
        if number < len(cycle.R):
            side = f
            last = cycle.pre[number][-1].A
            if cycle.restrict_residual and last is not None:
                side = f - convolution(last, u, layout)
            halved = [math.ceil(n / 2) if cycle.pad_transfers else (n - 1) // 2 for n in grid.shape]
            coarse = grid.with_shape(*halved)
            u_coarse = level(
                number + 1,
                convolution(cycle.Pi[number], u, layout),
                convolution(cycle.R[number], side, layout),
                coarse,
            )
            u = u + transposed(cycle.P[number], u_coarse, layout, grid.shape)
            if cycle.norms:
                u = normalised(cycle.norms[number], u, grid)
        for step in cycle.post[number]:
            u = smoothed(step, u, f, layout)
        return u

    return level(0, None, f, grid)


def smoothed(step, u, f, layout):
    return u + convolution(step.S, f - convolution(step.A, u, layout), layout)


def convolution(layer, x, layout):
    """``y_i = b + sum_a W_a x_(s i + a - p)``."""
    w, s, p = np.asarray(layer.weight), layer.stride, layer.padding
    taps = w.shape[:-2]
    size = [(n + 2 * p - k) // s + 1 for n, k in zip(x.shape, taps, strict=False)]
    y = np.zeros((*size, w.shape[-1]))
    for i in np.ndindex(*size):
        for a in np.ndindex(*taps):
            y[i] += extended(x, [s * ij + aj - p for ij, aj in zip(i, a, strict=True)], layer, layout) @ w[a]
    return y if layer.bias is None else y + np.asarray(layer.bias)


def transposed(layer, x, layout, size):
    """``y_(s i + a - p) += W_a x_i`` for the points i of the grid and those past its sides."""
    w, s, p = np.asarray(layer.weight), layer.stride, layer.padding
    taps = w.shape[:-2]
    y = np.zeros((*size, w.shape[-1]))
    for o in np.ndindex(*size):
        for a in np.ndindex(*taps):
            shifted = [oj + p - aj for oj, aj in zip(o, a, strict=True)]
            if all(n % s == 0 for n in shifted):
                y[o] += extended(x, [n // s for n in shifted], layer, layout) @ w[a]
    return y


def extended(x, index, layer, layout):
    """x at an index that may lie past the sides."""
    inside = []
    for i, n, (lower, upper), kind in zip(index, x.shape, layer.boundary, layout, strict=False):
        condition = lower if i < 0 else upper
        if not 0 <= i < n:
            if isinstance(condition, Dirichlet):
                return np.zeros(x.shape[-1])
            if isinstance(condition, Periodic):
                i = i % n
            elif isinstance(condition, Neumann):
                wall = 0 if kind == "nodes" else 1
                i = -i - wall if i < 0 else 2 * (n - 1) + wall - i
            else:
                i = min(max(i, 0), n - 1)
        inside.append(i)
    return x[tuple(inside)]


def pointwise(layer, x):
    y = np.zeros((*x.shape[:-1], layer.weight.shape[1]))
    for i in np.ndindex(*x.shape[:-1]):
        y[i] = x[i] @ np.asarray(layer.weight) + (0 if layer.bias is None else np.asarray(layer.bias))
    return y


def normalised(layer, x, grid):
    """Mean and variance over points and channels; trapezium weights on nodes, equal ones elsewhere or in `LayerNorm`."""
    total = mean = square = 0.0
    for i in np.ndindex(*x.shape[:-1]):
        weight = 1.0
        for ij, n, kind in zip(i, grid.shape, grid.layout, strict=True):
            if kind == "nodes" and ij in (0, n - 1) and not isinstance(layer, LayerNorm):
                weight *= 0.5
        for value in x[i]:
            total, mean, square = total + weight, mean + weight * value, square + weight * value**2
    mean, square = mean / total, square / total
    y = np.zeros(x.shape)
    for i in np.ndindex(*x.shape[:-1]):
        at = i if isinstance(layer, LayerNorm) else ()
        y[i] = (x[i] - mean) / math.sqrt(square - mean**2 + 1e-5) * np.asarray(layer.weight)[at]
        y[i] += np.asarray(layer.bias)[at]
    return y


def gelu(x):
    y = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        y[i] = x[i] * 0.5 * (1 + math.erf(x[i] / math.sqrt(2)))
    return y
