"""The pictures of a run, all of them, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import jax
import numpy as np

from neuralpde.data import Dataset
from neuralpde.spaces import Field, Grid, Sample

from ..evaluate import REFUSALS, Operator, fields_of, per_sample_errors, predict
from ..history import Record
from ..metrics import RELATIVE_L2, is_uniform_grid
from ..resolution import ResolutionRow
from ..spectrum import energy_spectrum
from .curves import error_histogram, learning_curve, resolution_plot, spectrum_plot
from .drawing import pick
from .fields import field_panel, ranked_panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def operator_figures(
    operator: Operator,
    dataset: Dataset,
    *,
    batch_size: int = 16,
    records: Sequence[Record] = (),
    resolution: Sequence[ResolutionRow] = (),
    units: Mapping[str, str] | None = None,
) -> dict[str, Figure]:
    """Every picture that applies, by the name of its file in ``plots/``.

    ``samples`` (best, median and worst of the first test set), ``components`` (where there are several: all
    of the median sample), ``error_histogram`` (all test sets that the operator takes), ``energy_spectrum``
    (on uniform grids), ``error_vs_resolution`` (from `resolution_table`, where it has two rows or more) and
    ``learning_curve`` (from `read_metrics`). ``units`` maps names of coordinates and components to units.
    """
    figures = {}
    if dataset.test:
        first = next(iter(dataset.test.values()))
        errors = _errors_of_all(operator, dataset, batch_size)
        figures |= _prediction_figures(first, predict(operator, first, batch_size), next(iter(errors.values())), units)
        figures["error_histogram"] = error_histogram(errors)
    if len(resolution) > 1:
        figures["error_vs_resolution"] = resolution_plot(resolution)
    if records:
        figures["learning_curve"] = learning_curve(records)
    return figures


def _prediction_figures(
    samples: Sample, prediction: Field, errors: np.ndarray, units: Mapping[str, str] | None
) -> dict[str, Figure]:
    """Pictures of the fields of one test set, and their spectra."""
    inputs, truth = fields_of(samples)
    figures = {}
    if _drawable(inputs) and _drawable(truth):
        figures["samples"] = ranked_panel(inputs, truth, prediction, errors, units=units)
        if truth.space.channels > 1:
            median = int(np.argsort(errors)[(len(errors) - 1) // 2])
            fields = [pick(field, median) for field in (inputs, truth, prediction)]
            figures["components"] = field_panel(*fields, title="All components, median sample", units=units)
    if is_uniform_grid(truth.on):
        figures["energy_spectrum"] = _spectra(truth, prediction, units)
    return figures


def _errors_of_all(operator: Operator, dataset: Dataset, batch_size: int) -> dict[str, np.ndarray]:
    """Relative L2 of each sample; test sets after the first whose grid the operator refuses are left out."""
    errors = {}
    for label, samples in dataset.test.items():
        try:
            errors[label] = per_sample_errors(operator, samples, batch_size, [RELATIVE_L2])["relative_l2"]
        except REFUSALS:
            if not errors:
                raise
    return errors


def _drawable(field: Field) -> bool:
    """Pictures exist of grids in one to three dimensions and of points in one or two."""
    return field.space.dim <= (3 if isinstance(field.on, Grid) else 2)


def _spectra(truth: Field, prediction: Field, units: Mapping[str, str] | None) -> Figure:
    error = jax.tree.map(lambda p, t: np.asarray(p) - np.asarray(t), prediction, truth)
    unit = (units or {}).get(truth.space.domain.names[0], "")
    return spectrum_plot(energy_spectrum(truth), energy_spectrum(prediction), energy_spectrum(error), unit=unit)
