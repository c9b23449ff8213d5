"""Encoders: networks that read a whole function and give a vector."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Sequence

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Grid

from .convolution import Convolution
from .mlp import mlp


class AbstractEncoder(eqx.Module):
    """A map from a field to a vector, such as a branch net that must know where its input is sampled.

    Constructors are called as ``Encoder(space, size, ..., on=..., key=key)``: fields of ``space`` in, vectors of
    ``size`` numbers out, ``on`` where the fields will be sampled.
    """

    @abc.abstractmethod
    def __call__(self, u: Field) -> Float[Array, " size"]:
        """Encode one function."""


class ConvolutionalEncoder(AbstractEncoder):
    """Convolutions of stride 2 on a grid, then a multilayer perceptron on what is left.

    ``widths`` has the channels after each convolution, ``dense`` hidden layers of ``width`` follow. Past the sides
    values are extended as the space's conditions say. The defaults are the branch net of Lu et al., CMAME 393 (2022)
    114778, for Darcy flow. Its kernels and dense layers belong to the one grid ``on``.

    Raises ``ValueError`` where ``on`` is not a grid, or is given a field on another one.
    """

    convolutions: tuple[Convolution, ...]
    head: eqx.nn.MLP
    on: Grid = eqx.field(static=True)
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        space: FunctionSpace,
        size: int,
        *,
        widths: Sequence[int] = (64, 128),
        kernel: int = 5,
        width: int = 128,
        dense: int = 1,
        activation: Callable[[Array], Array] = jax.nn.relu,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        if not isinstance(on, Grid):
            raise ArgumentError(
                f"ConvolutionalEncoder reads values on a grid, got on={on}; pass on=Grid(...), or encode scattered "
                "sensors with a multilayer perceptron."
            )
        key_head, *keys = jax.random.split(key, len(widths) + 1)
        channels = (space.channels, *widths)
        self.convolutions = tuple(
            Convolution(space.boundary, i, o, kernel, 2, use_bias=True, gain=2.0, key=k)
            for i, o, k in zip(channels[:-1], channels[1:], keys, strict=True)
        )
        left = math.prod(_halved(n, len(widths)) for n in on.shape) * channels[-1]
        self.head = mlp(left, size, width=width, depth=dense, activation=activation, key=key_head)
        self.on, self.activation = on, activation

    def __call__(self, u: Field) -> Float[Array, " size"]:
        if u.on != self.on:
            raise ArgumentError(f"ConvolutionalEncoder was built for {self.on}, got a field on {u.on}: resample it.")
        x = u.values
        for convolution in self.convolutions:
            x = self.activation(convolution(x, self.on.layout))
        return self.head(x.reshape(-1))


def _halved(n: int, times: int) -> int:
    for _ in range(times):
        n = -(-n // 2)
    return n
