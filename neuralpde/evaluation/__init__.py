"""How good an operator is: metrics, resolution studies, pictures, and the report of a run."""

from .evaluate import evaluate_operator, per_sample_errors, predict, samples_per_second
from .files import write_atomically
from .history import read_metrics, series
from .metrics import METRICS, Metric, SampleError
from .plots import (
    error_histogram,
    field_panel,
    learning_curve,
    operator_figures,
    ranked_panel,
    resolution_plot,
    save_figures,
    spectrum_plot,
)
from .report import write_report
from .resolution import ResolutionRow, resolution_results, resolution_table, rich_resolution_table
from .results import ResultFigure, ResultRecord, read_record, read_records, render_markdown, write_record
from .spectrum import Spectrum, energy_spectrum

__all__ = [
    "METRICS",
    "Metric",
    "ResolutionRow",
    "ResultFigure",
    "ResultRecord",
    "SampleError",
    "Spectrum",
    "energy_spectrum",
    "error_histogram",
    "evaluate_operator",
    "field_panel",
    "learning_curve",
    "operator_figures",
    "per_sample_errors",
    "predict",
    "ranked_panel",
    "read_metrics",
    "read_record",
    "read_records",
    "render_markdown",
    "resolution_plot",
    "resolution_results",
    "resolution_table",
    "rich_resolution_table",
    "samples_per_second",
    "save_figures",
    "series",
    "spectrum_plot",
    "write_atomically",
    "write_record",
    "write_report",
]
