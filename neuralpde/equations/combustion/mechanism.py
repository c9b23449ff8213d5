"""Mechanism files: the YAML layout of Cantera, as far as global reactions of ideal gases need it.

Read are NASA7 thermodynamics, the transport data of gases, and Arrhenius reactions: irreversible ones, with orders where
they are given, and reversible ones by the law of mass action. What a file says beyond that is refused, not left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from neuralpde.errors import ArgumentError

from .gas import GasMixture
from .kinetics import Equilibrium, GlobalKinetics
from .thermodynamics import GAS_CONSTANT, Nasa7
from .transport import FREEDOMS, KineticTheory

ATOMIC_MASS = {"H": 1.008, "He": 4.002602, "C": 12.011, "N": 14.007, "O": 15.999, "Ar": 39.95}
"""g/mol."""
LENGTH = {"m": 1.0, "cm": 1e-2, "mm": 1e-3}
QUANTITY = {"mol": 1.0, "kmol": 1e3}
ENERGY = {"cal": 4.184, "kcal": 4184.0, "J": 1.0, "kJ": 1e3}
SHIPPED = Path(__file__).parent / "mechanisms"


def read_mechanism(path: str | Path) -> GasMixture:
    """The gas of a mechanism file; a bare name such as ``methane_one_step`` is one that comes with the package.

    Raises ``ValueError`` for a file that is missing or no mechanism, and for what is not supported: more than one phase,
    other gases than ideal ones, polynomials other than NASA7, three-body and pressure-dependent reactions.
    """
    path = Path(path)
    if path.suffix == "" and not path.exists():
        path = SHIPPED / f"{path.name}.yaml"
    if not path.is_file():
        raise ArgumentError(
            f"There is no mechanism file {path}; with the package come "
            f"{', '.join(sorted(p.stem for p in SHIPPED.glob('*.yaml')))}."
        )
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        raise ArgumentError(f"{path.name} is not readable as YAML: {error}") from None
    return gas_of(content, path.name)


def gas_of(content: Any, source: str = "the mechanism") -> GasMixture:
    """The gas of what a mechanism file holds; see `read_mechanism`."""
    if not isinstance(content, Mapping) or not {"phases", "species", "reactions"} <= content.keys():
        raise ArgumentError(f"{source} is no mechanism: it has to have phases, species and reactions.")
    if len(content["phases"]) != 1 or content["phases"][0].get("thermo") != "ideal-gas":
        raise ArgumentError(f"{source} has to have one phase, with thermo: ideal-gas.")
    known = {species["name"]: species for species in content["species"]}
    names = tuple(content["phases"][0].get("species", known))
    missing = [name for name in names if name not in known]
    if missing:
        raise ArgumentError(f"{source} tells nothing about the species {', '.join(map(str, missing))}.")
    species = [known[name] for name in names]
    elements = tuple(sorted({element for one in species for element in one["composition"]}))
    unknown = [element for element in elements if element not in ATOMIC_MASS]
    if unknown:
        raise ArgumentError(
            f"{source}: atomic masses are known of {', '.join(ATOMIC_MASS)}, not of {', '.join(unknown)}."
        )
    composition = np.asarray([[float(one["composition"].get(e, 0)) for e in elements] for one in species])
    molar_mass = composition @ [1e-3 * ATOMIC_MASS[e] for e in elements]
    thermodynamics = _thermodynamics(species, source)
    return GasMixture(
        names,
        elements,
        composition,
        molar_mass,
        thermodynamics,
        _kinetics(content, names, composition, thermodynamics, source),
        _transport(species, molar_mass, source),
    )


class _Loader(yaml.SafeLoader):
    """Safe, and without the words of YAML 1.1 for true and false: NO is nitric oxide."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _thermodynamics(species: list[Mapping[str, Any]], source: str) -> Nasa7:
    low, high, middle = [], [], []
    for one in species:
        thermo = one.get("thermo", {})
        ranges, data = thermo.get("temperature-ranges", ()), thermo.get("data", ())
        if thermo.get("model") != "NASA7" or len(ranges) != 3 or [len(a) for a in data] != [7, 7]:
            raise ArgumentError(
                f"{source}: the thermo of {one['name']} has to be NASA7 with two temperature ranges and twice seven numbers."
            )
        low.append(data[0])
        high.append(data[1])
        middle.append(ranges[1])
    return Nasa7(*(np.asarray(part, float) for part in (low, high, middle)))


