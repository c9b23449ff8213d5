"""Energy spectra: single modes sit in their shell, and no energy is lost."""

import jax
import numpy as np
import pytest

from neuralpde.evaluation import energy_spectrum
from neuralpde.spaces import Box, Field, FunctionSpace, Grid, Points

LAYOUTS = {
    "periodic": ((True,), ("periodic",)),
    "cells": ((False,), ("cells",)),
    "nodes": ((False,), ("nodes",)),
    "periodic and cells": ((True, False), ("periodic", "cells")),
    "nodes and cells": ((False, False), ("nodes", "cells")),
    "three kinds": ((True, False, False), ("periodic", "cells", "nodes")),
}


def grid_of(periodic, layout, shape=(12, 9, 7)) -> Grid:
    intervals = dict(zip("xyz", [(0.0, 2.0), (1.0, 2.5), (-1.0, 0.0)], strict=True))
    names = "xyz"[: len(periodic)]
    box = Box.of(
        periodic=[name for name, wraps in zip(names, periodic, strict=True) if wraps],
        **{name: intervals[name] for name in names},
    )
    return Grid(box, shape[: len(periodic)], layout)


@pytest.mark.parametrize("kind", LAYOUTS)
def test_the_energy_of_all_shells_is_half_the_mean_square(kind):
    on = grid_of(*LAYOUTS[kind])
    space = FunctionSpace(on.domain, ("u", "v"))
    u = Field(np.random.default_rng(0).normal(size=(*on.shape, 2)), on, space)
    mean_square = float(on.integrate(u.values**2).sum()) / on.domain.volume
    assert energy_spectrum(u).energy.sum() == pytest.approx(mean_square / 2, rel=1e-12)


@pytest.mark.parametrize("mode", [1, 3, 5])
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_a_periodic_mode_sits_in_its_shell(mode, dim):
    space = FunctionSpace(Box.cube(dim, 0.0, 3.0, periodic=True))
    on = space.domain.grid(12)
    u = np.sin(2 * np.pi * mode * np.asarray(on.coords())[..., :1] / 3.0)
    spectrum = energy_spectrum(Field(u, on, space))
    expected = np.zeros_like(spectrum.energy)
    expected[mode] = 1 / 4
    np.testing.assert_allclose(spectrum.energy, expected, atol=1e-14)
    assert spectrum.wavenumber[mode] == pytest.approx(2 * np.pi * mode / 3.0)


@pytest.mark.parametrize("layout", ["cells", "nodes"])
@pytest.mark.parametrize("mode", [1, 4])
def test_a_cosine_between_walls_sits_in_its_shell(layout, mode):
    space = FunctionSpace(Box.of(x=(0.0, 2.0)))
    on = space.domain.grid(10, layout=layout)
    u = np.cos(np.pi * mode * np.asarray(on.coords()) / 2)
    spectrum = energy_spectrum(Field(u, on, space))
    assert spectrum.energy[mode] == pytest.approx(1 / 4, rel=1e-12)
    assert spectrum.energy.sum() == pytest.approx(1 / 4, rel=1e-12)
    assert spectrum.wavenumber[mode] == pytest.approx(np.pi * mode / 2)


def test_the_wave_3_4_has_wavenumber_5():
    space = FunctionSpace(Box.cube(2, periodic=True))
    on = space.domain.grid(16)
    x = np.asarray(on.coords())
    u = np.cos(2 * np.pi * (3 * x[..., :1] - 4 * x[..., 1:]))
    assert energy_spectrum(Field(u, on, space)).energy[5] == pytest.approx(1 / 4, rel=1e-12)


def test_shells_are_complete_up_to_the_smallest_resolved_wavenumber():
    space = FunctionSpace(Box.cube(2, periodic=True))
    spectrum = energy_spectrum(Field(np.ones((16, 8, 1)), space.domain.grid(16, 8), space))
    assert spectrum.complete == pytest.approx(2 * np.pi * 4)
    assert spectrum.energy[0] == pytest.approx(1 / 2)


def test_stacked_fields_have_the_mean_of_their_spectra():
    space = FunctionSpace(Box.cube(2, periodic=True))
    on = space.domain.grid(8)
    stacked = Field.stack(np.random.default_rng(1).normal(size=(4, 8, 8, 1)), on, space)
    single = [energy_spectrum(jax.tree.map(lambda a, i=i: a[i], stacked)).energy for i in range(4)]
    np.testing.assert_allclose(energy_spectrum(stacked).energy, np.mean(single, axis=0), rtol=1e-12)


def test_smooth_fields_between_walls_decay_without_a_window():
    """x (1 - x) has cosine coefficients 4 / (pi m)^2 at even m: energy ~ m^-4, none of it at the end."""
    space = FunctionSpace(Box.of(x=(0.0, 1.0)))
    on = space.domain.grid(256)
    x = np.asarray(on.coords())
    energy = energy_spectrum(Field(x * (1 - x), on, space)).energy
    m = np.asarray([4, 8, 16])
    np.testing.assert_allclose(energy[m], (4 / (np.pi * m) ** 2) ** 2 / 4, rtol=2e-2)


def test_places_without_a_discrete_basis_are_refused(key):
    space = FunctionSpace(Box.cube(2))
    for on in (space.domain.grid(8, layout="chebyshev"), Points.random(space.domain, 5, key=key)):
        with pytest.raises(ValueError, match="resample"):
            energy_spectrum(Field(np.ones((*on.shape, 1)), on, space))
