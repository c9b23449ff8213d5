"""Pictures, as functions that return matplotlib Figures; nothing here opens a window."""

from .bands import band_figure
from .comparison import comparison_plot
from .cost import cost_curve
from .curves import error_histogram, learning_curve, resolution_plot, spectrum_plot
from .fields import field_panel, ranked_panel
from .film import save_film
from .gallery import operator_figures
from .residual import residual_map
from .rollout import rollout_figures
from .samples import samples_figure
from .series import class_figure, confusion_figure, forecast_figure, series_figure
from .solution import solution_figure
from .solution_gallery import solution_figures
from .style import save_figures
from .terms import loss_terms, term_weights, unknown_curves
from .unknown_functions import hidden_figure, unknown_functions
from .vector_fields import phase_portrait, vector_fields_figure

__all__ = [
    "band_figure",
    "class_figure",
    "comparison_plot",
    "confusion_figure",
    "cost_curve",
    "error_histogram",
    "field_panel",
    "forecast_figure",
    "hidden_figure",
    "learning_curve",
    "loss_terms",
    "operator_figures",
    "phase_portrait",
    "ranked_panel",
    "residual_map",
    "resolution_plot",
    "rollout_figures",
    "samples_figure",
    "save_figures",
    "save_film",
    "series_figure",
    "solution_figure",
    "solution_figures",
    "spectrum_plot",
    "term_weights",
    "unknown_curves",
    "unknown_functions",
    "vector_fields_figure",
]
