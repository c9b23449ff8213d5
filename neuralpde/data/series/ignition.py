"""Laser ignition of methane in oxygen: experiments of six parameters, by a model that is more than the known part of it."""

from __future__ import annotations

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from neuralpde.equations.combustion import EXPERIMENTS, HeatPulse, Reactor, igniter, read_mechanism
from neuralpde.solvers import solve_ode
from neuralpde.spaces import IrregularSeries

from .dataset import SeriesDataset, SeriesSample, drawn

KELVIN, PASCAL = 1e3, 1e5
"""Units of the series, K and Pa."""
LONGEST = 4e-5
"""s, the longest step: none passes over a pulse."""


class SparkHeat(eqx.Module):
    """A share of the energy at once, the rest by a tail ``t / tail^2 exp(-t / tail)`` that begins with it."""

    flash: HeatPulse
    rest: Float[Array, ""]
    tail: Float[Array, ""]

    def __call__(self, x: Float[Array, " 1"]) -> Float[Array, " 1"]:
        since = jnp.maximum(x - self.flash.centre, 0.0) / self.tail
        return self.flash(x) + self.rest / self.tail * since * jnp.exp(-since)


def laser_reactor(parameters: Float[Array, " 6"]) -> Reactor:
    """The reactor of one experiment, `neuralpde.equations.combustion.EXPERIMENTS`, with all that hides behind it.

    Methane burns in two steps, of which the second has an equilibrium. A spark absorbs more of a beam that is denser,
    releases a share at once and the rest by a tail. In the shear layer, ``radial = 0.35 + 0.2 axial``, the gas is well
    mixed: rates are larger and the activation energy is smaller. Heat goes to the walls, most near them and near the
    injector. All of these laws are made up.
    """
    energy, axial, radial, radius, timing, mixture = parameters
    gas = read_mechanism("methane_two_step")
    wide = radius / 0.6e-3
    layer = jnp.exp(-(((radial - 0.35 - 0.2 * axial) / 0.25) ** 2))
    absorbed = energy * (0.45 + 0.5 * jax.nn.sigmoid(3 * (energy / 0.13 / (4 * wide**2) - 0.8)))
    flash = 0.75 - 0.35 * radial
    heat = SparkHeat(
        HeatPulse(absorbed * flash, timing + 2e-5 + 6e-5 * wide, 1.2e-5 + 1e-5 * wide),
        absorbed * (1 - flash),
        5e-5 + 1e-4 * axial * wide,
    )
    first = jnp.exp(-1.0 + 1.8 * layer - 0.6 * axial**2)
    energy_shift = 1 + 0.05 * jnp.sin(2.5 * axial + radial) - 0.05 * layer
    return igniter(
        gas,
        mixture,
        heat=heat,
        conductance=1e-2 * (0.2 + radial**2 + 0.5 * (1 - axial)),
        rate_factor=jnp.stack([first, 0.3 + 0.7 * layer]),
        activation_energy=gas.kinetics.activation_energy * jnp.stack([energy_shift, jnp.ones_like(energy_shift)]),
    )


def ignition_series(parameters: Float[Array, " 6"], times: Float[np.ndarray, " time"]) -> Float[Array, "time 2"]:
    """Temperature (1000 K) and pressure (bar) of an experiment at increasing ``times`` (s) from 0."""
    reactor = laser_reactor(parameters)
    method = {"solver": diffrax.Kvaerno3(), "max_steps": 4096, "rtol": 1e-5, "atol": 1e-7, "longest": LONGEST}
    states = solve_ode(reactor, reactor.initial_state(), times, **method)
    return jnp.stack([states[:, 0] / KELVIN, jax.vmap(reactor.pressure)(states) / PASCAL], axis=-1)


def laser_ignition(
    train: int = 100, test: int = 200, validation: int = 0, end: float = 2e-3, points: int = 101, seed: int = 0
) -> SeriesDataset:
    """Temperature (1000 K) and pressure (bar) at equal times up to ``end`` s, of experiments drawn uniformly.

    Seen are the six parameters, each scaled to [-1, 1], as static covariates, and the initial values; the targets are the
    series. Two experiments of three ignite. A stand-in for the simulations of Qian, Wang, Douasbin & Darve 2023, see
    `laser_reactor`.
    """
    times = np.linspace(0.0, end, points)

    def draw(key: Key[Array, ""], label: Int[Array, ""]) -> SeriesSample:
        parameters = EXPERIMENTS.sample(key, 1)[0]
        values = ignition_series(parameters, times)
        scaled = EXPERIMENTS.normalize(parameters)
        time, seen = jnp.asarray(times, values.dtype), values.at[1:].set(jnp.nan)
        return SeriesSample(IrregularSeries(time, seen, scaled), IrregularSeries(time, values, scaled))

    sizes = {"train": train, "test": test, "validation": validation}
    with jax.enable_x64(True):
        return drawn("laser_ignition", draw, **sizes, seed=seed, names=("temperature", "pressure"))
