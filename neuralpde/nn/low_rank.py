"""Integral transforms whose kernel is a short sum of products, on grids and on points."""

from __future__ import annotations

import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.spaces import AbstractDiscretization, AbstractDomain

from .features import PeriodicFeatures
from .mlp import mlp


class LowRankIntegral(eqx.Module):
    """``(K v)(x) = int kappa(x, y) v(y) dy / |domain|`` with ``kappa(x, y) = sum_j phi_j(x) M_j psi_j(y)``.

    Encode ``v_j = sum_i psi_j(y_i) v(y_i) D_i / |domain|`` with quadrature weights D_i, map by the matrices M_j, decode
    ``sum_j phi_j(x) w_j`` anywhere (the low-rank layer of Kovachki et al., JMLR 24 (2023) 89, section 4.2). phi and psi
    are coordinate networks that are periodic where the domain is. The cost is linear in the number of points, and the
    order that of the quadrature of the discretisation.
    """

    psi: Callable[[Float[Array, " f"]], Float[Array, " rank"]]
    phi: Callable[[Float[Array, " f"]], Float[Array, " rank"]]
    M: Float[Array, "rank i o"]
    domain: AbstractDomain = eqx.field(static=True)

    def __init__(
        self,
        domain: AbstractDomain,
        in_channels: int,
        out_channels: int,
        *,
        rank: int = 16,
        width: int = 32,
        depth: int = 2,
        activation: Callable[[Array], Array] = jax.nn.gelu,
        key: PRNGKeyArray,
    ):
        key_psi, key_phi, key_m = jax.random.split(key, 3)
        features = PeriodicFeatures(domain.bounds).size
        size = {"width": width, "depth": depth, "activation": activation}
        self.psi, self.phi = (mlp(features, rank, **size, key=k) for k in (key_psi, key_phi))
        self.M = jax.random.normal(key_m, (rank, in_channels, out_channels)) / math.sqrt(rank * in_channels)
        self.domain = domain

    def __call__(
        self, v: Float[Array, "*n i"], on: AbstractDiscretization, at: AbstractDiscretization | None = None
    ) -> Float[Array, "*m o"]:
        """Values on ``on`` in, values at ``at`` (by default there too) out."""
        at = on if at is None else at
        psi = self._sampled(self.psi, on).astype(v.dtype)
        weighted = on.weights().astype(v.dtype).reshape(-1, 1) / self.domain.volume * v.reshape(len(psi), -1)
        encoded = jnp.einsum("nj,ni->ji", psi, weighted)
        mapped = jnp.einsum("ji,jio->jo", encoded, self.M.astype(v.dtype))
        phi = self._sampled(self.phi, at).astype(v.dtype)
        return (phi @ mapped).reshape(*at.shape, -1)

    def _sampled(self, basis: Callable, on: AbstractDiscretization) -> Float[Array, "n rank"]:
        features = PeriodicFeatures(self.domain.bounds)
        x = on.coords().reshape(-1, self.domain.dim).astype(self.M.dtype)
        return jax.vmap(lambda y: basis(features(y)))(x)
