"""The Gray-Scott model: two substances that react and diffuse into patterns."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces.fourier import Fourier, Multiplier

from .derivatives import laplacian, rate
from .equation import PointFunction
from .semilinear import AbstractSemilinear, Nonlinearity, Parameter


class GrayScott(AbstractSemilinear):
    """Gray-Scott model  u_t = D_u Laplace(u) - s u v^2 + F (1 - u),  v_t = D_v Laplace(v) + s u v^2 - (F + k) v.

    diffusivities: (D_u, D_v). feed: F. kill: k. reaction: s, one in Pearson (Science 261 (1993) 189).
    """

    diffusivities: tuple[Parameter, Parameter] = (2e-5, 1e-5)
    feed: Parameter = 0.04
    kill: Parameter = 0.06
    reaction: Parameter = 1.0
    names: ClassVar[tuple[str, ...]] = ("u", "v")

    def symbol(self, fourier: Fourier) -> Multiplier:
        """-D_u |k|^2 - F and -D_v |k|^2 - F - k"""
        laplace = fourier.laplacian()
        losses = (self.feed, self.feed + self.kill)
        return jnp.stack([d * laplace - loss for d, loss in zip(self.diffusivities, losses, strict=True)])

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """F - s u v^2 and s u v^2"""

        def kinetics(spectrum):
            u, v = fourier.inverse(spectrum)
            product = fourier.forward(self.reaction * u * v**2)
            constant = (0,) * fourier.dim
            # The spectrum of the constant F is F times the number of points, in the first mode.
            return jnp.stack([(-product).at[constant].add(self.feed * u.size), product])

        return kinetics

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 2"]:
        """Left minus right hand sides of the two equations."""
        (a, b), (d_a, d_b) = u(x), self.diffusivities
        diffusion = jnp.stack([jnp.asarray(d_a, x.dtype), jnp.asarray(d_b, x.dtype)]) * laplacian(u)(x)
        product = self.reaction * a * b**2
        kinetics = jnp.stack([self.feed * (1 - a) - product, product - (self.feed + self.kill) * b])
        return rate(u)(x) - diffusion - kinetics
