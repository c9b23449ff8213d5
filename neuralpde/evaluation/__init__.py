"""How good an operator is: metrics, resolution studies, pictures, and the report of a run."""

from .benchmark import BenchmarkRun, benchmark_table, rich_table
from .community import (
    apebench_nrmse,
    correlation_time,
    fno_block_error,
    pdearena_summed_mse,
    pearson_correlation,
    sinenet_scaled_l2,
    well_nrmse,
    well_vrmse,
)
from .community_pdebench import pdebench_metrics
from .conformal import BandCoverage, ConformalBand, band_coverage, band_scores, calibrate, conformal_quantile
from .ensembles import predict_spread
from .evaluate import evaluate_operator, per_sample_errors, predict, samples_per_second
from .files import write_atomically
from .history import read_metrics, series
from .metrics import METRICS, Metric, SampleError
from .plots import (
    band_figure,
    comparison_plot,
    error_histogram,
    field_panel,
    learning_curve,
    loss_terms,
    operator_figures,
    ranked_panel,
    residual_map,
    resolution_plot,
    rollout_figures,
    samples_figure,
    save_figures,
    save_film,
    solution_figure,
    solution_figures,
    spectrum_plot,
    term_weights,
    unknown_curves,
)
from .report import write_report
from .resolution import ResolutionRow, resolution_results, resolution_table, rich_resolution_table
from .result_tables import ResultTable
from .results import ResultFigure, ResultRecord, read_record, read_records, render_markdown, write_record
from .rollout import Rollouts, evaluate_rollout, make_rollouts, rich_rollout_table
from .spectrum import Spectrum, energy_spectrum

__all__ = [
    "METRICS",
    "BandCoverage",
    "BenchmarkRun",
    "ConformalBand",
    "Metric",
    "ResolutionRow",
    "ResultFigure",
    "ResultRecord",
    "ResultTable",
    "Rollouts",
    "SampleError",
    "Spectrum",
    "apebench_nrmse",
    "band_coverage",
    "band_figure",
    "band_scores",
    "benchmark_table",
    "calibrate",
    "comparison_plot",
    "conformal_quantile",
    "correlation_time",
    "energy_spectrum",
    "error_histogram",
    "evaluate_operator",
    "evaluate_rollout",
    "field_panel",
    "fno_block_error",
    "learning_curve",
    "loss_terms",
    "make_rollouts",
    "operator_figures",
    "pdearena_summed_mse",
    "pdebench_metrics",
    "pearson_correlation",
    "per_sample_errors",
    "predict",
    "predict_spread",
    "ranked_panel",
    "read_metrics",
    "read_record",
    "read_records",
    "render_markdown",
    "residual_map",
    "resolution_plot",
    "resolution_results",
    "resolution_table",
    "rich_resolution_table",
    "rich_rollout_table",
    "rich_table",
    "rollout_figures",
    "samples_figure",
    "samples_per_second",
    "save_figures",
    "save_film",
    "series",
    "sinenet_scaled_l2",
    "solution_figure",
    "solution_figures",
    "spectrum_plot",
    "term_weights",
    "unknown_curves",
    "well_nrmse",
    "well_vrmse",
    "write_atomically",
    "write_record",
    "write_report",
]