def _transport(species: list[Mapping[str, Any]], molar_mass: np.ndarray, source: str) -> KineticTheory:
    columns = []
    for one in species:
        data = one.get("transport", {})
        if data.get("model") != "gas" or data.get("geometry") not in FREEDOMS:
            raise ArgumentError(
                f"{source}: the transport of {one['name']} has to be that of a gas whose geometry is one of "
                f"{', '.join(FREEDOMS)}."
            )
        numbers = [float(data[key]) for key in ("well-depth", "diameter")]
        numbers += [float(data.get(key, 0.0)) for key in ("dipole", "polarizability")]
        columns.append([*numbers, FREEDOMS[data["geometry"]], float(data.get("rotational-relaxation", 0.0))])
    return KineticTheory(molar_mass, *np.asarray(columns).T)


def _kinetics(
    content: Mapping[str, Any], names: tuple[str, ...], composition: np.ndarray, thermodynamics: Nasa7, source: str
) -> GlobalKinetics:
    length, quantity, energy = _units(content.get("units", {}), source)
    constants, orders, net, reversible = [], [], [], []
    for reaction in content["reactions"]:
        equation = str(reaction["equation"])
        extra = reaction.keys() - {"equation", "rate-constant", "orders", "note", "nonreactant-orders"}
        if extra:
            raise ArgumentError(f"{source}: {', '.join(sorted(extra))} of the reaction {equation!r} is not supported.")
        taken, made, runs_back = _sides(equation, names, source)
        if runs_back and "orders" in reaction:
            raise ArgumentError(f"{source}: orders are for irreversible reactions alone; {equation!r} is reversible.")
        if np.any((made - taken) @ composition):
            raise ArgumentError(f"{source}: the reaction {equation!r} does not balance its atoms.")
        powers = taken.copy()
        for name, order in reaction.get("orders", {}).items():
            powers[_place(name, names, equation, source)] = order
        rate = reaction["rate-constant"]
        if any(isinstance(rate[key], str) and not _NUMBER.fullmatch(rate[key]) for key in ("A", "b", "Ea")):
            raise ArgumentError(f"{source}: units inside the rate constant of {equation!r} are not supported.")
        unit = (quantity / length**3) ** (1 - powers.sum())
        constants.append([float(rate["A"]) * unit, float(rate["b"]), float(rate["Ea"]) * energy])
        orders.append(powers)
        net.append(made - taken)
        reversible.append(runs_back)
    net = np.asarray(net)
    law = Equilibrium(thermodynamics, net, np.asarray(reversible)) if any(reversible) else None
    return GlobalKinetics(*np.asarray(constants).T, np.asarray(orders), net, law)


_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def _units(units: Mapping[str, str], source: str) -> tuple[float, float, float]:
    """A unit of length in m, one of quantity in mol, and one of activation energies in J/mol."""
    length, quantity = str(units.get("length", "m")), str(units.get("quantity", "kmol"))
    energy = str(units.get("activation-energy", "J/kmol"))
    if length not in LENGTH or quantity not in QUANTITY or units.get("time", "s") != "s":
        raise ArgumentError(
            f"{source}: lengths are in {', '.join(LENGTH)}, quantities in {', '.join(QUANTITY)}, times in s."
        )
    if energy == "K":
        return LENGTH[length], QUANTITY[quantity], GAS_CONSTANT
    heat, _, amount = energy.partition("/")
    if heat not in ENERGY or amount not in QUANTITY:
        raise ArgumentError(
            f"{source}: activation energies are in K, or in cal/mol, J/kmol and the like; got {energy!r}."
        )
    return LENGTH[length], QUANTITY[quantity], ENERGY[heat] / QUANTITY[amount]


def _sides(equation: str, names: tuple[str, ...], source: str) -> tuple[np.ndarray, np.ndarray, bool]:
    """Molecules on both sides of ``A + 2 B => C``, and whether the reaction runs backward too, as in ``A <=> B``."""
    reversible = "<=>" in equation
    sides = equation.split("<=>" if reversible else "=>")
    if len(sides) != 2 or "(+" in equation or {"<", "=", ">"} & set("".join(sides)):
        raise ArgumentError(f"{source}: reactions are like 'A + 2 B => C' or 'A <=> B'; got {equation!r}.")
    counts = np.zeros((2, len(names)))
    for side, count in zip(sides, counts, strict=True):
        for part in side.split(" + "):
            *number, name = part.split()
            count[_place(name, names, equation, source)] += float(number[0]) if number else 1.0
    return counts[0], counts[1], reversible


def _place(name: str, names: tuple[str, ...], equation: str, source: str) -> int:
    if name not in names:
        raise ArgumentError(
            f"{source}: the reaction {equation!r} speaks of {name!r}, the gas is of {', '.join(names)}."
        )
    return names.index(name)
