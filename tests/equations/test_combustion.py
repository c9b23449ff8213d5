"""Gases that react: thermodynamics against tables, transport against Cantera and closed forms, files that are refused."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import yaml

from neuralpde.equations.combustion import SimplifiedFlame, premixed_flame, read_mechanism
from neuralpde.equations.combustion.mechanism import SHIPPED, gas_of

ATMOSPHERE = 101325.0
GAS = read_mechanism("methane_one_step")
MOLES = np.asarray([0.05, 0.15, 0.04, 0.09, 0.67])
# By Cantera 3.2 from the same file for these moles of CH4, O2, CO2, H2O, N2 at one atmosphere: W/(m K), Pa s, m^2/s,
# mol/(m^3 s) of methane.
CANTERA = {
    300.0: (0.0264219, 1.73099e-5, [2.26575e-5, 2.02476e-5, 1.54417e-5, 2.30403e-5, 2.03211e-5], -1.48543039e-7),
    1500.0: (0.109258, 5.46061e-5, [3.61929e-4, 3.17599e-4, 2.57590e-4, 4.29804e-4, 3.29142e-4], -6013.89051),
}


def test_heats_and_entropies_are_those_of_the_tables():
    """CRC Handbook, at 298.15 K: heat of formation kJ/mol, entropy and heat capacity J/(mol K)."""
    table = {"CH4": (-74.6, 186.3, 35.7), "O2": (0.0, 205.2, 29.4), "CO2": (-393.5, 213.8, 37.1)}
    table |= {"H2O": (-241.8, 188.8, 33.6), "N2": (0.0, 191.6, 29.1)}
    nasa = GAS.thermodynamics
    all_three = lambda t: jnp.stack([nasa.enthalpy(t) / 1e3, nasa.entropy(t), nasa.heat_capacity(t)], axis=1)
    found = jax.jit(all_three)(298.15)
    np.testing.assert_allclose(found, [table[name] for name in GAS.names], rtol=2e-3, atol=0.05)


def test_heat_capacity_is_the_slope_of_enthalpy_and_of_entropy():
    nasa = GAS.thermodynamics
    for t in jnp.asarray([400.0, 1800.0]):
        np.testing.assert_allclose(jax.jacfwd(nasa.enthalpy)(t), nasa.heat_capacity(t), rtol=1e-12)
        np.testing.assert_allclose(t * jax.jacfwd(nasa.entropy)(t), nasa.heat_capacity(t), rtol=1e-12)
    np.testing.assert_allclose(nasa.enthalpy(1000 - 1e-9), nasa.enthalpy(1000.0), rtol=1e-3)


@pytest.mark.parametrize("temperature", CANTERA)
def test_transport_and_rates_agree_with_cantera(temperature):
    """Whose collision integrals are those of tables, fitted by polynomials in the logarithm of the temperature."""
    y = GAS.mass_fractions(MOLES)
    conductivity, viscosity, diffusivities, rate = CANTERA[temperature]
    assert float(GAS.conductivity(temperature, y)) == pytest.approx(conductivity, rel=4e-3)
    assert float(GAS.viscosity(temperature, y)) == pytest.approx(viscosity, rel=4e-3)
    found = GAS.transport.mixed_diffusivities(temperature, ATMOSPHERE, MOLES)
    np.testing.assert_allclose(found, diffusivities, rtol=1e-3)
    made = GAS.production(temperature, ATMOSPHERE, y) / GAS.molar_mass
    np.testing.assert_allclose(made, np.multiply(rate, [1, 2, -1, -2, 0]), rtol=1e-8, atol=1e-20)


@pytest.mark.parametrize("temperature", [300.0, 900.0, 2300.0])
def test_cantera_itself_agrees(temperature):
    cantera = pytest.importorskip("cantera")
    other = cantera.Solution(str(SHIPPED / "methane_one_step.yaml"))
    other.TPX = temperature, ATMOSPHERE, dict(zip(GAS.names, MOLES, strict=True))
    y = GAS.mass_fractions(MOLES)
    np.testing.assert_allclose(
        GAS.thermodynamics.enthalpy(temperature), other.partial_molar_enthalpies / 1e3, rtol=1e-12
    )
    np.testing.assert_allclose(GAS.thermodynamics.heat_capacity(temperature), other.partial_molar_cp / 1e3, rtol=1e-12)
    assert float(GAS.density(temperature, ATMOSPHERE, y)) == pytest.approx(other.density, rel=1e-12)
    np.testing.assert_allclose(
        GAS.production(temperature, ATMOSPHERE, y), other.net_production_rates * other.molecular_weights, rtol=1e-10
    )
    assert float(GAS.conductivity(temperature, y)) == pytest.approx(other.thermal_conductivity, rel=4e-3)
    assert float(GAS.viscosity(temperature, y)) == pytest.approx(other.viscosity, rel=5e-3)
    np.testing.assert_allclose(
        GAS.transport.mixed_diffusivities(temperature, ATMOSPHERE, MOLES), other.mix_diff_coeffs, rtol=1e-3
    )


def test_reactions_keep_atoms_and_mass():
    np.testing.assert_array_equal(GAS.kinetics.net @ GAS.composition, 0)
    w = GAS.production(1600.0, ATMOSPHERE, GAS.mass_fractions(MOLES))
    assert abs(jnp.sum(w)) < 1e-13 * jnp.abs(w).max()


def test_rates_have_slopes_without_oxygen():
    y = GAS.mass_fractions(jnp.asarray([0.1, 0.0, 0.0, 0.0, 0.9]))
    value, slope = GAS.production(1600.0, ATMOSPHERE, y), jax.jacfwd(lambda y: GAS.production(1600.0, ATMOSPHERE, y))(y)
    assert jnp.isfinite(slope).all() and jnp.abs(value).max() < 1e-3


def test_two_gases_diffuse_by_the_law_of_fick():
    """j_1 = -rho D_12 dY_1/dx, exactly."""
    content = yaml.safe_load((SHIPPED / "methane_one_step.yaml").read_text())
    content["phases"][0]["species"], content["reactions"] = ["H2O", "N2"], []
    pair = gas_of({**content, "reactions": [{"equation": "H2O => H2O", "rate-constant": {"A": 0.1, "b": 0, "Ea": 0}}]})
    y, slope = jnp.asarray([0.3, 0.7]), jnp.asarray([50.0, -50.0])
    d = pair.transport.diffusivities(700.0, ATMOSPHERE)[0, 1]
    expected = -pair.density(700.0, ATMOSPHERE, y) * d * slope
    np.testing.assert_allclose(pair.diffusion(700.0, ATMOSPHERE, y, slope), expected, rtol=1e-9)


def test_diffusion_moves_no_mass_and_is_inverted():
    y = GAS.mass_fractions(MOLES)
    changes = jnp.asarray([3.0, -2.0, 4.0, 1.0, -6.0])
    fractions, slopes = jax.jvp(GAS.mass_fractions, (jnp.asarray(MOLES),), (changes,))
    fluxes = GAS.diffusion(900.0, ATMOSPHERE, fractions, slopes)
    assert abs(jnp.sum(fluxes)) < 1e-14 * jnp.abs(fluxes).max()
    np.testing.assert_allclose(GAS.slopes(900.0, ATMOSPHERE, y, fluxes), changes, rtol=1e-8)


def test_burning_keeps_enthalpy_and_uses_up_what_is_scarce():
    """Adiabatic flame temperatures of complete combustion at one atmosphere, from 300 K."""
    for ratio, gone in ((0.6, "CH4"), (1.3, "O2")):
        flame = premixed_flame(GAS, "CH4", ratio)
        before, (t, after) = np.asarray(flame.unburned), np.split(flame.burned, [1])
        assert after[GAS.names.index(gone)] == pytest.approx(0, abs=1e-15) and sum(after) == pytest.approx(1)
        np.testing.assert_allclose(after @ GAS.enthalpies(t[0]), before @ GAS.enthalpies(300.0), rtol=1e-9)
    assert premixed_flame(GAS, "CH4", 1.0).burned[0] == pytest.approx(2327, abs=2)


def test_the_simplified_gas_keeps_momentum():
    """p + rho u^2 with p = rho R T / W is that of the inflow, and the velocity there is the flame speed."""
    flame = SimplifiedFlame(flame_speed=0.7)
    gas = 8.3145 / flame.molar_mass
    momentum = lambda t: float(flame.mass_flux * (flame.velocity(t) + gas * t / flame.velocity(t)))
    assert float(flame.velocity(flame.inflow_temperature)) == pytest.approx(0.7, rel=1e-12)
    assert momentum(4000.0) == pytest.approx(momentum(298.0), rel=1e-12)
    assert flame.heating(flame.burned_temperature) == 0 and flame.heating(flame.burned_temperature + 10) == 0


def changed(path, value):
    content = copy.deepcopy(yaml.safe_load((SHIPPED / "methane_one_step.yaml").read_text()))
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return content


REACTION = ("reactions", 0)


@pytest.mark.parametrize(
    "path, value, says",
    [
        (("phases", 0, "thermo"), "plasma", "ideal-gas"),
        (("phases", 0, "species"), ["CH4", "OH"], "OH"),
        (("species", 0, "thermo", "model"), "NASA9", "NASA7"),
        (("species", 0, "transport", "geometry"), "ring", "geometry"),
        (("species", 0, "composition"), {"Xe": 1}, "Xe"),
        ((*REACTION, "equation"), "CH4 + 2 O2 <=> CO2 + 2 H2O", "irreversible"),
        ((*REACTION, "equation"), "CH4 + 2 O2 => CO2 + 2 CO", "'CO'"),
        ((*REACTION, "equation"), "CH4 + O2 => CO2 + 2 H2O", "balance"),
        ((*REACTION, "type"), "falloff", "type"),
        ((*REACTION, "rate-constant", "A"), "1e10 cm^3/mol/s", "units inside"),
        (("units",), {"activation-energy": "eV"}, "eV"),
    ],
)
def test_what_is_not_supported_is_refused(path, value, says):
    with pytest.raises(ValueError, match=says):
        gas_of(changed(path, value))


def test_units_do_not_change_a_rate():
    """A in (cm^3/mol)^0.5/s and cal/mol, or in (m^3/kmol)^0.5/s and K."""
    content = changed(("units",), {"length": "m", "quantity": "kmol", "activation-energy": "K"})
    calorie = 4.184 / 8.31446261815324
    content["reactions"][0]["rate-constant"] = {"A": 1.1e10 * 1e-3 * 1e3**0.5, "b": 0, "Ea": 2e4 * calorie}
    for key in ("pre_exponential", "activation_energy"):
        np.testing.assert_allclose(getattr(gas_of(content).kinetics, key), getattr(GAS.kinetics, key), rtol=1e-12)


def test_mechanism_files_are_found_and_nothing_in_them_is_run(tmp_path):
    with pytest.raises(ValueError, match="methane_one_step"):
        read_mechanism("hydrogen")
    path = tmp_path / "bad.yaml"
    path.write_text("!!python/object/apply:os.system ['true']")
    with pytest.raises(ValueError, match="not readable"):
        read_mechanism(path)
    path.write_text(
        (SHIPPED / "methane_one_step.yaml").read_text().replace("N2", "NO").replace("{N: 2}", "{N: 1, O: 1}")
    )
    assert read_mechanism(path).names[-1] == "NO"


@pytest.mark.external
def test_the_published_mechanism_is_the_same(external_data):
    other = read_mechanism(external_data / "flamepinn" / "1S_CH4_MP1.yaml")
    order = [other.names.index(name) for name in GAS.names]
    np.testing.assert_allclose(
        other.thermodynamics.enthalpy(1700.0)[jnp.asarray(order)], GAS.thermodynamics.enthalpy(1700.0)
    )
    y = GAS.mass_fractions(MOLES)
    permuted = jnp.zeros(5).at[jnp.asarray(order)].set(y)
    assert float(other.conductivity(800.0, permuted)) == pytest.approx(float(GAS.conductivity(800.0, y)), rel=1e-12)
    assert other.kinetics.pre_exponential[0] == pytest.approx(GAS.kinetics.pre_exponential[0], rel=1e-12)
