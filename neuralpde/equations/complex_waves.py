"""Envelopes of waves: the complex Ginzburg-Landau and nonlinear Schroedinger equations, as two real components."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.spaces import AbstractFunction, Box, Field
from neuralpde.spaces.fourier import Fourier, Multiplier

from .derivatives import laplacian, rate
from .equation import PointFunction
from .exact import ExactSolution, space_of, travelled
from .semilinear import AbstractSemilinear, Nonlinearity, Parameter


class GinzburgLandau(AbstractSemilinear):
    """Complex Ginzburg-Landau equation  A_t = r A + D (1 + i b) Laplace(A) - s (1 + i c) |A|^2 A,  A = u + i v.

    growth: r. diffusivity: D. saturation: s. dispersion: b. shear: c. (Aranson & Kramer, Rev. Mod. Phys. 74 (2002)
    99, has r = D = s = 1.)
    """

    dispersion: Parameter = 0.0
    shear: Parameter = 0.0
    growth: Parameter = 1.0
    diffusivity: Parameter = 1.0
    saturation: Parameter = 1.0
    names: ClassVar[tuple[str, ...]] = ("u", "v")

    def symbol(self, fourier: Fourier) -> Multiplier:
        """The matrices of r - D (1 + i b) |k|^2."""
        laplace = self.diffusivity * fourier.laplacian()
        return _rotation(self.growth + laplace, self.dispersion * laplace)

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """-s (1 + i c) |A|^2 A"""
        return lambda spectrum: fourier.forward(self._saturation(fourier.inverse(spectrum)))

    def _saturation(self, a):
        u, v = a
        return -self.saturation * (u**2 + v**2) * jnp.stack([u - self.shear * v, v + self.shear * u])

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 2"]:
        """Real and imaginary part of left minus right hand side."""
        a, a_t, spread = (real + 1j * imaginary for real, imaginary in (u(x), rate(u)(x), laplacian(u)(x)))
        linear = self.growth * a + self.diffusivity * (1 + 1j * self.dispersion) * spread
        # Not |a|^2, whose derivative is undefined where a = 0.
        saturation = self.saturation * (1 + 1j * self.shear) * jnp.sum(u(x) ** 2) * a
        left = a_t - linear + saturation
        return jnp.stack([left.real, left.imag])

    def exact(self, domain: Box, mode: int = 1) -> AbstractFunction:
        """The plane wave ``R exp(i (q x - w t))``, q = 2 pi mode / L, s R^2 = r - D q^2, w = b D q^2 + c s R^2.

        Where D q^2 > r there is none, and the values are not numbers.
        """
        q = 2 * jnp.pi * mode / domain.extents[0]
        parameters = (q, self.dispersion, self.shear, self.growth, self.diffusivity, self.saturation)
        return ExactSolution(_plane_wave, parameters, space_of(domain, self.names, 1))


def _plane_wave(x, q, dispersion, shear, growth, diffusivity, saturation):
    decay = diffusivity * q**2
    phase = q * x[0] - (dispersion * decay + shear * (growth - decay)) * x[1]
    return jnp.sqrt((growth - decay) / saturation) * jnp.stack([jnp.cos(phase), jnp.sin(phase)])


class Schroedinger(AbstractSemilinear):
    """Cubic nonlinear Schroedinger equation  i A_t + a Laplace(A) + b |A|^2 A = 0,  A = u + i v.

    dispersion: a. nonlinearity: b, positive where waves focus.
    """

    dispersion: Parameter = 0.5
    nonlinearity: Parameter = 1.0
    names: ClassVar[tuple[str, ...]] = ("u", "v")

    def symbol(self, fourier: Fourier) -> Multiplier:
        """The matrices of -i a |k|^2."""
        laplace = fourier.laplacian()
        return _rotation(jnp.zeros_like(laplace), self.dispersion * laplace)

    def nonlinear(self, fourier: Fourier) -> Nonlinearity:
        """i b |A|^2 A"""

        def focusing(spectrum):
            u, v = fourier.inverse(spectrum)
            return fourier.forward(self.nonlinearity * (u**2 + v**2) * jnp.stack([-v, u]))

        return focusing

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 2"]:
        """``A_t - i a Laplace(A) - i b |A|^2 A``, real and imaginary part."""
        (real, imaginary), (real_2, imaginary_2) = u(x), laplacian(u)(x)
        density = self.nonlinearity * (real**2 + imaginary**2)
        right = jnp.stack(
            [-self.dispersion * imaginary_2 - density * imaginary, self.dispersion * real_2 + density * real]
        )
        return rate(u)(x) - right

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """Mass |A|^2, momentum Im(conj(A) grad A) along each axis, and energy a |grad A|^2 - b |A|^4 / 2."""
        density = jnp.sum(u.values**2, axis=-1, keepdims=True)
        slopes = [u.diff(axis).values for axis in range(u.space.dim)]
        slope2 = sum(jnp.sum(slope**2, axis=-1, keepdims=True) for slope in slopes)
        found = {"mass": u.on.integrate(density)[0]}
        for name, slope in zip(u.space.domain.names, slopes, strict=True):
            current = u.values[..., 0] * slope[..., 1] - u.values[..., 1] * slope[..., 0]
            found[f"momentum_{name}"] = u.on.integrate(current[..., None])[0]
        energy = self.dispersion * slope2 - self.nonlinearity / 2 * density**2
        return {**found, "energy": u.on.integrate(energy)[0]}

    def exact(
        self, domain: Box, amplitude: Parameter = 1.0, speed: Parameter = 0.0, start: Parameter = 0.0
    ) -> AbstractFunction:
        """The bright soliton ``R sech(R sqrt(b / 2a) y) exp(i (c y / 2a + w t))``, y = x - start - c t.

        ``R`` is the amplitude, c the speed and w = b R^2 / 2 + c^2 / (4 a). On a periodic axis it is exact up to its
        tail at half a period from the crest.
        """
        parameters = (self.dispersion, self.nonlinearity, amplitude, speed, start, domain.axes[0])
        return ExactSolution(_bright_soliton, parameters, space_of(domain, self.names, 1))


def _bright_soliton(x, dispersion, nonlinearity, amplitude, speed, start, axis):
    y = travelled(x, speed, start, axis)
    envelope = amplitude / jnp.cosh(amplitude * jnp.sqrt(nonlinearity / (2 * dispersion)) * y)
    frequency = nonlinearity * amplitude**2 / 2 + speed**2 / (4 * dispersion)
    phase = speed * y / (2 * dispersion) + frequency * x[1]
    return envelope * jnp.stack([jnp.cos(phase), jnp.sin(phase)])


def _rotation(real: Multiplier, imaginary: Multiplier) -> Multiplier:
    """Complex factors as matrices acting on (real, imaginary), (2, 2, *modes)."""
    return jnp.stack([jnp.stack([real, -imaginary]), jnp.stack([imaginary, real])])
