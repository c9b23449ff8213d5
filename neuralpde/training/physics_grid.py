"""What an equation says of an operator's answers on a grid: residuals of discretisations, without labels.

Li et al., "Physics-informed neural operator for learning partial differential equations", ACM/IMS J. Data Sci. 1
(2024) 9. Their pointwise residual of Darcy's equation has no meaning for media that jump: here it is that of the
finite volumes, whose fluxes are continuous.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import AbstractEquation, Darcy, Poisson
from neuralpde.solvers.elliptic import sampled
from neuralpde.solvers.finite_volume import Diffusion, finite_volumes, is_singular
from neuralpde.solvers.multigrid import VCycle
from neuralpde.spaces import AbstractDiscretization, Box, Field, FunctionSpace, Grid

from .failures import TrainingArgumentError
from .physics import AbstractPhysics, check_argument, stated


class EvolutionResidual(AbstractPhysics):
    """Mean over space and time of ``|v_t - tendency(v)|^2`` for answers on a grid whose last axis is time.

    The equation's `tendency` differentiates in space (semilinear equations: by Fourier series), `Field.diff` in time:
    in fourth order on uniform layouts, by the Chebyshev series on that layout. ``argument`` as in `PointwiseResidual`.
    """

    equation: AbstractEquation
    argument: str | None = eqx.field(static=True, default=None)
    weight: float = eqx.field(static=True, default=1.0)

    def __check_init__(self):
        check_argument(self.equation, self.argument)

    @property
    def name(self) -> str:
        """residual"""
        return "residual"

    def __call__(self, operator, u, on, key):
        grid = _grid(on, "EvolutionResidual")
        equation, v = stated(self.equation, self.argument, u), operator(u, at=on)
        line = Grid(Box(grid.domain.axes[:-1]), grid.shape[:-1], grid.layout[:-1])
        space = FunctionSpace(line.domain, v.space.names, v.space.boundary[:-1])

        def tendency(values: Float[Array, "*space c"]) -> Float[Array, "*space c"]:
            return equation.tendency(Field(values, line, space)).values

        rate = v.diff(grid.domain.dim - 1).values
        residual = rate - jax.vmap(tendency, in_axes=-2, out_axes=-2)(v.values)
        return jnp.sum(grid.integrate(residual**2)) / grid.domain.volume


class EllipticResidual(AbstractPhysics):
    """How far an answer v is from the solution of the finite volumes ``A v = b`` of Darcy's or Poisson's equation.

    ``measure="energy"``: ``<r, M r> / <b, M b>``, r = b - A v, with one multigrid V-cycle for M. M is close to the
    inverse of A, so that this is close to the square of the relative error in the energy norm, for any jump of the
    coefficient and any grid; the square of r itself would be dominated by the finest grid scale. ``"ritz"``: the
    energy ``<v, A v> / 2 - <b, v>`` over the domain, which the solution minimises; its least value is not zero.

    ``argument`` is the parameter of the equation that the input function is. Sides count by the target's conditions:
    v needs not meet them at points.
    """

    equation: Darcy | Poisson
    argument: str | None = eqx.field(static=True, default="coefficient")
    measure: str = eqx.field(static=True, default="energy")
    weight: float = eqx.field(static=True, default=1.0)

    def __check_init__(self):
        check_argument(self.equation, self.argument)
        if self.measure not in ("energy", "ritz"):
            raise TrainingArgumentError(f"measure={self.measure!r} is unknown; choose 'energy' or 'ritz'.")

    @property
    def name(self) -> str:
        """energy or ritz"""
        return self.measure

    def __call__(self, operator, u, on, key):
        grid = _grid(on, "EllipticResidual")
        A, b = _discrete(stated(self.equation, self.argument, u), operator.target, grid)
        v = operator(u, at=on).values[..., 0]
        if self.measure == "ritz":
            return (jnp.vdot(v, A(v)) / 2 - jnp.vdot(b, v)) * grid.domain.volume / grid.size
        M = jax.lax.stop_gradient(VCycle(A, grid.spacing, is_singular(operator.target)))
        r = b - A(v)
        return jnp.vdot(r, M(r)) / jnp.vdot(b, M(b))


def _discrete(equation: Darcy | Poisson, space: FunctionSpace, on: Grid) -> tuple[Diffusion, Float[Array, "*cell"]]:
    """A and b; b without its mean where the conditions leave a constant free."""
    if any(layout not in ("cells", "periodic") for layout in on.layout):
        raise TrainingArgumentError(f"EllipticResidual works on cells, the targets live on layout {on.layout}.")
    a, f = (jnp.broadcast_to(sampled(part, on), on.shape) for part in (equation.coefficient, equation.source))
    A, b = finite_volumes(a, f.astype(a.dtype), space, on)
    return A, b - jnp.mean(b) if is_singular(space) else b


def _grid(on: AbstractDiscretization, who: str) -> Grid:
    if not isinstance(on, Grid):
        raise TrainingArgumentError(f"{who} needs answers on a grid, the targets live on {type(on).__name__}.")
    return on
