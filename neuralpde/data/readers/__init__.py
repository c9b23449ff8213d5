"""Readers of the public file formats of the field, without conversion.

A layout is found from the keys of a file, its grid from the coordinates, and samples are read when they are asked
for. Every room understands one layout (`pdebench`, `pdearena`, `well`, `fno_mat`, `deepxde`, `comsol`); all of them
give a source of samples and, with the splits of the benchmark, a `Dataset`.
"""

from .comsol import comsol, comsol_source, comsol_units, read_comsol
from .deepxde import deepxde_npz, read_deepxde
from .detection import SCHEMAS, detect, open_foreign, read_foreign
from .fno_mat import fno_mat, open_fno_mat
from .foreign import ForeignSource
from .pdearena import open_pdearena, pdearena
from .pdebench import open_pdebench, pdebench
from .well import open_well, the_well
from .well_statistics import well_normalizer

__all__ = [
    "SCHEMAS",
    "ForeignSource",
    "comsol",
    "comsol_source",
    "comsol_units",
    "deepxde_npz",
    "detect",
    "fno_mat",
    "open_fno_mat",
    "open_foreign",
    "open_pdearena",
    "open_pdebench",
    "open_well",
    "pdearena",
    "pdebench",
    "read_comsol",
    "read_deepxde",
    "read_foreign",
    "the_well",
    "well_normalizer",
]
