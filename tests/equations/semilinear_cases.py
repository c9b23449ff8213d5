"""Every semilinear equation with parameters of its own, and the exact solutions they have, for the tests."""

import jax.numpy as jnp

from neuralpde.equations import (
    Advection,
    AllenCahn,
    Burgers,
    CahnHilliard,
    Diffusion,
    FisherKPP,
    FlameFront,
    GinzburgLandau,
    GrayScott,
    KortewegDeVries,
    KuramotoSivashinsky,
    Schroedinger,
    SineGordon,
    VectorBurgers,
    Vorticity,
    Wave,
    kolmogorov_forcing,
)
from neuralpde.spaces import Box

TIME = Box.of(t=(0.0, 1.0))


def ring(lower, upper):
    """A periodic interval."""
    return Box.of(periodic=("x",), x=(lower, upper))


def torus(*lengths):
    """A periodic box from the origin."""
    names = "xyz"[: len(lengths)]
    return Box.of(periodic=names, **{name: (0.0, length) for name, length in zip(names, lengths, strict=True)})


LINE, SHEET, BLOCK = torus(2.0), torus(2.0, 1.5), torus(1.0, 1.2, 0.9)

EQUATIONS = {
    "advection": (Advection((0.7, -0.4)), SHEET),
    "diffusion": (Diffusion(0.3), SHEET),
    "Burgers": (Burgers(0.05), LINE),
    "vector Burgers": (VectorBurgers(0.05), SHEET),
    "vector Burgers in three dimensions": (VectorBurgers(0.05, 3), BLOCK),
    "KdV": (KortewegDeVries(0.01), LINE),
    "Kuramoto-Sivashinsky": (KuramotoSivashinsky(1.3, 0.4, 0.02), LINE),
    "flame front": (FlameFront(1.3, 0.4, 0.02), SHEET),
    "Allen-Cahn": (AllenCahn(0.02, 2.0), SHEET),
    "Fisher-KPP": (FisherKPP(0.02, 2.0), SHEET),
    "Cahn-Hilliard": (CahnHilliard(0.1, 0.5), SHEET),
    "Gray-Scott": (GrayScott((0.2, 0.1), 0.4, 0.6, 3.0), SHEET),
    "Ginzburg-Landau": (GinzburgLandau(0.5, -1.2, 0.8, 0.03, 1.4), SHEET),
    "Schroedinger": (Schroedinger(0.3, 1.2), SHEET),
    "wave": (Wave(1.3), SHEET),
    "sine-Gordon": (SineGordon(1.3), LINE),
}
VORTICITY = Vorticity(0.02, 0.1, kolmogorov_forcing(SHEET, 2, 0.3))


def _bump(x):
    return jnp.exp(jnp.sin(2 * jnp.pi * x[:1]))


EXACT = {
    "advection": Advection((0.7, -0.4)).exact(
        torus(1.0, 1.0) * TIME, lambda x: jnp.sin(2 * jnp.pi * (x[:1] - 2 * x[1:]))
    ),
    "diffusion": Diffusion(0.3).exact(SHEET * TIME, (1, 2), 0.3),
    "Burgers": Burgers(0.05).exact(ring(-1.0, 1.0) * TIME),
    "vector Burgers": VectorBurgers(0.05).exact(Box.of(x=(-1.0, 1.0), y=(-1.0, 1.0), t=(0.0, 1.0)), (1, 2)),
    "KdV": KortewegDeVries(0.01).exact(LINE * TIME, 0.6, 0.8),
    "Allen-Cahn": AllenCahn(0.02, 2.0).exact(Box.of(x=(-1.0, 1.0)) * TIME, 0.1),
    "Fisher-KPP": FisherKPP(0.02, 2.0).exact(Box.of(x=(-1.0, 1.0)) * TIME, 0.1),
    "Ginzburg-Landau": GinzburgLandau(0.5, -1.2, 0.8, 0.03, 1.4).exact(torus(2.0) * TIME, 1),
    "Schroedinger": Schroedinger(0.3, 1.2).exact(Box.of(x=(-8.0, 8.0)) * TIME, 1.4, 0.5, 0.2),
    "wave": Wave(1.3).exact(torus(1.0) * TIME, _bump),
    "sine-Gordon": SineGordon(1.3).exact(Box.of(x=(-8.0, 8.0)) * TIME, 0.6, 0.2),
}
"""Solutions of the equations of the same names."""
